"""Speech to text, as the dialogue and the bridge see it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from voice_ai_service.audio.formats import PcmAudio


@dataclass(frozen=True, slots=True)
class Phrase:
    """Something the secretary can act on: the command recogniser's grammar, everybody else's hot words."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class SttCapabilities:
    """What an engine can do, as data; adapters fill the gaps.

    Attributes:
        streaming: Takes audio while it is spoken.
        partials: Gives results before the end.
        free_dictation: Understands any sentence; False for the command recogniser.
        languages: BCP-47 tags, or None for any.
        sample_rates_hz: Rates it takes, best first.
        word_times: Says when each word was spoken.
    """

    streaming: bool
    partials: bool
    free_dictation: bool
    languages: frozenset[str] | None
    sample_rates_hz: tuple[int, ...]
    word_times: bool = False


@dataclass(frozen=True, slots=True)
class SttOptions:
    """
    Attributes:
        languages: BCP-47 tags the caller may speak, most likely first; never empty, never auto-detect
            (lesson 40: "SIM" became Japanese).
        phrases: What the caller is likely to say.
        timeout_s: For the whole answer.
    """

    languages: tuple[str, ...]
    phrases: tuple[Phrase, ...] = ()
    timeout_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Transcript:
    """
    Attributes:
        text: What was said; empty when there was speech that the engine did not understand, or none.
        language: BCP-47 tag of `text`.
        confidence: 0 to 1, or None where the engine does not say.
    """

    text: str
    language: str
    confidence: float | None = None
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class PartialTranscript:
    transcript: Transcript
    stable: bool = False


@dataclass(frozen=True, slots=True)
class FinalTranscript:
    transcript: Transcript


SttEvent = PartialTranscript | FinalTranscript


class SttStream(Protocol):
    """One utterance or one call of streaming recognition. The context manager that made it closes it."""

    async def push(self, samples: bytes) -> None:
        """Adds mono L16 at the rate the stream was opened with. Raises ProviderError."""
        ...

    async def finish(self) -> None:
        """No more audio: the final transcript follows in `events`."""
        ...

    def events(self) -> AsyncIterator[SttEvent]: ...


class SpeechToText(Protocol):
    @property
    def capabilities(self) -> SttCapabilities: ...

    async def transcribe(self, audio: PcmAudio, options: SttOptions) -> Transcript:
        """One whole utterance. Raises ProviderError, never returns an error's text."""
        ...

    def stream(self, sample_rate_hz: int, options: SttOptions) -> AbstractAsyncContextManager[SttStream]: ...

    async def aclose(self) -> None: ...
