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
        self._waiting: asyncio.Task[object] | None = None
        self._running_since: float | None = None
        self._pauses = 0
        self._loop = asyncio.get_running_loop()
        # One timer for many pieces: it is not moved for each, and looks when it rings whether it is time.
        self._timer: asyncio.TimerHandle | None = None
        self._expired = False

    async def next(self, items: AsyncIterator[T]) -> T:
        """The next item. Raises ProviderTimeout, StopAsyncIteration at the end, and what `items` raises."""
        if self._left_s <= 0:
            raise self._too_long()
        self._piece_s = min(self._piece_s, self._left_s)
        task = asyncio.current_task()
        assert task is not None  # this is a coroutine  # noqa: S101
        before = task.cancelling()
        self._waiting = task
        self._run()
        try:
            item = await anext(items)
        except BaseException as error:
            self._end_wait()
            self._drop_timer()
            if self._took_back(task, before) and isinstance(error, asyncio.CancelledError):
                raise self._too_long() from error
            raise
        self._end_wait()
        self._took_back(task, before)
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
        if self._waiting is None or self._pauses or self._running_since is not None or self._expired:
            return
        self._running_since = self._loop.time()
        until = self._running_since + self._piece_s
        if self._timer is None or self._timer.when() > until:
            self._drop_timer()
            self._timer = self._loop.call_at(until, self._ring)

    def _stop(self) -> None:
        if self._running_since is None:
            return
        spent_s = self._loop.time() - self._running_since
        self._running_since = None
        self._piece_s -= spent_s
        self._left_s -= spent_s

    def _ring(self) -> None:
        self._timer = None
        if self._waiting is None or self._running_since is None:
            return  # the next wait sets a timer of its own
        until = self._running_since + self._piece_s
        if until > self._loop.time():
            self._timer = self._loop.call_at(until, self._ring)
            return
        self._expired = True
        self._waiting.cancel()

    def _end_wait(self) -> None:
        self._stop()
        self._waiting = None

    def _drop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _took_back(self, task: asyncio.Task[object], before: int) -> bool:
        """Whether the cancellation was ours alone; it is undone, as `asyncio.timeout` does."""
        if not self._expired:
            return False
        self._expired = False
        return task.uncancel() <= before

    def _too_long(self) -> ProviderTimeout:
        return ProviderTimeout(f"The provider {self._provider} took too long.", provider=self._provider)
