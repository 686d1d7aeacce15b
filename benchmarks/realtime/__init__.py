"""Calls through the bridge, measured from the caller's side, beside a peer in the same run where one is given."""
