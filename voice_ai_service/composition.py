"""The composition root: settings become the service's parts. Nothing else names concrete ones."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx
import structlog

from voice_ai_service import __version__
from voice_ai_service.api.service import Service
from voice_ai_service.calls.repository import SecretaryRepository
from voice_ai_service.calls.transfer_repository import DestinationRepository, RuleRepository
from voice_ai_service.clock import Clock
from voice_ai_service.conversations.recordings import Recordings
from voice_ai_service.conversations.retention import Retention
from voice_ai_service.conversations.s3_store import store_of
from voice_ai_service.conversations.spending import Spending, StoredCosts
from voice_ai_service.conversations.stream_tickets import StreamTickets
from voice_ai_service.crm.outbox import Outbox
from voice_ai_service.crm.tickets import TicketTools
from voice_ai_service.crm.webhooks import WebhookRepository
from voice_ai_service.errors import InvalidInput
from voice_ai_service.foundation import (
    call_folders,
    open_database,
    open_foundation,
    open_registry,
    open_shared,
    readiness,
    store_choice,
)
from voice_ai_service.jobs.process import WorkerParts
from voice_ai_service.knowledge.document_repository import DocumentRepository
from voice_ai_service.knowledge.originals import Originals
from voice_ai_service.knowledge.search import KnowledgeSearch
from voice_ai_service.knowledge.stores import open_store
from voice_ai_service.metrics import Metrics
from voice_ai_service.observation import ProviderMetrics
from voice_ai_service.providers.cost import PriceList
from voice_ai_service.providers.factory import ProviderFactory
from voice_ai_service.providers.prices import read_prices
from voice_ai_service.providers.rows import ProviderRepository
from voice_ai_service.settings import Settings
from voice_ai_service.speech.speech import Speech
from voice_ai_service.tenancy.domains import Domains
from voice_ai_service.tenancy.door import Door, DoorParts
from voice_ai_service.tenancy.jwt import JwtIssuer, JwtVerifier
from voice_ai_service.tenancy.sealing import load_sealer
from voice_ai_service.tenancy.tokens import Tokens, TokenUse
from voice_ai_service.turn_mode.call_locks import CallLocks
from voice_ai_service.turn_mode.greetings import Greetings
from voice_ai_service.turn_mode.parts import TurnModeParts
from voice_ai_service.turn_mode.reply_audio import ReplyAudio
from voice_ai_service.turn_mode.served_calls import ServedCalls
from voice_ai_service.turn_mode.utterance_audio import UtteranceReader

log = structlog.get_logger()

_MAX_UTTERANCE_BYTES = 20 * 1024 * 1024


@asynccontextmanager
async def open_service(settings: Settings, metrics: Metrics, clock: Clock) -> AsyncIterator[Service]:
    """Opens everything in order and closes it in the opposite order.

    Raises:
        InvalidInput: settings that contradict themselves.
        Unavailable: the database is not there, or is not migrated.
    """
    async with AsyncExitStack() as stack:
        base = await stack.enter_async_context(open_foundation(settings, metrics, clock))
        served = ServedCalls(clock)
        metrics.live_calls.labels("turn").set_function(served.count)
        parts = TurnModeParts(
            directory=base.book,
            limiter=base.shared.concurrency,
            sessions=base.sessions,
            store=base.conversations,
            factory=base.factory,
            dialogue=base.dialogue,
            passages=base.knowledge,
            tools=TicketTools(base.tickets, base.errands),
            speech=Speech(base.factory, base.phrases),
            utterances=UtteranceReader(base.folders, _MAX_UTTERANCE_BYTES),
            replies=ReplyAudio(base.shared.cache, base.folders),
            folders=base.folders,
            answers=base.shared.cache,
            locks=CallLocks(),
            served=served,
            metrics=metrics,
            tracer=base.tracer,
            clock=clock,
            process_name=f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}",
            folders_are_shared=settings.shared_audio_dir is not None,
            tickets=StreamTickets(base.database),
            budgets=base.spending,
            bridge_url=settings.bridge_public_url,
        )
        door_tokens = Tokens(base.database)
        use = TokenUse(door_tokens, clock)
        jwt = await _jwt(settings, clock, stack)
        door = Door(
            DoorParts(
                tokens=door_tokens,
                use=use,
                domains=base.domains,
                clock=clock,
                jwt=jwt,
                rate=base.shared.rate,
                fixed_token=settings.service_token.get_secret_value() if settings.service_token else None,
            )
        )
        service = Service(
            database=base.database,
            limiter=base.shared.concurrency,
            retention=Retention(
                base.database,
                base.recordings,
                base.folders,
                clock,
                default_days=settings.retention_days,
                sessions=base.sessions,
            ),
            recordings=base.recordings,
            door=door,
            domains=base.domains,
            tokens=door_tokens,
            secretaries=SecretaryRepository(base.database),
            destinations=DestinationRepository(base.database),
            rules=RuleRepository(base.database),
            book=base.book,
            live_calls=base.live_calls,
            conversations=base.conversations,
            ledger=base.spending,
            webhooks=WebhookRepository(base.database, base.sealer, clock, settings.private_networks),
            outbox=Outbox(base.database),
            registry=base.registry,
            providers=base.provider_rows,
            factory=base.factory,
            sealer=base.sealer,
            dialogue=base.dialogue,
            knowledge=base.knowledge,
            documents=DocumentRepository(base.database, _originals(settings), base.vectors),
            originals=_originals(settings),
            turn_mode=parts,
            greetings=Greetings(parts),
            metrics=metrics,
            readiness=readiness(base.database, base.registry, base.sessions, settings),
        )
        background = await stack.enter_async_context(_Background())
        background.start("token use", use.run())
        background.start("month's costs", base.spending.run())
        if jwt is not None:
            background.start("jwt keys", jwt.run())
        background.start("warm-up", _warm_up(service))
        log.info("service open", version=__version__)
        yield service


@asynccontextmanager
async def open_knowledge(settings: Settings, clock: Clock) -> AsyncIterator[tuple[Domains, KnowledgeSearch]]:
    """The search alone, for commands: no speech, no sessions. Raises InvalidInput, Unavailable."""
    async with AsyncExitStack() as stack:
        database = await open_database(settings, stack)
        sealer = await asyncio.to_thread(load_sealer, settings)
        factory = ProviderFactory(await open_registry(settings, clock), ProviderRepository(database), sealer)
        stack.push_async_callback(factory.aclose)
        vectors = open_store(database, store_choice(settings))
        stack.push_async_callback(vectors.aclose)
        knowledge = KnowledgeSearch(database, vectors, factory)
        stack.push_async_callback(knowledge.aclose)
        yield Domains(database, clock), knowledge


@dataclass(frozen=True, slots=True)
class ProviderParts:
    """What the commands about providers need."""

    factory: ProviderFactory
    rows: ProviderRepository
    prices: PriceList


@asynccontextmanager
async def open_providers(settings: Settings, clock: Clock) -> AsyncIterator[ProviderParts]:
    """The domains' providers alone, for commands. Raises InvalidInput, Unavailable."""
    async with AsyncExitStack() as stack:
        database = await open_database(settings, stack)
        sealer = await asyncio.to_thread(load_sealer, settings)
        registry = await open_registry(settings, clock)
        prices = await asyncio.to_thread(read_prices, registry, settings.prices_file)
        rows = ProviderRepository(database)
        factory = ProviderFactory(registry, rows, sealer, own_words=Domains(database, clock))
        stack.push_async_callback(factory.aclose)
        yield ProviderParts(factory, rows, prices)


