"""What both sides said, as a stereo file: the caller left, the secretary right."""
