"""One utterance while it lasts: where it began, where its last speech was, what is known of it."""

from __future__ import annotations

from realtime_bridge.turn.onset import EnoughSpeech
from voice_ai_service.audio.formats import PTIME_MS


class OpenUtterance:
    """Counts frames; decides nothing.

    Attributes:
        start_ms, speech_end_ms: First and last speech frame so far, in the leg's time.
        speech_ms: Speech frames in it.
        paused: A `Pause` was told and no `Resumed` since.
        complete: The model's verdict on the present pause.
        has_words: The recogniser found words in it.
    """

    __slots__ = ("_back", "complete", "has_words", "paused", "speech_end_ms", "speech_ms", "start_ms")

    def __init__(self, start_ms: int, now_ms: int, speech_ms: int, back: EnoughSpeech) -> None:
        self.start_ms = start_ms
        self.speech_end_ms = now_ms
        self.speech_ms = speech_ms
        self.paused = False
        self.complete: float | None = None
        self.has_words = False
        self._back = back

    def push(self, is_speech: bool, now_ms: int) -> bool:
        """Whether the caller speaks: a lone frame of noise in a pause does not prolong it."""
        self.speech_ms += PTIME_MS * is_speech
        speaks = self._back.push(is_speech) is not None
        if speaks and is_speech:
            self.speech_end_ms = now_ms
        return speaks and is_speech
