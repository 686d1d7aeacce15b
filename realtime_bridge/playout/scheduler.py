"""Timers as a seam: an event loop has them, tests have a loop whose time jumps."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from typing import Final, Protocol

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


class LoopScheduler:
    """The running loop with a clock of full resolution: uvloop's own is the start of its pass, in whole ms."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.time = time.monotonic

    def call_at(self, when: float, callback: Callable[[], object], /) -> Timer:
        return self._loop.call_later(max(0.0, when - time.monotonic()), callback)


def next_cushion_s() -> float:
    """How early the next call's frames are sent, before the far end needs them.

    Our lateness up to this is never heard. Each call has its own, so that calls that begin to speak in the same
    moment, however many, do not tick in the same moments.
    """
    return _LEAST_CUSHION_S + (next(_places) * _GOLDEN % 1.0) * (_MOST_CUSHION_S - _LEAST_CUSHION_S)
