"""What the cascade is made of: the process's parts, and what may be set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.clock import Clock
from voice_ai_service.dialogue.dialogue import Dialogue
from voice_ai_service.dialogue.turn import ChatSource, PassageSource
from voice_ai_service.providers.chains import SttChain, TtsChain
from voice_ai_service.providers.tts.cache import PhraseCache

NAME: Final = "cascade"


class Providers(Protocol):
    """The tenant's chains: `providers.factory.ProviderFactory`."""

    async def stt(self, domain_uuid: UUID, choice: Sequence[UUID] = ()) -> SttChain: ...

    async def tts(self, domain_uuid: UUID, choice: Sequence[UUID] = ()) -> TtsChain: ...

    async def llm(self, domain_uuid: UUID, choice: Sequence[UUID] = ()) -> ChatSource | None: ...


class UtteranceFolder(Protocol):
    async def keep_utterance(
        self, domain_uuid: UUID, call_uuid: UUID, turn: int, audio: PcmAudio
    ) -> str | None:
        """The file's name; None: it could not be written."""
        ...


class Guess(StrEnum):
    """What became of an answer that was begun on a pause."""

    KEPT = "kept"
    RESUMED = "resumed"
    """The caller went on speaking."""
    DISAGREED = "disagreed"
    """The final transcript said something else."""
    DROPPED = "dropped"
    """Keys, a hold, a cough or the end of the call came instead."""
    FAILED = "failed"
    """A provider failed before it was known whether the guess counts; it is asked again then."""


class CascadeObserver(Protocol):
    def on_guess(self, outcome: Guess) -> None: ...

    def on_caller_audio_dropped(self, audio_ms: int) -> None: ...


class NobodyObserves:
    def on_guess(self, outcome: Guess) -> None:
        """Forgets it."""

    def on_caller_audio_dropped(self, audio_ms: int) -> None:
        """Forgets it."""


@dataclass(frozen=True, slots=True)
class CascadeParts:
    """One for the process.

    Attributes:
        folder: Where a message that is being left is kept as sound; None: only as text.
    """

    providers: Providers
    dialogue: Dialogue
    phrases: PhraseCache
    clock: Clock
    passages: PassageSource | None = None
    folder: UtteranceFolder | None = None
    observer: CascadeObserver = field(default_factory=NobodyObserves)


@dataclass(frozen=True, slots=True)
class CascadeOptions:
    """
    Attributes:
        guesses: Answers begun on a pause, at most, for one utterance, whatever the secretary's settings allow.
        audio_queue_ms: Of a reply, made and not yet taken by the session; then the voice is not read any more.
        waiting_after_ms: From the end of what was asked without any audio; then the session is told that something is
            slow, and again after each `waiting_again_ms`. How long the caller hears nothing is the session's to say.
        settle_ms: How long an answer waits for the session to say how much of the last reply was heard.
        hold_back_ms: How long an answer waits for a caller who has begun to speak again.
        stt_timeout_s, tts_first_byte_timeout_s: Of one provider; then the next is asked.
    """

    guesses: int = 5
    audio_queue_ms: int = 2000
    waiting_after_ms: int = 0
    waiting_again_ms: int = 6000
    settle_ms: int = 100
    hold_back_ms: int = 2000
    stt_timeout_s: float = 2.5
    tts_first_byte_timeout_s: float = 2.5
