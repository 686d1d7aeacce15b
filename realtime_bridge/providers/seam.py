"""Who talks with the caller, as the session sees it: our cascade, or a vendor's speech-to-speech model.

The session forwards what the caller does and plays what comes back; it owns playout, barge-in, tools' effects,
transfers and the end of the call. A brain never touches the PBX.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from voice_ai_service.dialogue.actions import Action, Continue
from voice_ai_service.dialogue.turn import StateChange, ToolRun
from voice_ai_service.providers.stt.seam import Transcript


@dataclass(frozen=True, slots=True)
class BrainCapabilities:
    """
    Attributes:
        owns_turns: It decides itself when the caller began and ended; else `began`, `paused` and `ended` tell it.
        max_session_s: The vendor's limit on one connection; the adapter renews it in time by itself.
        speaks: It can be made to say something by itself (`prompt`).
        partials: `CallerSaid` comes while the caller still speaks; else the length of speech tells who interrupts.
    """

    owns_turns: bool
    max_session_s: float | None = None
    speaks: bool = True
    partials: bool = True


@dataclass(frozen=True, slots=True)
class TurnTimings:
    """Milliseconds from the end of the caller's speech on; None for what did not run in this turn.

    Attributes:
        stt_ms: From the end of the utterance (as decided) to its text; 0 where it was there before.
        retrieval_ms, llm_first_token_ms, llm_ms: Of the answer that was kept.
        first_sentence_ms: From the first token to the first piece that can be spoken, and what lies between the
            other stages; without a model, all of the dialogue's time.
        tts_first_byte_ms: From the first piece of text to the first audio.
        speculated_ms: How much of the stages behind `stt_ms` ran before the end of the utterance, or beside its
            final transcript. The stages less this add up to the time from the end of the utterance to the audio.
    """

    stt_ms: float | None = None
    retrieval_ms: float | None = None
    llm_first_token_ms: float | None = None
    first_sentence_ms: float | None = None
    llm_ms: float | None = None
    tts_first_byte_ms: float | None = None
    speculated_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class CallerBegan:
    """The brain heard speech begin (only when it owns turns); the session treats it as an onset."""


@dataclass(frozen=True, slots=True)
class CallerEnded:
    """The brain decided that the utterance is over (only when it owns turns)."""


@dataclass(frozen=True, slots=True)
class CallerSaid:
    """What the caller said; words that count for barge-in.

    Attributes:
        final: False for a partial: it replaces the one before it.
    """

    transcript: Transcript
    final: bool


@dataclass(frozen=True, slots=True)
class ReplyBegan:
    """A reply that will be heard unless interrupted. `reply_id` is the brain's own, unique in the call."""

    reply_id: str


@dataclass(frozen=True, slots=True)
class ReplyAudio:
    """Mono L16 at the leg's rate, any length."""

    reply_id: str
    samples: bytes


@dataclass(frozen=True, slots=True)
class ReplySaid:
    """Text of the reply, in order, as far as it is known; pieces are joined as they are.

    Attributes:
        at_ms: Where in the reply's audio this piece begins, if known: what was heard follows it.
    """

    reply_id: str
    text: str
    language: str | None = None
    at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class ReplyFinished:
    """All audio of a reply was delivered. Exactly one for each `ReplyBegan`, also after `interrupted`.

    Attributes:
        action: What happens once it was heard.
        state: What the turn makes of the call's state, or None for no change.
        models: As `providers`: the model's own name, where it has one.
        synthesised_chars: What a voice was asked for, without what its cache had; None: all that was said.
    """

    reply_id: str
    action: Action = field(default_factory=Continue)
    state: StateChange | None = None
    intent: str | None = None
    providers: dict[str, str] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)
    synthesised_chars: int | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    sources: tuple[str, ...] = ()
    tools: tuple[ToolRun, ...] = ()
    timings: TurnTimings = field(default_factory=TurnTimings)


@dataclass(frozen=True, slots=True)
class ToolAsked:
    """A tool for the session to run and to answer with `tool_result`; it is never run speculatively."""

    call_id: str
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Waiting:
    """The brain waits for something slow (a tool, a model): the session may fill the silence."""

    reason: str


@dataclass(frozen=True, slots=True)
class BrainFailed:
    """It cannot go on. The session takes the next brain, or apologises and hands over to the fallback.

    Attributes:
        code: One of ours (`errors.py`), never the vendor's text.
    """

    code: str
    provider: str


BrainEvent = (
    CallerBegan
    | CallerEnded
    | CallerSaid
    | ReplyBegan
    | ReplyAudio
    | ReplySaid
    | ReplyFinished
    | ToolAsked
    | Waiting
    | BrainFailed
)


class Brain(Protocol):
    """One conversation partner for one call. Methods that are not `async` only queue; order is kept.

    The caller's audio queue holds 10 s; beyond it the oldest is dropped and counted. Audio events wait for the
    session (back-pressure towards the provider).
    """

    @property
    def name(self) -> str:
        """The registry's name, as stored with the turn."""
        ...

    @property
    def capabilities(self) -> BrainCapabilities: ...

    async def open(self) -> None:
        """Connect and configure. Raises ProviderError; the session then tries the next brain."""
        ...

    def events(self) -> AsyncIterator[BrainEvent]:
        """Everything that happens, in order, until `close`. Read by one task."""
        ...

    def hear(self, frame: bytes) -> None:
        """20 ms of the caller, echo already removed; every frame of the call in order, except on hold."""
        ...

    def began(self, pre_roll: bytes) -> None:
        """Speech began; `pre_roll` is the audio before this moment that belongs to it (it was given to `hear` too)."""
        ...

    def paused(self, silence_ms: int) -> None:
        """A pause that may be the end: the moment to speculate. `resumed` or `ended` follows."""
        ...

    def resumed(self) -> None:
        """It was not the end: speculation is thrown away."""
        ...

    def ended(self, speech_ms: int) -> None:
        """The utterance is over. A reply follows, or a CallerSaid without words and no reply."""
        ...

    def abandoned(self) -> None:
        """What began was no utterance after all (a cough): forget it."""
        ...

    def keys(self, digits: str) -> None:
        """The caller pressed keys: a turn of its own."""
        ...

    def nobody_spoke(self) -> None:
        """The idle time passed: a turn without input; the dialogue knows what to say and when to give up."""
        ...

    def interrupted(self, reply_id: str, heard_ms: int, heard_text: str) -> None:
        """The caller heard this much of the reply and no more: cancel it, forget the rest."""
        ...

    def heard(self, reply_id: str, heard_ms: int) -> None:
        """The reply was heard to its end."""
        ...

    def told(self, text: str, language: str) -> None:
        """The session said this by itself (greeting, filler, "transfer failed"): part of the conversation."""
        ...

    def prompt(self, instruction: str) -> None:
        """Make it speak now, about this. Only where `capabilities.speaks`."""
        ...

    def tool_result(self, call_id: str, result: str, *, speak: bool = True) -> None: ...

    def hold(self, on: bool) -> None:
        """On hold nothing is heard and nothing said."""
        ...

    async def close(self) -> None: ...
