"""The party's sample clock, read from when its frames arrive. Pure.

Frames come 20 ms apart on the clock of whoever sends them, and arrive later than that by a delay that varies. The
least delay seen is the clock's; a frame's place is its number. When frames are missing for good (the PBX dropped
them, the stream was paused) all that follow are late by the same amount, which is how they are missed.
"""

from __future__ import annotations

import math
from typing import Final

from voice_ai_service.audio.formats import PTIME_MS

_PTIME_S: Final = PTIME_MS / 1000
_MISSED_S: Final = 2 * _PTIME_S - 0.001
"""Less than two frames may be the clocks' drift."""
_STALL_S: Final = 3 * _PTIME_S
_AFTER_STALL: Final = 10
"""So many frames of an ordinary pace after a stall, and what did not come by then counts as missing."""
_CATCHING_UP_S: Final = 0.005
"""A frame so much less late than any before it is part of a burst: more may come."""
_WINDOW: Final = 50


class SampleClock:
    """
    Attributes:
        at: When the last sample of the newest frame was taken, in the seconds that `arrived` is told.
    """

    def __init__(self) -> None:
        self.at = 0.0
        self._started = False
        self._arrived = 0.0
        self._window_left = _WINDOW
        self._least = math.inf

    def arrived(self, now: float) -> int:
        """A frame came. Returns how many are missing before it, usually none."""
        if not self._started:
            self._started = True
            self.at = self._arrived = now
            return 0
        if now - self._arrived > _STALL_S:
            self._window_left, self._least = _AFTER_STALL, math.inf
        self._arrived = now
        self.at += _PTIME_S
        late = now - self.at
        if late < 0:
            self.at, late = now, 0.0
        if late < self._least - _CATCHING_UP_S:
            self._window_left = max(self._window_left, _AFTER_STALL)
        self._least = min(self._least, late)
        self._window_left -= 1
        return self._missing() if self._window_left <= 0 else 0

    def missing_at(self, now: float) -> int:
        """How many frames are missing if nothing comes any more; for the end of a call."""
        return max(0, int((now - self.at) / _PTIME_S)) if self._started else 0

    def _missing(self) -> int:
        least, self._least, self._window_left = self._least, math.inf, _WINDOW
        if least < _MISSED_S:
            return 0
        missing = int(least / _PTIME_S + 1e-6)
        self.at += missing * _PTIME_S
        return missing
