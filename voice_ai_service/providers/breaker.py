"""A circuit breaker: stops asking a provider that keeps failing, and tries it again after a while. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from voice_ai_service.clock import Clock

_REMEMBERED: Final = 64
"""Outcomes kept; at higher rates the window is shorter than `window_s`, which only makes it quicker."""


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """
    Attributes:
        failures: So many within `window_s`, and at least half of all calls in it, open the circuit.
        window_s: How far back failures count.
        open_s: How long nobody asks after it opened; doubles with every failed trial.
        max_open_s: The longest such rest.
    """

    failures: int = 3
    window_s: float = 30.0
    open_s: float = 10.0
    max_open_s: float = 120.0


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    """The rest is over: one request may try, the others go on to the next provider."""


class Admission(StrEnum):
    """Leave to ask the provider once; handed back with how it ended."""

    ORDINARY = "ordinary"
    TRIAL = "trial"


class Breaker:
    """One per provider instance. Every admission is handed back exactly once.

    Attributes:
        on_rest: Called when it opens, and when somebody is turned away. Set: trials are only `try_again`'s, which
            somebody makes beside the calls; None: the first caller after the rest is the trial.
    """

    def __init__(self, clock: Clock, policy: BreakerPolicy) -> None:
        self._clock = clock
        self._policy = policy
        self._outcomes: deque[tuple[float, bool]] = deque(maxlen=max(_REMEMBERED, 2 * policy.failures))
        self._open_until: float | None = None
        self._rest_s = policy.open_s
        self._trial_running = False
        self._wanted = False
        self.on_rest: Callable[[], None] | None = None

    @property
    def state(self) -> BreakerState:
        if self._open_until is None:
            return BreakerState.CLOSED
        if self._clock.monotonic() < self._open_until:
            return BreakerState.OPEN
        return BreakerState.HALF_OPEN

    @property
    def retry_after_s(self) -> float:
        """Seconds until somebody may ask; 0 when that is now."""
        if self._open_until is None:
            return 0.0
        return max(0.0, self._open_until - self._clock.monotonic())

    def enter(self) -> Admission | None:
        """Leave to ask now, or None. In half-open the first gets the only trial, if callers make trials."""
        if self.state is BreakerState.CLOSED:
            return Admission.ORDINARY
        if self.on_rest is None:
            return self.try_again()
        self._wanted = True
        self.on_rest()
        return None

    def try_again(self) -> Admission | None:
        """The only trial of a half-open circuit; None in every other state."""
        if self.state is not BreakerState.HALF_OPEN or self._trial_running:
            return None
        self._trial_running = True
        return Admission.TRIAL

    def wanted(self) -> bool:
        """Whether somebody was turned away since this was asked last."""
        wanted, self._wanted = self._wanted, False
        return wanted

    def succeeded(self, admission: Admission) -> None:
        """It answered as its contract says. A call older than the circuit's opening does not close it."""
        if admission is Admission.TRIAL:
            self._trial_running = False
            self._open_until = None
            self._rest_s = self._policy.open_s
            self._outcomes.clear()
        self._outcomes.append((self._clock.monotonic(), True))

    def failed(
        self, admission: Admission, retry_after_s: float | None = None, *, at_once: bool = False
    ) -> None:
        """It did not.

        Args:
            retry_after_s: The provider's own word on how long to stay away.
            at_once: It will do so again: the circuit opens at the first failure.
        """
        now = self._clock.monotonic()
        asked_s = min(retry_after_s or 0.0, self._policy.max_open_s)
        self._outcomes.append((now, False))
        if admission is Admission.TRIAL:
            self._trial_running = False
            self._rest_s = min(self._rest_s * 2, self._policy.max_open_s)
            self._rest(now + max(self._rest_s, asked_s))
        elif self.state is BreakerState.CLOSED and (at_once or self._failing(now)):
            self._rest(now + max(self._rest_s, asked_s))
        elif asked_s:
            self._rest(now + asked_s)

    def abandoned(self, admission: Admission) -> None:
        """Nobody waited for the answer: it says nothing about the provider."""
        if admission is Admission.TRIAL:
            self._trial_running = False

    def _failing(self, now: float) -> bool:
        recent = [ok for at, ok in self._outcomes if at >= now - self._policy.window_s]
        failures = recent.count(False)
        return failures >= self._policy.failures and 2 * failures >= len(recent)

    def _rest(self, until: float) -> None:
        self._open_until = max(self._open_until or until, until)
        if self.on_rest is not None:
            self.on_rest()
