"""How long a stream may keep its reader waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TypeVar

from voice_ai_service.errors import ProviderTimeout

T = TypeVar("T")


class Patience:
    """Limits on the waiting for one stream: for its first piece, between pieces, and for all of them
    together.

    Only waiting for the provider counts. The time in which the reader does something else does not, and
    neither does the time between `pause` and `resume`, when the provider has nothing to work on because its
    input is late.
    """

    def __init__(self, provider: str, *, first_s: float, stall_s: float, total_s: float) -> None:
        self._provider = provider
        self._piece_s = first_s
        self._stall_s = stall_s
        self._left_s = total_s
        self._timer: asyncio.Timeout | None = None
        self._running_since: float | None = None
        self._pauses = 0

    async def next(self, items: AsyncIterator[T]) -> T:
        """The next item. Raises ProviderTimeout, StopAsyncIteration at the end, and what `items` raises."""
        if self._left_s <= 0:
            raise self._too_long()
        self._piece_s = min(self._piece_s, self._left_s)
        try:
            async with asyncio.timeout(None) as self._timer:
                self._run()
                try:
                    item = await anext(items)
                finally:
                    self._stop()
                    self._timer = None
        except TimeoutError as error:
            raise self._too_long() from error
        self._piece_s = self._stall_s
        return item

    def pause(self) -> None:
        """The provider waits for us."""
        self._pauses += 1
        self._stop()

    def resume(self) -> None:
        """The provider has work again."""
        self._pauses -= 1
        self._run()

    def _run(self) -> None:
        if self._timer is None or self._pauses or self._running_since is not None or self._timer.expired():
            return
        self._running_since = asyncio.get_running_loop().time()
        self._timer.reschedule(self._running_since + self._piece_s)

    def _stop(self) -> None:
        if self._timer is None or self._running_since is None:
            return
        spent_s = asyncio.get_running_loop().time() - self._running_since
        self._running_since = None
        self._piece_s -= spent_s
        self._left_s -= spent_s
        if not self._timer.expired():
            self._timer.reschedule(None)

    def _too_long(self) -> ProviderTimeout:
        return ProviderTimeout(f"The provider {self._provider} took too long.", provider=self._provider)
