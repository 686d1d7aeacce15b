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
from voice_ai_service.calls.secretary_book import SecretaryBook
from voice_ai_service.calls.transfer_repository import DestinationRepository, RuleRepository
from voice_ai_service.clock import Clock
from voice_ai_service.conversations.call_folder import CallFolders
from voice_ai_service.conversations.live_calls import LiveCalls
from voice_ai_service.conversations.recordings import Recordings
from voice_ai_service.conversations.repository import ConversationRepository
from voice_ai_service.conversations.retention import Retention
from voice_ai_service.conversations.sessions import CallSessions
from voice_ai_service.crm.outbox import CallCompletedAnnouncement, Outbox
from voice_ai_service.crm.webhooks import WebhookRepository
from voice_ai_service.db.cache import Cache, MemoryCache, RedisCache
from voice_ai_service.db.pool import Database, PoolOptions
from voice_ai_service.db.redis import SharedRedis
from voice_ai_service.dialogue.dialogue import Dialogue
from voice_ai_service.dialogue.model_responder import ModelResponder
from voice_ai_service.errors import InvalidInput, Unavailable
from voice_ai_service.jobs.process import WorkerParts
from voice_ai_service.knowledge.document_repository import DocumentRepository
from voice_ai_service.knowledge.originals import Originals
from voice_ai_service.knowledge.search import KnowledgeSearch
from voice_ai_service.knowledge.stores import DatabaseVectorStore
from voice_ai_service.metrics import Metrics
from voice_ai_service.observation import PhraseCacheMetrics, ProviderMetrics
from voice_ai_service.providers.catalogue import load_registry
from voice_ai_service.providers.entry import ProviderContext
from voice_ai_service.providers.factory import ProviderFactory
from voice_ai_service.providers.registry import ProviderRegistry
from voice_ai_service.providers.rows import ProviderRepository
from voice_ai_service.providers.tts.cache import PhraseCache
from voice_ai_service.readiness import Readiness
from voice_ai_service.settings import Settings
from voice_ai_service.tenancy.domains import Domains
from voice_ai_service.tenancy.door import Door, DoorParts
from voice_ai_service.tenancy.jwt import JwtIssuer, JwtVerifier
from voice_ai_service.tenancy.limits import (
    ConcurrencyLimiter,
    MemoryConcurrencyLimiter,
    MemoryRateLimiter,
    RateLimiter,
    RedisConcurrencyLimiter,
    RedisRateLimiter,
)
from voice_ai_service.tenancy.sealing import load_sealer
from voice_ai_service.tenancy.tokens import Tokens, TokenUse
from voice_ai_service.tracing import CallTracer, NoTracer, OtelTracer
from voice_ai_service.turn_mode.call_locks import CallLocks
from voice_ai_service.turn_mode.greetings import Greetings
from voice_ai_service.turn_mode.parts import TurnModeParts
from voice_ai_service.turn_mode.reply_audio import ReplyAudio
from voice_ai_service.turn_mode.served_calls import ServedCalls
from voice_ai_service.turn_mode.speech import Speech
from voice_ai_service.turn_mode.utterance_audio import UtteranceReader

log = structlog.get_logger()

_MAX_UTTERANCE_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Shared:
    """What all processes of an installation share through Redis, or what this one has for itself."""

    rate: RateLimiter
    concurrency: ConcurrencyLimiter
    cache: Cache


