"""Who may interrupt the secretary, and with what: a pure policy on the audio clock.

At the onset of speech the reply pauses. Words cancel it; when none follow within two seconds it goes on where it
stopped. Where the recogniser tells no words while the caller speaks, enough speech counts instead.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from realtime_bridge.turn.words import Backchannels
from voice_ai_service.audio.formats import PTIME_MS
from voice_ai_service.calls.secretary import TurnTaking

WORDS_WITHIN_MS: Final = 2000


class BargeInAction(StrEnum):
    PAUSE = "pause"
    CANCEL = "cancel"
    RESUME = "resume"
    IGNORE = "ignore"
    """Somebody spoke over what may not be interrupted; nothing is to be done, it is worth counting."""


class BargeInState(StrEnum):
    QUIET = "quiet"
    """No reply that anybody could interrupt."""
    PLAYING = "playing"
    PROTECTED = "protected"
    """Playing, and not to be interrupted."""
    PAUSED = "paused"


class BargeIn:
    """Told of the reply, of the ear's events, of words and of every frame; each answers what to do now.

    Attributes:
        partials: The recogniser tells words while the caller still speaks. Else `min_speech_ms` of speech cancels. It
            may change between utterances, with whoever recognises.

    Any order of calls is legal. From `PAUSED` it leaves within two seconds of frames, by itself.
    """

    def __init__(self, settings: TurnTaking, *, partials: bool) -> None:
        self._min_words = settings.min_words
        self._min_speech_ms = settings.min_speech_ms
        self._interruptible = settings.interruptible
        self.partials = partials
        self._backchannels = Backchannels(settings.backchannels)
        self._caller_speaks = False
        self._spoken_over = False
        """Speech began, or went on, while the present reply played: words that come now belong to it."""
        self._speech_ms = 0
        self._paused_ms = 0
        self.state = BargeInState.QUIET

    def reply_began(self, *, interruptible: bool = True) -> BargeInAction | None:
        """A reply begins to be heard. When the caller speaks at this moment it pauses at once."""
        self._spoken_over = False
        free = interruptible and self._interruptible
        self.state = BargeInState.PLAYING if free else BargeInState.PROTECTED
        return self.onset() if self._caller_speaks else None

    def reply_ended(self) -> None:
        """It was heard to its end, or somebody else cancelled it."""
        self.state = BargeInState.QUIET

    def onset(self) -> BargeInAction | None:
        """The ear heard speech begin."""
        self._caller_speaks = True
        self._speech_ms = 0
        if self.state is BargeInState.PROTECTED:
            return BargeInAction.IGNORE
        if self.state is not BargeInState.PLAYING:
            return None
        self._spoken_over = True
        if self._min_words == 0:
            return self._cancel()
        self.state = BargeInState.PAUSED
        self._paused_ms = 0
        return BargeInAction.PAUSE

    def words(self, text: str, final: bool) -> BargeInAction | None:
        """A transcript of the caller, partial or final; it replaces the one before it.

        A final one without words (a cough, "uhum") lets the reply go on at once, unless the caller speaks again.
        """
        if self.state not in (BargeInState.PLAYING, BargeInState.PAUSED) or not self._spoken_over:
            return None
        if self._backchannels.words(text) >= max(self._min_words, 1):
            return self._cancel()
        if final and self.state is BargeInState.PAUSED and not self._caller_speaks:
            return self._resume()
        return None

    def utterance_over(self, *, discarded: bool = False) -> BargeInAction | None:
        """The ear's Ended or Discarded; after Ended the words may still come."""
        self._caller_speaks = False
        return self._resume() if discarded and self.state is BargeInState.PAUSED else None

    def frame(self, *, is_speech: bool) -> BargeInAction | None:
        """20 ms passed, with the caller's speech in them or not."""
        if self.state is not BargeInState.PAUSED:
            return None
        self._paused_ms += PTIME_MS
        self._speech_ms += PTIME_MS * is_speech
        if not self.partials and self._speech_ms >= self._min_speech_ms:
            return self._cancel()
        return self._resume() if self._paused_ms >= WORDS_WITHIN_MS else None

    def _cancel(self) -> BargeInAction:
        self.state = BargeInState.QUIET
        return BargeInAction.CANCEL

    def _resume(self) -> BargeInAction:
        self.state = BargeInState.PLAYING
        return BargeInAction.RESUME
