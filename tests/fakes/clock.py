"""A clock that jumps: what sleeps ten minutes takes no time, and the order of waking is kept."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta

QUIET_PASSES = 4
"""Passes of the event loop without anything runnable before time jumps; more than one, so that a task that
was just woken can reach its own next `sleep`."""
LONGEST_SETTLING = 500
"""Passes after which `advance` goes on although somebody still runs: a busy loop must not hang a test."""


class VirtualClock:
    """Implements `voice_ai_service.clock.Clock`.

    With `auto` (the default) time jumps to the earliest sleeper as soon as no task can run, so concurrent
    sleepers wake in the order of their deadlines. A task that waits for a real socket, thread or process does
    not count as runnable: such tests pass `auto=False` and move time with `advance`.
    """

    def __init__(self, start: datetime | None = None, *, auto: bool = True) -> None:
        self._start = start or datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
        self._elapsed_s = 0.0
        self._auto = auto
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._watch: asyncio.Handle | None = None
        self._watch_loop: asyncio.AbstractEventLoop | None = None
        self._quiet = 0
        self.slept_s: list[float] = []
        """Every duration that was asked for, in order."""

    def monotonic(self) -> float:
        return 1000.0 + self._elapsed_s

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed_s)

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed_s + seconds, next(self._order), woken))
        if self._auto:
            self._watch_for_quiet()
        await woken

    def tick(self, seconds: float) -> None:
        """Let time pass for code that only reads the clock; wakes nobody by itself."""
        self._elapsed_s += seconds

    async def advance(self, seconds: float) -> None:
        """Move time, waking sleepers in order and letting what they do settle."""
        until = self._elapsed_s + seconds
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= until:
            self._wake_next()
            await self._settle()
        self._elapsed_s = max(self._elapsed_s, until)
        await self._settle()

    async def _settle(self) -> None:
        loop = asyncio.get_running_loop()
        quiet = 0
        for _ in range(LONGEST_SETTLING):
            await asyncio.sleep(0)
            quiet = 0 if len(getattr(loop, "_ready", ())) else quiet + 1
            if quiet >= QUIET_PASSES:
                return

    def _wake_next(self) -> None:
        deadline, _, woken = heapq.heappop(self._sleepers)
        if not woken.done():
            self._elapsed_s = max(self._elapsed_s, deadline)
            woken.set_result(None)

    def _watch_for_quiet(self) -> None:
        loop = asyncio.get_running_loop()
        if self._watch is not None and self._watch_loop is loop:
            return
        self._quiet, self._watch_loop = 0, loop
        self._watch = loop.call_soon(self._on_pass, loop)

    def _on_pass(self, loop: asyncio.AbstractEventLoop) -> None:
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        if not self._sleepers:
            self._watch = None
            return
        runnable = len(getattr(loop, "_ready", ()))
        self._quiet = 0 if runnable else self._quiet + 1
        if self._quiet >= QUIET_PASSES:
            self._quiet = 0
            self._wake_next()
        self._watch = loop.call_soon(self._on_pass, loop)
