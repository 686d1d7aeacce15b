"""Timers as a seam: an event loop has them, tests have a loop whose time jumps."""

from __future__ import annotations

import asyncio
import itertools
import math
import time
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

_SLOTS_PER_S: Final = 250
"""A wake-up of the loop costs more than a tick: ticks that fall into the same 4 ms share one."""
_LEAST_CUSHION_S: Final = 0.015
_MOST_CUSHION_S: Final = 0.030
_GOLDEN: Final = 0.6180339887498949
_places = itertools.count()


class Timer(Protocol):
    def cancel(self) -> None: ...


class Scheduler(Protocol):
    """An asyncio event loop is one."""

    def time(self) -> float:
        """Monotonic seconds."""
        ...

    def call_at(self, when: float, callback: Callable[[], object], /) -> Timer: ...


class _Due:
    __slots__ = ("_callback",)

    def __init__(self, callback: Callable[[], object]) -> None:
        self._callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        self._callback = None

    def run(self) -> None:
        if self._callback is not None:
            self._callback()


class LoopScheduler:
    """One for all calls of a process: those whose time comes within the same 4 ms share one wake-up.

    Its clock is finer than uvloop's own, which is the start of the loop's pass in whole milliseconds.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._due: dict[int, deque[_Due]] = {}
        self.time = time.monotonic

    def call_at(self, when: float, callback: Callable[[], object], /) -> Timer:
        due = _Due(callback)
        slot = math.ceil(when * _SLOTS_PER_S)
        waiting = self._due.get(slot)
        if waiting is None:
            waiting = self._due[slot] = deque()
            self._loop.call_later(max(0.0, slot / _SLOTS_PER_S - time.monotonic()), self._fire, slot)
        waiting.append(due)
        return due

    def _fire(self, slot: int) -> None:
        self._run(self._due.pop(slot))

    def _run(self, waiting: deque[_Due]) -> None:
        try:
            while waiting:
                waiting.popleft().run()
        finally:
            if waiting:  # one failed: the loop reports it, the other calls go on
                self._loop.call_soon(self._run, waiting)


def next_cushion_s() -> float:
    """How early the next call's frames are sent, before the far end needs them.

    Our lateness up to this is never heard. Each call has its own, so that calls that begin to speak in the same
    moment, however many, do not tick in the same moments.
    """
    return _LEAST_CUSHION_S + (next(_places) * _GOLDEN % 1.0) * (_MOST_CUSHION_S - _LEAST_CUSHION_S)
