"""A CRM that takes every event at once and counts them."""

from __future__ import annotations

import asyncio
from typing import Final

_HEADER_END: Final = b"\r\n\r\n"
_TAKEN: Final = b"HTTP/1.1 204 No Content\r\n\r\n"


class WebhookSink:
    """Use `start` and `close`. `received` counts requests, repetitions included."""

    def __init__(self) -> None:
        self.received = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> str:
        """Returns its URL."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Receiving(self), "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}/webhook"

    async def until(self, count: int, timeout_s: float) -> bool:
        """Whether so many came in time."""
        for _ in range(int(timeout_s * 10)):
            if self.received >= count:
                return True
            await asyncio.sleep(0.1)
        return self.received >= count

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()


class _Receiving(asyncio.Protocol):
    def __init__(self, sink: WebhookSink) -> None:
        self._sink = sink
        self._pieces = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._pieces += data
        while (end := self._pieces.find(_HEADER_END)) >= 0:
            whole = end + len(_HEADER_END) + _content_length(bytes(self._pieces[:end]))
            if len(self._pieces) < whole:
                return
            del self._pieces[:whole]
            self._sink.received += 1
            if self._transport is not None:
                self._transport.write(_TAKEN)


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0
