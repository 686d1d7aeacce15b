"""The parts that the routers speak to, made by the composition root."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Protocol, cast

from fastapi import Depends, Request

from voice_ai_service.calls.repository import SecretaryRepository
from voice_ai_service.calls.secretary_book import SecretaryBook
from voice_ai_service.calls.transfer_repository import DestinationRepository, RuleRepository
from voice_ai_service.conversations.live_calls import LiveCalls
from voice_ai_service.conversations.recordings import Recordings
from voice_ai_service.conversations.repository import ConversationRepository, Ledger
from voice_ai_service.conversations.retention import Retention
from voice_ai_service.crm.outbox import Outbox
from voice_ai_service.crm.webhooks import WebhookRepository
from voice_ai_service.db.pool import Database
from voice_ai_service.dialogue.dialogue import Dialogue
from voice_ai_service.knowledge.document_repository import DocumentRepository
from voice_ai_service.knowledge.originals import Originals
from voice_ai_service.knowledge.search import KnowledgeSearch
from voice_ai_service.metrics import Metrics
from voice_ai_service.providers.factory import ProviderFactory
from voice_ai_service.providers.registry import ProviderRegistry
from voice_ai_service.providers.rows import ProviderRepository
from voice_ai_service.readiness import Readiness
from voice_ai_service.tenancy.domains import Domains
from voice_ai_service.tenancy.door import Door
from voice_ai_service.tenancy.limits import ConcurrencyLimiter
from voice_ai_service.tenancy.tokens import Tokens
from voice_ai_service.turn_mode.finish import Finish, NoteEvent
from voice_ai_service.turn_mode.greetings import Greetings
from voice_ai_service.turn_mode.parts import TurnModeParts
from voice_ai_service.turn_mode.refuse import Refuse
from voice_ai_service.turn_mode.set_up import SetUp
from voice_ai_service.turn_mode.take_turn import TakeTurn


class Sealer(Protocol):
    def seal(self, text: str, /) -> str: ...

    def open(self, sealed: str, /) -> str: ...


@dataclass(frozen=True, slots=True)
class Service:
    database: Database
    limiter: ConcurrencyLimiter
    retention: Retention
    recordings: Recordings
    door: Door
    domains: Domains
    tokens: Tokens
    secretaries: SecretaryRepository
    destinations: DestinationRepository
    rules: RuleRepository
    book: SecretaryBook
    live_calls: LiveCalls
    conversations: ConversationRepository
    ledger: Ledger
    webhooks: WebhookRepository
    outbox: Outbox
    registry: ProviderRegistry
    providers: ProviderRepository
    factory: ProviderFactory
    sealer: Sealer
    dialogue: Dialogue
    knowledge: KnowledgeSearch
    documents: DocumentRepository
    originals: Originals
    turn_mode: TurnModeParts
    greetings: Greetings
    metrics: Metrics
    readiness: Readiness

    @property
    def set_up(self) -> SetUp:
        return SetUp(self.turn_mode)

    @property
    def refuse(self) -> Refuse:
        return Refuse(self.turn_mode)

    @property
    def take_turn(self) -> TakeTurn:
        return TakeTurn(self.turn_mode)

    @property
    def note_event(self) -> NoteEvent:
        return NoteEvent(self.turn_mode)

    @property
    def finish(self) -> Finish:
        return Finish(self.turn_mode)


async def service_of(request: Request) -> Service:
    """Async although it waits for nothing: a plain function would run in a thread, once a request."""
    return cast(Service, request.app.state.service)


Parts = Annotated[Service, Depends(service_of)]
