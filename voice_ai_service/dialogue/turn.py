"""What goes into one turn and what comes out of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from voice_ai_service.calls.call_plan import CallPlan
from voice_ai_service.calls.secretary import Secretary
from voice_ai_service.dialogue.actions import Action
from voice_ai_service.dialogue.call_state import CallState, Stage
from voice_ai_service.knowledge.passage import Passage as Passage
from voice_ai_service.providers.llm.seam import (
    ChatCapabilities,
    ChatEvent,
    ChatMessage,
    ChatOptions,
    ToolCall,
    ToolSpec,
    Usage,
)
from voice_ai_service.tenancy.tenant import Tenant
from voice_ai_service.text.languages import closest


@dataclass(frozen=True, slots=True)
class Heard:
    """
    Attributes:
        text: The transcript; empty where there was speech that was not understood, or none.
        language: BCP-47 tag of `text`, or None where nobody knows.
        confidence: 0 to 1, or None.
        digits: Keys pressed in this turn, in order.
        no_input: Neither speech nor keys before the time-out.
        audio_ref: Where the utterance's audio is kept, if it is.
        instruction: Not the caller's: what the secretary is to say by itself; nothing else is set then.
    """

    text: str = ""
    language: str | None = None
    confidence: float | None = None
    digits: str = ""
    no_input: bool = False
    audio_ref: str | None = None
    instruction: str = ""


class PassageSource(Protocol):
    async def find(
        self,
        tenant: Tenant,
        query: str,
        languages: tuple[str, ...],
        limit: int,
        *,
        secretary_uuid: UUID | None = None,
    ) -> tuple[Passage, ...]:
        """The passages that answer a question, best first; none that are worse than "I don't know".

        Args:
            secretary_uuid: Documents of this secretary and those of all.

        Raises:
            Unavailable, ProviderError.
        """
        ...

    async def has_documents(self, tenant: Tenant) -> bool:
        """Whether there is anything to find. Raises Unavailable."""
        ...


class Answerer(Protocol):
    """Whose answer it is: the registry name and the model's own."""

    @property
    def provider(self) -> str: ...
    @property
    def model(self) -> str | None: ...


class ChatAnswer(Protocol):
    """A model's events as they come. Whoever stops early calls `aclose`, which cancels the request."""

    @property
    def used(self) -> Answerer | None:
        """None until the first event came."""
        ...

    def __aiter__(self) -> AsyncIterator[ChatEvent]: ...
    async def __anext__(self) -> ChatEvent: ...
    async def aclose(self) -> None: ...


class ChatSource(Protocol):
    """The tenant's language models, the first that answers: `providers.chains.ChatChain`."""

    def chat(
        self, messages: Sequence[ChatMessage], tools: Sequence[ToolSpec], options: ChatOptions
    ) -> ChatAnswer:
        """Raises ProviderError, while it is read."""
        ...


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """The language models of this call and what may be asked of them. Whoever made them closes them."""

    chat: ChatSource
    capabilities: ChatCapabilities = field(default_factory=ChatCapabilities)


@dataclass(frozen=True, slots=True)
class ToolResult:
    """
    Attributes:
        text: What the model is told; it speaks by this, so it is never more than what happened.
        outcome: As in `ToolRun`.
        said: A sentence that tells the caller the same, for a model that says nothing after it.
        sources: Where the text came from: passages' ids.
    """

    text: str
    outcome: str = "ok"
    said: str = ""
    sources: tuple[str, ...] = ()


class ToolBox(Protocol):
    """Tools that reach beyond the dialogue, given by the surroundings of a turn: `toolbox.ToolKit`.

    Whoever speculates on a turn gives a box whose `run` waits until the turn counts (`toolbox.OnceKept`).
    """

    def offered(self, turn: TurnContext) -> tuple[ToolSpec, ...]:
        """Those that make sense now."""
        ...

    async def run(self, turn: TurnContext, call: ToolCall) -> ToolResult:
        """Do it within the tool's own time. Every failure is a result; raises nothing but a cancellation."""
        ...

    def unheard(self) -> tuple[ToolRun, ...]:
        """Runs of this call that ended after whoever asked for them had gone (a barge-in)."""
        ...


