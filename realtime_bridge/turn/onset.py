"""Enough speech in a short time: the decision that somebody began, or went on, to speak."""

from __future__ import annotations

from voice_ai_service.audio.formats import PTIME_MS


class EnoughSpeech:
    """At least `speech_ms` of speech within the last `window_ms`; a click or a door has less.

    Raises:
        ValueError: The window cannot hold so much speech, or no speech is asked for.
    """

    __slots__ = ("_mask", "_needed", "_recent")

    def __init__(self, speech_ms: int, window_ms: int) -> None:
        if not PTIME_MS <= speech_ms <= window_ms:
            raise ValueError("speech_ms must be at least one frame and at most window_ms")
        self._needed = -(-speech_ms // PTIME_MS)
        self._mask = (1 << (window_ms // PTIME_MS)) - 1
        self._recent = 0
        """One bit a frame, the newest lowest."""

    def push(self, is_speech: bool) -> int | None:
        """How many ms ago the first of the speech frames began, once there are enough of them."""
        self._recent = (self._recent << 1 | is_speech) & self._mask
        if self._recent.bit_count() < self._needed:
            return None
        return self._recent.bit_length() * PTIME_MS

    @property
    def speech_ms(self) -> int:
        """Speech within the window."""
        return self._recent.bit_count() * PTIME_MS

    def forget(self) -> None:
        self._recent = 0
