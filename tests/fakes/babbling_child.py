"""`python -m tests.fakes.babbling_child`: a speech worker that answers anything with what is no frame."""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    while os.read(0, 1000):
        sys.stdout.buffer.write(b"\xff" * 64)
        sys.stdout.flush()
