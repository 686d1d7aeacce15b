"""When an answer is due, and how long each reply took. On the process's clock."""

from __future__ import annotations

from realtime_bridge.providers.seam import TurnTimings
from realtime_bridge.providers.vendor import Request
from voice_ai_service.clock import Clock


class AnswerClock:
    """
    Attributes:
        request: What was asked in words and has no answer yet.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._asked_at: float | None = None
        self._told = False
        self._asked_for: dict[str, float] = {}
        self._first_ms: dict[str, float] = {}
        self.request: Request | None = None

    @property
    def due(self) -> bool:
        return self._asked_at is not None

    def ask(self, request: Request | None = None) -> None:
        """An answer is due from now on."""
        self.request = request
        self._asked_at = self._clock.monotonic()
        self._told = False

    def settled(self) -> None:
        """None is due any more."""
        self.request = None
        self._asked_at = None

    def late(self, after_s: float) -> bool:
        """Whether it is time to say that one waits; True once for each answer."""
        if self._asked_at is None or self._told or self._clock.monotonic() - self._asked_at < after_s:
            return False
        self._told = True
        return True

    def reply_began(self, reply_id: str) -> None:
        if self._asked_at is not None:
            self._asked_for[reply_id] = self._asked_at
        self.settled()

    def sign_of(self, reply_id: str) -> None:
        """A word or a sound of it came."""
        if reply_id in self._asked_for and reply_id not in self._first_ms:
            self._first_ms[reply_id] = self._since(self._asked_for[reply_id])

    def timings(self, reply_id: str) -> TurnTimings:
        """Of a reply that is finished; it is forgotten."""
        first_ms = self._first_ms.pop(reply_id, None)
        asked_at = self._asked_for.pop(reply_id, None)
        if asked_at is None:
            return TurnTimings()
        return TurnTimings(llm_first_token_ms=first_ms, llm_ms=self._since(asked_at))

    def _since(self, at: float) -> float:
        return (self._clock.monotonic() - at) * 1000
