"""The caller's side of taking turns: frames in, what they decide out. Pure; the audio is the clock.

Costs some ten microseconds a frame; 160 calls share a core (docs/realtime.md, "Taking turns").
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import Final

from realtime_bridge.turn.echo import EchoRemoval
from realtime_bridge.turn.events import Discarded, EarEvent, Ended, Onset, Pause, Resumed, UtteranceEnd
from realtime_bridge.turn.onset import EnoughSpeech
from realtime_bridge.turn.silero import sense
from realtime_bridge.turn.tuning import TUNINGS
from realtime_bridge.turn.utterance import OpenUtterance
from realtime_bridge.turn.waiting import Waiting
from realtime_bridge.turn.words import Backchannels
from voice_ai_service.audio.formats import PTIME_MS
from voice_ai_service.calls.secretary import TurnTaking

KEPT_MS: Final = 8000
"""What the end-of-turn model looks at; older audio of an utterance is not kept here."""
_MODEL_PAUSE_MS: Final = 200
_NOTHING: Final[tuple[EarEvent, ...]] = ()
_DISCARD_AFTER_MS: Final = 300
"""A cough is known for one after so much silence; the reply it paused need not wait for the whole end."""


class Ear:
    """Hears one leg. Events come in the order Onset, (Pause, Resumed)*, then Ended or Discarded, and again.

    Attributes:
        now_ms: Audio heard so far.
        frame: The last frame for whoever listens next: without the echo of what was played, and quieter where
            nothing but echo can be in it.
        is_speech: Whether that frame is speech.
        least_silence_ms: However sure the model is, no utterance ends sooner: whoever dictates a message pauses.
        max_utterance_ms: A longer one is ended.

    Raises:
        ValueError: The rate is neither 8 nor 16 kHz, or a frame is not 20 ms long.
    """

    def __init__(
        self,
        settings: TurnTaking,
        sample_rate_hz: int,
        *,
        language: str = "pt-BR",
        max_utterance_ms: int = 30_000,
    ) -> None:
        tuning = TUNINGS[settings.sensitivity]
        self._tuning = tuning
        self._echo = EchoRemoval(sample_rate_hz)
        self._detector = sense(settings.detector, sample_rate_hz, tuning.vad)
        self._onset = EnoughSpeech(tuning.onset_speech_ms, tuning.onset_window_ms)
        self._back = EnoughSpeech(tuning.resume_speech_ms, tuning.resume_window_ms)
        self._waiting = Waiting.of(settings.end_silence_ms, language)
        self._backchannels = Backchannels(settings.backchannels)
        self._pause_ms = settings.pause_ms
        self.max_utterance_ms = max_utterance_ms
        self.least_silence_ms = 0
        self._kept: deque[bytes] = deque(maxlen=KEPT_MS // PTIME_MS)
        self._utterance: OpenUtterance | None = None
        self.now_ms = 0
        self.frame = b""
        self.is_speech = False

    @property
    def listening(self) -> bool:
        """An utterance has begun and is not over."""
        return self._utterance is not None

    def hear(self, frame: bytes, reference: bytes | None) -> tuple[EarEvent, ...]:
        """The next 20 ms; `reference` is what left for the caller's ear in them, None when nothing is played."""
        utterance, echo = self._utterance, self._echo
        cleaned = echo.hear(frame, reference, in_utterance=utterance is not None)
        self.frame = echo.frame
        self._kept.append(cleaned)
        self.is_speech = is_speech = self._detector.is_speech(cleaned, echo.level_dbfs) and echo.callers
        self.now_ms += PTIME_MS
        if utterance is not None:
            return self._during(utterance, is_speech)
        began_ago_ms = self._onset.push(is_speech)
        return _NOTHING if began_ago_ms is None else self._begin(began_ago_ms)

    def words(self, text: str, final: bool) -> tuple[EarEvent, ...]:
        """What the recogniser understood of the present utterance: with words in it, it is not discarded."""
        if self._utterance is not None and self._backchannels.words(text):
            self._utterance.has_words = True
        return _NOTHING

    def verdict(self, complete: float, since_ms: int | None = None) -> tuple[EarEvent, ...]:
        """The model's probability that the sentence is complete.

        A verdict on a pause that is over counts no more; `since_ms` of the `Pause` it was asked for tells which.
        """
        utterance = self._utterance
        if utterance is None or not utterance.paused:
            return _NOTHING
        if since_ms is not None and since_ms != utterance.speech_end_ms:
            return _NOTHING
        utterance.complete = complete
        return self._silence(utterance, self.now_ms - utterance.speech_end_ms)

    def utterance(self) -> bytes:
        """The present utterance with its pre-roll, at most its last 8 s; empty between utterances.

        In a pause, as if that had lasted 200 ms: the model was made for sentences that end so, and judges them
        worse the earlier it is asked.
        """
        utterance = self._utterance
        if utterance is None:
            return b""
        heard = self._last(self.now_ms - utterance.start_ms + self._tuning.pre_roll_ms)
        silence_ms = self.now_ms - utterance.speech_end_ms
        if not utterance.paused or silence_ms >= _MODEL_PAUSE_MS:
            return heard
        pause = self._last(silence_ms - PTIME_MS)  # its first frame still has the end of a vowel in it
        missing = (_MODEL_PAUSE_MS - silence_ms) * len(self._kept[-1]) // PTIME_MS
        return (heard + pause * (missing // max(len(pause), 1) + 1))[: len(heard) + missing]

    def force_end(self) -> tuple[EarEvent, ...]:
        """Ends the utterance now, if there is one."""
        utterance = self._utterance
        return _NOTHING if utterance is None else self._end(utterance, UtteranceEnd.FORCED)

    def _begin(self, began_ago_ms: int) -> tuple[EarEvent, ...]:
        start_ms = self.now_ms - began_ago_ms
        self._utterance = OpenUtterance(start_ms, self.now_ms, self._onset.speech_ms, self._back)
        self._onset.forget()
        self._back.forget()
        return (Onset(start_ms, self._last(began_ago_ms + self._tuning.pre_roll_ms)),)

    def _during(self, utterance: OpenUtterance, is_speech: bool) -> tuple[EarEvent, ...]:
        speaks = utterance.push(is_speech, self.now_ms)
        if self.now_ms - utterance.start_ms >= self.max_utterance_ms:
            return self._end(utterance, UtteranceEnd.TOO_LONG)
        if not speaks:
            return self._silence(utterance, self.now_ms - utterance.speech_end_ms)
        if not utterance.paused:
            return _NOTHING
        utterance.paused, utterance.complete = False, None
        return (Resumed(self.now_ms),)

    def _silence(self, utterance: OpenUtterance, silence_ms: int) -> tuple[EarEvent, ...]:
        wanted_ms = max(self._waiting.silence_ms(utterance.complete), self.least_silence_ms)
        if silence_ms >= wanted_ms:
            early = silence_ms < self._waiting.end_silence_ms
            return self._end(utterance, UtteranceEnd.MODEL if early else UtteranceEnd.SILENCE)
        if silence_ms >= _DISCARD_AFTER_MS and self._was_none(utterance):
            return self._close(Discarded())
        if utterance.paused or silence_ms < self._pause_ms:
            return _NOTHING
        utterance.paused = True
        return (Pause(utterance.speech_end_ms),)

    def _was_none(self, utterance: OpenUtterance) -> bool:
        return utterance.speech_ms < self._tuning.least_speech_ms and not utterance.has_words

    def _end(self, utterance: OpenUtterance, reason: UtteranceEnd) -> tuple[EarEvent, ...]:
        if self._was_none(utterance):
            return self._close(Discarded())
        return self._close(Ended(reason, utterance.start_ms, utterance.speech_end_ms, self.now_ms))

    def _close(self, event: EarEvent) -> tuple[EarEvent, ...]:
        self._utterance = None
        return (event,)

    def _last(self, length_ms: int) -> bytes:
        kept = self._kept
        return b"".join(islice(kept, max(len(kept) - length_ms // PTIME_MS, 0), None))
