"""Timers of one call: when the session is told that an answer takes its time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from realtime_bridge.providers.cascade_attempt import Attempt
from realtime_bridge.providers.cascade_events import EventQueue
from realtime_bridge.providers.cascade_parts import CascadeOptions
from realtime_bridge.providers.seam import Waiting


class Waits:
    def __init__(self, queue: EventQueue, options: CascadeOptions) -> None:
        self._queue = queue
        self._options = options
        self._timers: set[asyncio.TimerHandle] = set()

    def watch(self, attempt: Attempt) -> None:
        """Tells as long as nothing of this answer is there to be heard."""
        self.later(self._options.waiting_after_ms, lambda: self._if_slow(attempt))

    def tool_runs(self, attempt: Attempt) -> None:
        """A tool takes its time: also in the middle of a reply."""
        self._queue.put(Waiting(attempt.slow_at))

    def later(self, after_ms: int, do: Callable[[], None]) -> None:
        def ring() -> None:
            self._timers.discard(timer)
            do()

        timer = asyncio.get_running_loop().call_later(after_ms / 1000, ring)
        self._timers.add(timer)

    def close(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def _if_slow(self, attempt: Attempt) -> None:
        if attempt.over or attempt.ready:
            return
        self._queue.put(Waiting(attempt.slow_at))
        self.later(self._options.waiting_again_ms, lambda: self._if_slow(attempt))