@dataclass(frozen=True, slots=True)
class TurnContext:
    """
    Attributes:
        turn: Number of this turn, from 1; records of `call` with this number or later are not history.
        is_open: Whether people may be rung now.
        model: None: the embedded responder carries the conversation.
        tools: Offered to the model beside the dialogue's own.
    """

    call: CallState
    turn: int
    plan: CallPlan
    tenant: Tenant
    heard: Heard
    is_open: bool
    now: datetime
    model: ModelChoice | None = None
    passages: PassageSource | None = None
    tools: ToolBox | None = None

    @property
    def secretary(self) -> Secretary:
        return self.plan.secretary

    @property
    def language(self) -> str:
        """The language to answer in: the one heard if the secretary speaks it, else the call's so far."""
        spoken = self.secretary.settings.languages
        return closest(self.heard.language, spoken) or closest(self.call.language, spoken) or spoken[0]


@dataclass(frozen=True, slots=True)
class StateChange:
    """What a turn makes of the fields that the dialogue owns in `CallState`; everything else stays."""

    stage: Stage
    language: str
    no_input: int
    misunderstood: int
    pending_destination: str | None
    transferred_to: str | None
    failed_destinations: tuple[str, ...]
    message_text: str | None
    message_audio_ref: str | None
    ending: str | None

    @classmethod
    def of(cls, call: CallState) -> StateChange:
        """No change at all."""
        return cls(
            stage=call.stage,
            language=call.language,
            no_input=call.no_input,
            misunderstood=call.misunderstood,
            pending_destination=call.pending_destination,
            transferred_to=call.transferred_to,
            failed_destinations=tuple(call.failed_destinations),
            message_text=call.message_text,
            message_audio_ref=call.message_audio_ref,
            ending=call.ending,
        )


def apply(call: CallState, change: StateChange) -> CallState:
    """The state after a turn. A new object; the list of turns is shared with the old one."""
    return call.model_copy(
        update={
            "stage": change.stage,
            "language": change.language,
            "no_input": change.no_input,
            "misunderstood": change.misunderstood,
            "pending_destination": change.pending_destination,
            "transferred_to": change.transferred_to,
            "failed_destinations": list(change.failed_destinations),
            "message_text": change.message_text,
            "message_audio_ref": change.message_audio_ref,
            "ending": change.ending,
        }
    )


@dataclass(frozen=True, slots=True)
class ReplyTimings:
    """Milliseconds; None for what did not run. `llm_first_token_ms` lies inside `llm_ms`."""

    retrieval_ms: float | None = None
    llm_first_token_ms: float | None = None
    llm_ms: float | None = None


@dataclass(frozen=True, slots=True)
class ToolRun:
    """A tool that the model called, as stored: `outcome` is ok, refused, failed, late or unknown."""

    name: str
    arguments: dict[str, str]
    outcome: str


@dataclass(frozen=True, slots=True)
class ReplyText:
    """A piece of the reply, ready to be spoken; pieces of one reply are joined with a space."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class ReplyDone:
    """Always the last event of a reply, once.

    Attributes:
        intent: A short name of what the caller wanted, where it is known.
        provider: The responder's registry name: `embedded`, or the model's provider.
        sources: Where the answer came from: passages' ids, `fact:<topic>`.
        state: To be applied with `apply`.
    """

    state: StateChange
    language: str
    action: Action
    intent: str | None = None
    provider: str = "embedded"
    model: str | None = None
    usage: Usage | None = None
    sources: tuple[str, ...] = ()
    tools: tuple[ToolRun, ...] = ()
    timings: ReplyTimings = field(default_factory=ReplyTimings)


ReplyEvent = ReplyText | ReplyDone