@asynccontextmanager
async def open_service(settings: Settings, metrics: Metrics, clock: Clock) -> AsyncIterator[Service]:
    """Opens everything in order and closes it in the opposite order.

    Raises:
        InvalidInput: settings that contradict themselves.
        Unavailable: the database is not there, or is not migrated.
    """
    async with AsyncExitStack() as stack:
        database = await _database(settings, stack)
        sealer = await asyncio.to_thread(load_sealer, settings)
        shared = await _shared(settings, clock, stack)
        registry = await _registry(settings, clock)
        provider_rows = ProviderRepository(database)
        factory = ProviderFactory(registry, provider_rows, sealer, observer=ProviderMetrics(metrics))
        stack.push_async_callback(factory.aclose)
        phrases = PhraseCache(settings.tts_cache_bytes, PhraseCacheMetrics(metrics))
        stack.push_async_callback(phrases.aclose)
        tracer = _tracer(settings)
        stack.callback(tracer.close)

        live_calls = LiveCalls(database)
        sessions = await stack.enter_async_context(CallSessions(live_calls, shared.cache, clock))
        recordings = Recordings(settings.data_dir / "recordings")
        folders = _folders(settings, recordings)
        conversation_rows = ConversationRepository(database, [CallCompletedAnnouncement()])
        book = SecretaryBook(database, clock)
        knowledge = KnowledgeSearch(database, DatabaseVectorStore(database), factory)
        stack.push_async_callback(knowledge.aclose)
        dialogue = Dialogue(clock, with_model=ModelResponder(clock))
        served = ServedCalls(clock)
        metrics.live_calls.labels("turn").set_function(served.count)
        parts = TurnModeParts(
            directory=book,
            limiter=shared.concurrency,
            sessions=sessions,
            store=conversation_rows,
            factory=factory,
            dialogue=dialogue,
            passages=knowledge,
            speech=Speech(factory, phrases),
            utterances=UtteranceReader(folders, _MAX_UTTERANCE_BYTES),
            replies=ReplyAudio(shared.cache, folders),
            folders=folders,
            answers=shared.cache,
            locks=CallLocks(),
            served=served,
            metrics=metrics,
            tracer=tracer,
            clock=clock,
            process_name=f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}",
            folders_are_shared=settings.shared_audio_dir is not None,
        )
        door_tokens = Tokens(database)
        use = TokenUse(door_tokens, clock)
        domains = Domains(database, clock)
        jwt = await _jwt(settings, clock, stack)
        door = Door(
            DoorParts(
                tokens=door_tokens,
                use=use,
                domains=domains,
                clock=clock,
                jwt=jwt,
                rate=shared.rate,
                fixed_token=settings.service_token.get_secret_value() if settings.service_token else None,
            )
        )
        service = Service(
            database=database,
            limiter=shared.concurrency,
            retention=Retention(
                database,
                recordings,
                folders,
                clock,
                default_days=settings.retention_days,
                sessions=sessions,
            ),
            door=door,
            domains=domains,
            tokens=door_tokens,
            secretaries=SecretaryRepository(database),
            destinations=DestinationRepository(database),
            rules=RuleRepository(database),
            book=book,
            live_calls=live_calls,
            conversations=conversation_rows,
            webhooks=WebhookRepository(database, sealer, clock, settings.private_networks),
            outbox=Outbox(database),
            registry=registry,
            providers=provider_rows,
            factory=factory,
            sealer=sealer,
            dialogue=dialogue,
            knowledge=knowledge,
            documents=DocumentRepository(database, _originals(settings)),
            originals=_originals(settings),
            turn_mode=parts,
            greetings=Greetings(parts),
            metrics=metrics,
            readiness=_readiness(database, registry, sessions, settings),
        )
        background = await stack.enter_async_context(_Background())
        background.start("token use", use.run())
        if jwt is not None:
            background.start("jwt keys", jwt.run())
        background.start("warm-up", _warm_up(service))
        log.info("service open", version=__version__)
        yield service


@asynccontextmanager
async def open_knowledge(settings: Settings, clock: Clock) -> AsyncIterator[tuple[Domains, KnowledgeSearch]]:
    """The search alone, for commands: no speech, no sessions. Raises InvalidInput, Unavailable."""
    async with AsyncExitStack() as stack:
        database = await _database(settings, stack)
        sealer = await asyncio.to_thread(load_sealer, settings)
        factory = ProviderFactory(await _registry(settings, clock), ProviderRepository(database), sealer)
        stack.push_async_callback(factory.aclose)
        knowledge = KnowledgeSearch(database, DatabaseVectorStore(database), factory)
        stack.push_async_callback(knowledge.aclose)
        yield Domains(database, clock), knowledge


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
    )


