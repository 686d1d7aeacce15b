"""How long nobody may speak, measured on speech: noise does not count as somebody."""

from __future__ import annotations

from enum import StrEnum

from voice_ai_service.audio.formats import PTIME_MS


class IdleVerdict(StrEnum):
    ASK_AGAIN = "ask_again"
    GIVE_UP = "give_up"


class IdlePolicy:
    """Asks again after `no_input_ms` of silence of both sides, `max_no_input` times, then gives up, once.

    Noise that the ear took for an utterance neither resets the time nor stops it; only its verdict waits until
    the utterance is over. What resets it is words (or keys) of the caller, told by `caller_acted`.
    """

    def __init__(self, *, no_input_ms: int, max_no_input: int) -> None:
        self._no_input_ms = no_input_ms
        self._max_no_input = max_no_input
        self._silent_ms = 0
        self._asked = 0
        self._gave_up = False

    def caller_acted(self) -> None:
        """The caller said words, or pressed a key."""
        self._silent_ms = 0
        self._asked = 0
        self._gave_up = False

    def frame(
        self, *, secretary_speaks: bool = False, caller_speaks: bool = False, suspended: bool = False
    ) -> IdleVerdict | None:
        """20 ms passed.

        Args:
            secretary_speaks: A reply is heard, or paused: the caller's time begins after it.
            caller_speaks: The ear is in an utterance.
            suspended: It is not the caller's turn: an answer is on its way, on hold, during a transfer.
        """
        if secretary_speaks:
            self._silent_ms = 0
            return None
        if suspended:
            return None
        self._silent_ms += PTIME_MS
        if caller_speaks or self._gave_up or self._silent_ms < self._no_input_ms:
            return None
        self._silent_ms = 0
        if self._asked >= self._max_no_input:
            self._gave_up = True
            return IdleVerdict.GIVE_UP
        self._asked += 1
        return IdleVerdict.ASK_AGAIN
