"""When a connection is to be renewed: in a quiet moment before the vendor's limit, and at the last at any moment."""

from __future__ import annotations

from realtime_bridge.providers.brain_limits import BrainLimits
from voice_ai_service.clock import Clock

_NEVER = float("inf")


class Renewal:
    def __init__(self, clock: Clock, limits: BrainLimits) -> None:
        self._clock = clock
        self._limits = limits
        self._from = _NEVER
        self._by = _NEVER

    def begin(self, max_session_s: float | None) -> None:
        """A connection was opened. Short limits have shorter notice."""
        self._from = self._by = _NEVER
        if max_session_s is not None:
            now = self._clock.monotonic()
            self._from = now + max_session_s - min(self._limits.renew_before_s, max_session_s / 4)
            self._by = now + max_session_s - min(self._limits.force_before_s, max_session_s / 8)

    def wanted(self, within_s: float) -> None:
        """The vendor says that it goes."""
        now = self._clock.monotonic()
        self._from = min(self._from, now)
        self._by = min(self._by, now + max(0.0, within_s - self._limits.connects_s))

    def due(self, *, quiet: bool) -> bool:
        now = self._clock.monotonic()
        return now >= self._by or (quiet and now >= self._from)

    def failed(self) -> bool:
        """Whether there is time to try again."""
        now = self._clock.monotonic()
        self._from = now + self._limits.renew_again_s
        return now < self._by
