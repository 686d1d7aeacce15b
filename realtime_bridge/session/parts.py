"""What every call of this process works with, put together once by the composition root."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from realtime_bridge.call_control import CallControl
from realtime_bridge.providers.seam import Brain, ToolAsked
from realtime_bridge.session.figures import CallFigures
from realtime_bridge.session.view import CallView
from realtime_bridge.tools.runner import ToolAnswer
from realtime_bridge.transfer.seam import Transfers
from voice_ai_service.calls.secretary import Secretary
from voice_ai_service.clock import Clock
from voice_ai_service.conversations.conversation import Conversation
from voice_ai_service.conversations.repository import MessageVectors
from voice_ai_service.dialogue.call_state import CallState
from voice_ai_service.dialogue.turn import TurnContext
from voice_ai_service.tenancy.tenant import Tenant
from voice_ai_service.tracing import CallTracer

MakeBrain = Callable[[], Brain]
"""Makes a brain that is not open yet. Raises nothing."""


class Tools(Protocol):
    """The tools of one call: `tools.runner.ToolRunner`."""

    async def run(self, turn: TurnContext, asked: ToolAsked) -> ToolAnswer: ...

    async def close(self) -> None: ...


class CallVerbs(Protocol):
    """What a tool may do to the call itself."""

    def hold(self, on: bool) -> None:
        """On hold the caller hears the PBX's music, the brain nothing. Again does nothing."""
        ...


class BrainSource(Protocol):
    async def in_order(
        self, view: CallView, sample_rate_hz: int, verbs: CallVerbs
    ) -> tuple[Sequence[MakeBrain], Tools]:
        """The secretary's brains for one call, the first choice first, and the tools that they may ask for.

        Raises:
            ProviderError, Unavailable: none can be named; the caller hears the apology.
        """
        ...


class SpokenSentence(Protocol):
    """Pieces of mono L16. `used` is None until the first came."""

    @property
    def used(self) -> Any: ...

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def aclose(self) -> None: ...


class Voice(Protocol):
    """`voice_ai_service.speech.voice.Voice`: one call's voice at the leg's rate."""

    def sentence(self, text: str, language: str, *, keep: bool = False) -> SpokenSentence:
        """Raises ProviderError, while it is read."""
        ...


class Voices(Protocol):
    async def voice(self, secretary: Secretary, sample_rate_hz: int) -> Voice:
        """Raises ProviderError, Unavailable."""
        ...


class Sessions(Protocol):
    """`conversations.sessions.CallSessions`."""

    async def save(self, state: CallState) -> None: ...

    async def forget(self, domain_uuid: UUID, call_uuid: UUID) -> None: ...


class ConversationStore(Protocol):
    async def store(self, conversation: Conversation, vectors: MessageVectors | None = None) -> UUID:
        """Idempotent. Raises Unavailable."""
        ...


class AudioFolders(Protocol):
    """`conversations.call_folder.CallFolders`."""

    async def tidy(self, domain_uuid: UUID, call_uuid: UUID, keep: Sequence[str] = ()) -> bool: ...


class CallVectors(Protocol):
    async def __call__(self, conversation: Conversation) -> MessageVectors | None:
        """Vectors of its messages, for the search in conversations; None where nobody makes them. Never raises."""
        ...


class Tape(Protocol):
    """A recording in the making."""

    def frame(self, caller: bytes, secretary: bytes) -> None:
        """20 ms of the caller, and what left for the caller's ear in the same moment."""
        ...

    async def finish(self) -> str | None:
        """Its reference, for the conversation; None: nothing was kept. Never raises."""
        ...


class Tapes(Protocol):
    def tape(self, state: CallState, sample_rate_hz: int) -> Tape:
        """For a call whose secretary records."""
        ...


class EndOfTurn(Protocol):
    """The model that judges whether a sentence is complete."""

    async def complete(self, utterance: bytes, sample_rate_hz: int) -> float | None:
        """0 to 1; None: it has no time or no opinion. Never blocks the loop."""
        ...


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """
    Attributes:
        brain_opens_s: Time for a brain to connect before the next is tried.
        thinking_s: Time without any sign of an answer before a brain counts as dead.
        filler_after_ms: Silence after which something is said while a tool runs; 0: never. A brain says by itself when
            it is slow.
        key_gap_ms: Time between two keys that belong together.
        near_limit_s: How long before the longest duration the caller is told.
        hard_stop_s: How long after it the line is cut, whatever is being said.
        leaves_s: Time for a channel to be gone after it was hung up.
        stores_s: Time for the conversation to be stored; after it the journal keeps the call for a worker.
        strict: Faults of ours raise (tests) instead of ending the call.
    """

    brain_opens_s: float = 1.2
    thinking_s: float = 12.0
    filler_after_ms: int = 1500
    key_gap_ms: int = 1500
    near_limit_s: float = 30.0
    hard_stop_s: float = 20.0
    leaves_s: float = 2.0
    stores_s: float = 10.0
    strict: bool = False


def _no_budgets(tenant: Tenant, call: CallState) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class SessionParts:
    """
    Attributes:
        stops: Whether a domain may use nothing any more that costs: `conversations.spending.Spending.stops`.
    """

    sessions: Sessions
    store: ConversationStore
    folders: AudioFolders
    control: CallControl
    brains: BrainSource
    voices: Voices
    transfers: Transfers
    figures: CallFigures
    tracer: CallTracer
    clock: Clock
    end_of_turn: EndOfTurn | None = None
    tapes: Tapes | None = None
    vectors: CallVectors | None = None
    stops: Callable[[Tenant, CallState], bool] = _no_budgets
    options: SessionOptions = SessionOptions()
