"""Documents as people upload them, read in a process of their own: kinds, readers, refusals."""
