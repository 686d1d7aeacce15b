"""When an utterance begins and when it is over, counted on the audio itself. Pure; no clock."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from voice_ai_service.audio.formats import PTIME_MS
from voice_ai_service.audio.vad import SpeechDetector, VadFrame, VadSettings


@dataclass(frozen=True, slots=True)
class EndpointingSettings:
    """
    Attributes:
        start_speech_ms, start_window_ms: So much speech within so much time is a beginning, less is a click.
        end_silence_ms: A pause this long ends the utterance.
        max_utterance_ms: From its beginning; then it is over, whatever is heard. A detector that cannot be
            forced closed hangs for ever (lesson 14).
        no_input_ms: How long to wait for a beginning; None: for ever.
    """

    start_speech_ms: int = 60
    start_window_ms: int = 100
    end_silence_ms: int = 700
    max_utterance_ms: int = 30_000
    no_input_ms: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.start_speech_ms <= self.start_window_ms:
            raise ValueError("start_speech_ms must be above 0 and at most start_window_ms")
        if self.end_silence_ms <= 0 or self.max_utterance_ms <= 0:
            raise ValueError("end_silence_ms and max_utterance_ms must be above 0")


class EndReason(StrEnum):
    SILENCE = "silence"
    TOO_LONG = "too_long"
    NO_INPUT = "no_input"


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """`at_ms` is where the first speech frame began; it is known `start_window_ms` later at most."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class UtteranceEnded:
    """
    Attributes:
        speech_ms: Where speech began and where its last frame ended; None when there was no input.
        at_ms: When that was known.
    """

    reason: EndReason
    speech_ms: tuple[int, int] | None
    at_ms: int


EndpointEvent = SpeechStarted | UtteranceEnded


class Endpointing:
    """One utterance: at most one SpeechStarted, then exactly one UtteranceEnded, then nothing."""

    def __init__(self, settings: EndpointingSettings | None = None) -> None:
        self._settings = settings or EndpointingSettings()
        frames = max(self._settings.start_window_ms // PTIME_MS, 1)
        self._recent: deque[VadFrame] = deque(maxlen=frames)
        self._started_ms: int | None = None
        self._last_speech_ms = 0
        self._first_ms: int | None = None
        self.ended = False

    @property
    def speaking(self) -> bool:
        return self._started_ms is not None and not self.ended

    def push(self, frame: VadFrame) -> EndpointEvent | None:
        """What this frame decides; frames are given in order, each once."""
        if self.ended:
            return None
        if self._first_ms is None:
            self._first_ms = frame.start_ms
        if self._started_ms is None:
            return self._before_speech(frame)
        return self._in_speech(frame, self._started_ms)

    def _before_speech(self, frame: VadFrame) -> EndpointEvent | None:
        self._recent.append(frame)
        speech = [recent.start_ms for recent in self._recent if recent.is_speech]
        now_ms = frame.start_ms + PTIME_MS
        if len(speech) * PTIME_MS >= self._settings.start_speech_ms:
            self._started_ms = speech[0]
            self._last_speech_ms = speech[-1] + PTIME_MS
            return SpeechStarted(speech[0])
        waited_ms = now_ms - (self._first_ms or 0)
        if self._settings.no_input_ms is not None and waited_ms >= self._settings.no_input_ms:
            return self._end(EndReason.NO_INPUT, None, now_ms)
        return None

    def _in_speech(self, frame: VadFrame, started_ms: int) -> EndpointEvent | None:
        now_ms = frame.start_ms + PTIME_MS
        if frame.is_speech:
            self._last_speech_ms = now_ms
        span = (started_ms, self._last_speech_ms)
        if now_ms - self._last_speech_ms >= self._settings.end_silence_ms:
            return self._end(EndReason.SILENCE, span, now_ms)
        if now_ms - started_ms >= self._settings.max_utterance_ms:
            return self._end(EndReason.TOO_LONG, span, now_ms)
        return None

    def _end(self, reason: EndReason, span: tuple[int, int] | None, now_ms: int) -> UtteranceEnded:
        self.ended = True
        return UtteranceEnded(reason, span, now_ms)


class UtteranceDetector:
    """Audio in, endpoints out: the detector and the strategy in one, for chunks of any length."""

    def __init__(
        self,
        sample_rate_hz: int,
        settings: EndpointingSettings | None = None,
        vad: VadSettings | None = None,
    ) -> None:
        self._detector = SpeechDetector(sample_rate_hz, vad)
        self._endpointing = Endpointing(settings)

    @property
    def ended(self) -> bool:
        return self._endpointing.ended

    def push(self, samples: bytes) -> list[EndpointEvent]:
        """What these samples decide, in order; does not depend on where the stream was cut."""
        events = (self._endpointing.push(frame) for frame in self._detector.push(samples))
        return [event for event in events if event is not None]