def worker_parts(service: Service) -> WorkerParts:
    """What the worker beside a service shares with it."""
    return WorkerParts(
        database=service.database,
        sealer=service.sealer,
        limiter=service.limiter,
        folders=service.turn_mode.folders,
        retention=service.retention,
        metrics=service.metrics,
        clock=service.turn_mode.clock,
        documents=service.documents,
        originals=service.originals,
        embeddings=service.factory,
        domains=service.domains,
        ledger=service.ledger,
    )


@asynccontextmanager
async def open_worker_parts(settings: Settings, metrics: Metrics, clock: Clock) -> AsyncIterator[WorkerParts]:
    """What a worker in a process of its own needs. Raises InvalidInput, Unavailable."""
    async with AsyncExitStack() as stack:
        database = await open_database(settings, stack)
        shared = await open_shared(settings, clock, stack)
        recordings = Recordings(settings.data_dir / "recordings", await asyncio.to_thread(store_of, settings))
        folders = call_folders(settings, recordings)
        sealer = await asyncio.to_thread(load_sealer, settings)
        registry = await open_registry(settings, clock)
        factory = ProviderFactory(
            registry, ProviderRepository(database), sealer, observer=ProviderMetrics(metrics)
        )
        stack.push_async_callback(factory.aclose)
        originals = _originals(settings)
        vectors = open_store(database, store_choice(settings))
        stack.push_async_callback(vectors.aclose)
        prices = await asyncio.to_thread(read_prices, registry, settings.prices_file)
        yield WorkerParts(
            database=database,
            sealer=sealer,
            limiter=shared.concurrency,
            folders=folders,
            retention=Retention(database, recordings, folders, clock, default_days=settings.retention_days),
            metrics=metrics,
            clock=clock,
            documents=DocumentRepository(database, originals, vectors),
            originals=originals,
            embeddings=factory,
            domains=Domains(database, clock),
            ledger=Spending(StoredCosts(database), prices, clock),
        )


def _originals(settings: Settings) -> Originals:
    return Originals(settings.data_dir / "documents")


class _Background:
    """Tasks that live as long as the service: awaited at the end, their failures logged where they happen."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> _Background:
        return self

    def start(self, name: str, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(_report)
        self._tasks.append(task)

    async def __aexit__(self, *_exc: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("background task ended", task=task.get_name(), exc_info=error)


async def _jwt(settings: Settings, clock: Clock, stack: AsyncExitStack) -> JwtVerifier | None:
    if settings.jwt_jwks_url is None:
        return None
    if settings.jwt_issuer is None or settings.jwt_audience is None:
        raise InvalidInput(
            "A JWT issuer needs all of its settings",
            field="VOICE_AI_JWT_ISSUER" if settings.jwt_issuer is None else "VOICE_AI_JWT_AUDIENCE",
            fix="Set VOICE_AI_JWT_JWKS_URL, VOICE_AI_JWT_ISSUER and VOICE_AI_JWT_AUDIENCE together",
        )
    client = await stack.enter_async_context(httpx.AsyncClient(timeout=5.0, follow_redirects=False))
    issuer = JwtIssuer(
        settings.jwt_jwks_url, settings.jwt_issuer, settings.jwt_audience, settings.jwt_domain_claim
    )
    return JwtVerifier(issuer, client, clock)


async def _warm_up(service: Service) -> None:
    """Engines first, then what the callers of each domain hear first; calls are served meanwhile."""
    await service.factory.warm()
    for domain_uuid in await service.domains.with_secretaries():
        tenant = await service.domains.by_uuid(domain_uuid)
        for secretary in await service.secretaries.list(tenant.domain_uuid):
            if secretary.published_version is not None and secretary.draft.enabled:
                await service.greetings.warm(tenant, secretary.draft.extension)
