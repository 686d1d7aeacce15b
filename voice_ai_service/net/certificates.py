"""The certificates that vendors' servers are checked against: read once for the process."""

from __future__ import annotations

import ssl
from threading import Lock

import httpx

_reading = Lock()
_read: list[ssl.SSLContext] = []


def trusted() -> ssl.SSLContext:
    """Shared by all connections; nobody changes it. Call it in a thread: the first time takes some tens of ms.

    Each address with a context of its own kept a hundred domains' first requests waiting for seconds, and the event
    loop for 50 ms, since all of them are read under one interpreter lock.
    """
    with _reading:
        if not _read:
            _read.append(httpx.create_ssl_context())
        return _read[0]
