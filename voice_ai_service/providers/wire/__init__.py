"""What travels between us and vendors, whatever is said on it."""
