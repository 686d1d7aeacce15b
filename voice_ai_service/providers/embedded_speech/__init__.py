"""The embedded speech engines. Each runs in child processes of its own; see `worker.py` for why and how."""