@asynccontextmanager
async def open_worker_parts(settings: Settings, metrics: Metrics, clock: Clock) -> AsyncIterator[WorkerParts]:
    """What a worker in a process of its own needs. Raises InvalidInput, Unavailable."""
    async with AsyncExitStack() as stack:
        database = await _database(settings, stack)
        shared = await _shared(settings, clock, stack)
        recordings = Recordings(settings.data_dir / "recordings")
        folders = _folders(settings, recordings)
        sealer = await asyncio.to_thread(load_sealer, settings)
        registry = await _registry(settings, clock)
        factory = ProviderFactory(
            registry, ProviderRepository(database), sealer, observer=ProviderMetrics(metrics)
        )
        stack.push_async_callback(factory.aclose)
        originals = _originals(settings)
        yield WorkerParts(
            database=database,
            sealer=sealer,
            limiter=shared.concurrency,
            folders=folders,
            retention=Retention(database, recordings, folders, clock, default_days=settings.retention_days),
            metrics=metrics,
            clock=clock,
            documents=DocumentRepository(database, originals),
            originals=originals,
            embeddings=factory,
            domains=Domains(database, clock),
        )


async def _database(settings: Settings, stack: AsyncExitStack) -> Database:
    if settings.database_url is None:
        raise InvalidInput(
            "There is no database", field="VOICE_AI_DATABASE_URL", fix="Set it, or use `voice-ai up`"
        )
    database = await Database.connect(
        settings.database_url.get_secret_value(), PoolOptions(size=settings.database_pool_size)
    )
    stack.push_async_callback(database.close)
    return database


def _folders(settings: Settings, recordings: Recordings) -> CallFolders:
    return CallFolders(settings.calls_dir, recordings, shared=settings.shared_audio_dir is not None)


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


async def _shared(settings: Settings, clock: Clock, stack: AsyncExitStack) -> _Shared:
    if settings.redis_url is None:
        return _Shared(MemoryRateLimiter(clock), MemoryConcurrencyLimiter(clock), MemoryCache(clock))
    redis = SharedRedis(settings.redis_url.get_secret_value(), clock)
    stack.push_async_callback(redis.close)
    return _Shared(RedisRateLimiter(redis, clock), RedisConcurrencyLimiter(redis, clock), RedisCache(redis))


async def _registry(settings: Settings, clock: Clock) -> ProviderRegistry:
    keys = {
        name: secret.get_secret_value()
        for name, secret in (
            ("openai", settings.openai_api_key),
            ("anthropic", settings.anthropic_api_key),
        )
        if secret is not None and secret.get_secret_value()
    }
    context = ProviderContext(
        models_dir=settings.data_dir / "models",
        allowed_networks=settings.private_networks,
        clock=clock,
        default_secrets=keys,
        processes=settings.speech_processes,
    )
    return await asyncio.to_thread(load_registry, context)


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


def _tracer(settings: Settings) -> CallTracer:
    return NoTracer() if settings.tracing_endpoint is None else OtelTracer(settings.tracing_endpoint)


def _readiness(
    database: Database, registry: ProviderRegistry, sessions: CallSessions, settings: Settings
) -> Readiness:
    async def journal() -> None:
        if not sessions.alive or sessions.unjournalled:
            raise Unavailable(
                "Live calls are not journalled: a restart would lose them",
                fix="Look for the database's errors in the log, then restart this process",
            )

    async def embedded() -> None:
        for entry in registry.listing():
            if entry.name == "embedded" and entry.unavailable is not None:
                raise Unavailable("The embedded speech engines cannot run", fix=entry.unavailable)

    async def disk() -> None:
        await asyncio.to_thread(_writable, settings)

    return Readiness(
        required={"database": database.ping, "disk": disk},
        optional={"embedded speech": embedded, "journal": journal},
    )


def _writable(settings: Settings) -> None:
    stats = os.statvfs(settings.data_dir)
    if stats.f_bavail * stats.f_frsize < 64 * 1024 * 1024:
        raise Unavailable(
            "Less than 64 MB are free where calls are kept",
            field="VOICE_AI_DATA_DIR",
            fix="Make room, or shorten VOICE_AI_RETENTION_DAYS",
        )


async def _warm_up(service: Service) -> None:
    """Engines first, then what the callers of each domain hear first; calls are served meanwhile."""
    await service.factory.warm()
    for domain_uuid in await service.domains.with_secretaries():
        tenant = await service.domains.by_uuid(domain_uuid)
        for secretary in await service.secretaries.list(tenant.domain_uuid):
            if secretary.published_version is not None and secretary.draft.enabled:
                await service.greetings.warm(tenant, secretary.draft.extension)
