"""uvicorn's HTTP parser with what it lacks: a deadline and a size for the head of a request.

Without them a client that opens connections and never finishes a header (slow loris) holds them for ever, and one
that never stops sending headers fills the memory.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD_BYTES: Final = 64 * 1024
HEAD_TIMEOUT_S: Final = 30.0


class GuardedHttpProtocol(HttpToolsProtocol):
    """One connection. Instances are made by uvicorn; `head_timeout_s` is set on a subclass by `guarded`."""

    head_timeout_s = HEAD_TIMEOUT_S

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head_bytes = 0
        self._head_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_expecting()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes = 0
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head_deadline is None:
            if self.cycle is not None and not self.cycle.response_complete:
                return
            # Neither a request nor the beginning of one: what is left of a refused body, or empty lines.
            self._expect_head()
        self._head_bytes += len(data)
        if self._head_bytes > MAX_HEAD_BYTES:
            self.transport.close()

    def on_headers_complete(self) -> None:
        self._stop_expecting()
        super().on_headers_complete()

    def _expect_head(self) -> None:
        self._stop_expecting()
        self._head_deadline = self.loop.call_later(self.head_timeout_s, self.transport.close)

    def _stop_expecting(self) -> None:
        if self._head_deadline is not None:
            self._head_deadline.cancel()
            self._head_deadline = None


def guarded(head_timeout_s: float) -> type[GuardedHttpProtocol]:
    """The protocol with a deadline of one's own."""
    return type("GuardedHttpProtocol", (GuardedHttpProtocol,), {"head_timeout_s": head_timeout_s})
