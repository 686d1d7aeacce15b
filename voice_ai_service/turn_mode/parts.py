"""What turn mode is made of, put together once by the composition root."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from voice_ai_service.calls.call_plan import CallPlan
from voice_ai_service.clock import Clock
from voice_ai_service.conversations.call_folder import CallFolders
from voice_ai_service.conversations.conversation import Conversation
from voice_ai_service.conversations.outcome import Ending
from voice_ai_service.conversations.repository import MessageVectors
from voice_ai_service.conversations.sessions import CallSessions
from voice_ai_service.conversations.stream_tickets import StreamOptions
from voice_ai_service.dialogue.call_state import CallState
from voice_ai_service.dialogue.dialogue import Budgets, Dialogue
from voice_ai_service.dialogue.turn import PassageSource, ToolBox
from voice_ai_service.metrics import Metrics
from voice_ai_service.providers.factory import ProviderFactory
from voice_ai_service.speech.speech import Speech
from voice_ai_service.tenancy.tenant import Tenant
from voice_ai_service.tracing import CallTracer
from voice_ai_service.turn_mode.call_locks import CallLocks
from voice_ai_service.turn_mode.reply_audio import Cache, ReplyAudio
from voice_ai_service.turn_mode.served_calls import ServedCalls
from voice_ai_service.turn_mode.utterance_audio import UtteranceReader


class CallDirectory(Protocol):
    """The tenant's secretaries, as calls see them."""

    async def for_call(self, domain_uuid: UUID, extension: str) -> CallPlan:
        """The published version now. Raises NotFound."""
        ...

    async def for_version(self, domain_uuid: UUID, secretary_uuid: UUID, version: int) -> CallPlan:
        """The version that a live call began with. Raises NotFound."""
        ...


class ConcurrencyLimiter(Protocol):
    async def acquire(self, domain_uuid: UUID, call_uuid: UUID, limit: int, ttl_s: float) -> bool: ...

    async def release(self, domain_uuid: UUID, call_uuid: UUID) -> None: ...


class ConversationStore(Protocol):
    async def store(self, conversation: Conversation, vectors: MessageVectors | None = None) -> UUID: ...

    async def find_by_call(self, domain_uuid: UUID, call_uuid: UUID) -> UUID | None: ...


class Tickets(Protocol):
    """`conversations.stream_tickets.StreamTickets`."""

    async def issue(self, state: CallState, channel_uuid: UUID, options: StreamOptions) -> str: ...

    async def is_taken(self, domain_uuid: UUID, call_uuid: UUID) -> bool: ...

    async def withdraw(self, domain_uuid: UUID, call_uuid: UUID) -> bool: ...

    async def note_ending(self, domain_uuid: UUID, call_uuid: UUID, ending: Ending) -> bool: ...


class ToolBoxes(Protocol):
    async def for_turn(self, tenant: Tenant) -> ToolBox:
        """What the model may do in turn mode beyond the dialogue's own. Raises nothing."""
        ...


@dataclass(frozen=True, slots=True)
class TurnModeParts:
    directory: CallDirectory
    limiter: ConcurrencyLimiter
    sessions: CallSessions
    store: ConversationStore
    factory: ProviderFactory
    dialogue: Dialogue
    passages: PassageSource | None
    tools: ToolBoxes
    speech: Speech
    utterances: UtteranceReader
    replies: ReplyAudio
    folders: CallFolders
    answers: Cache
    locks: CallLocks
    served: ServedCalls
    metrics: Metrics
    tracer: CallTracer
    clock: Clock
    process_name: str
    folders_are_shared: bool
    """The PBX sees the calls' folders under the same path."""
    tickets: Tickets
    budgets: Budgets
    bridge_url: str | None = None
    """Where PBXs reach the bridge; None: every call is in turn mode."""
