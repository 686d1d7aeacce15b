"""One event loop in a thread for the whole session: database, voice and fakes live there while tests are plain."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

T = TypeVar("T")


class BackgroundLoop:
    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="test background")
        self._entered: list[AbstractAsyncContextManager[Any]] = []

    def __enter__(self) -> BackgroundLoop:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        for context in reversed(self._entered):
            self.run(context.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T], timeout_s: float = 60.0) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout_s)

    def enter(self, context: AbstractAsyncContextManager[T]) -> T:
        """Opened now, closed at the end of the session."""
        opened = self.run(context.__aenter__())
        self._entered.append(context)
        return opened

    def leave(self, context: AbstractAsyncContextManager[Any]) -> None:
        """Closed now."""
        self._entered.remove(context)
        self.run(context.__aexit__(None, None, None))
