"""What every process that takes calls stands on: database, providers, knowledge, live calls, the brain.

The service and the bridge build upon it; nothing here knows HTTP routes, turn mode or the audio socket.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from voice_ai_service.calls.secretary_book import SecretaryBook
from voice_ai_service.clock import Clock
from voice_ai_service.conversations.call_folder import CallFolders
from voice_ai_service.conversations.live_calls import LiveCalls
from voice_ai_service.conversations.recordings import Recordings
from voice_ai_service.conversations.repository import ConversationRepository
from voice_ai_service.conversations.s3_store import store_of
from voice_ai_service.conversations.sessions import CallSessions
from voice_ai_service.conversations.spending import Spending, StoredCosts
from voice_ai_service.crm.outbox import CallCompletedAnnouncement
from voice_ai_service.crm.tickets import Tickets
from voice_ai_service.db.cache import Cache, MemoryCache, RedisCache
from voice_ai_service.db.pool import Database, PoolOptions
from voice_ai_service.db.redis import SharedRedis
from voice_ai_service.dialogue.dialogue import Dialogue
from voice_ai_service.dialogue.errands import Errands
from voice_ai_service.dialogue.model_responder import ModelResponder
from voice_ai_service.dialogue.moderation import BlockedWords, Moderator
from voice_ai_service.errors import InvalidInput, Unavailable
from voice_ai_service.knowledge.chroma_index import ChromaServer
from voice_ai_service.knowledge.search import KnowledgeSearch
from voice_ai_service.knowledge.stores import KeptVectors, StoreChoice, open_store
from voice_ai_service.metrics import Metrics
from voice_ai_service.observation import PhraseCacheMetrics, ProviderMetrics
from voice_ai_service.providers.catalogue import load_registry
from voice_ai_service.providers.entry import ProviderContext
from voice_ai_service.providers.factory import ProviderFactory
from voice_ai_service.providers.moderation import NobodyModerates, open_moderator
from voice_ai_service.providers.prices import read_prices
from voice_ai_service.providers.registry import ProviderRegistry
from voice_ai_service.providers.rows import ProviderRepository
from voice_ai_service.providers.tts.cache import PhraseCache
from voice_ai_service.readiness import Readiness
from voice_ai_service.settings import Settings
from voice_ai_service.tenancy.budget import Standing
from voice_ai_service.tenancy.domains import Domains
from voice_ai_service.tenancy.limits import (
    ConcurrencyLimiter,
    MemoryConcurrencyLimiter,
    MemoryRateLimiter,
    RateLimiter,
    RedisConcurrencyLimiter,
    RedisRateLimiter,
)
from voice_ai_service.tenancy.sealing import Sealer, load_sealer
from voice_ai_service.tenancy.tenant import PBX_REACH, Tenant
from voice_ai_service.tracing import CallTracer, NoTracer, OtelTracer


@dataclass(frozen=True, slots=True)
class Shared:
    """What all processes of an installation share through Redis, or what this one has for itself."""

    rate: RateLimiter
    concurrency: ConcurrencyLimiter
    cache: Cache


@dataclass(frozen=True, slots=True)
class Foundation:
    database: Database
    sealer: Sealer
    shared: Shared
    registry: ProviderRegistry
    provider_rows: ProviderRepository
    factory: ProviderFactory
    phrases: PhraseCache
    tracer: CallTracer
    live_calls: LiveCalls
    sessions: CallSessions
    recordings: Recordings
    folders: CallFolders
    conversations: ConversationRepository
    spending: Spending
    domains: Domains
    book: SecretaryBook
    knowledge: KnowledgeSearch
    vectors: KeptVectors
    dialogue: Dialogue
    tickets: Tickets
    errands: Errands


@asynccontextmanager
async def open_foundation(settings: Settings, metrics: Metrics, clock: Clock) -> AsyncIterator[Foundation]:
    """Opens everything in order and closes it in the opposite order.

    Raises:
        InvalidInput: settings that contradict themselves.
        Unavailable: the database is not there, or is not migrated.
    """
    async with AsyncExitStack() as stack:
        database = await open_database(settings, stack)
        sealer = await asyncio.to_thread(load_sealer, settings)
        shared = await open_shared(settings, clock, stack)
        registry = await open_registry(settings, clock)
        provider_rows = ProviderRepository(database)
        domains = Domains(database, clock)
        prices = await asyncio.to_thread(read_prices, registry, settings.prices_file)
        spending = Spending(StoredCosts(database), prices, clock)
        # A process that does not know this month's figures yet would spend beyond every budget.
        await spending.refresh()
        factory = ProviderFactory(
            registry,
            provider_rows,
            sealer,
            observer=ProviderMetrics(metrics),
            own_words=domains,
            allowances=DomainAllowances(domains, spending),
            prices=prices,
        )
        stack.push_async_callback(factory.aclose)
        phrases = PhraseCache(settings.tts_cache_bytes, PhraseCacheMetrics(metrics))
        stack.push_async_callback(phrases.aclose)
        tracer = _tracer(settings)
        stack.callback(tracer.close)
        live_calls = LiveCalls(database)
        sessions = await stack.enter_async_context(CallSessions(live_calls, shared.cache, clock))
        recordings = Recordings(settings.data_dir / "recordings", await asyncio.to_thread(store_of, settings))
        vectors = open_store(database, store_choice(settings))
        stack.push_async_callback(vectors.aclose)
        knowledge = KnowledgeSearch(database, vectors, factory)
        stack.push_async_callback(knowledge.aclose)
        moderators = (BlockedWords(), await _moderator(settings, clock, stack))
        errands = Errands()
        stack.push_async_callback(errands.aclose)
        yield Foundation(
            database=database,
            sealer=sealer,
            shared=shared,
            registry=registry,
            provider_rows=provider_rows,
            factory=factory,
            phrases=phrases,
            tracer=tracer,
            live_calls=live_calls,
            sessions=sessions,
            recordings=recordings,
            folders=call_folders(settings, recordings),
            conversations=ConversationRepository(database, [CallCompletedAnnouncement()], ledger=spending),
            spending=spending,
            domains=domains,
            book=SecretaryBook(database, clock),
            knowledge=knowledge,
            vectors=vectors,
            dialogue=Dialogue(
                clock, with_model=ModelResponder(clock), budgets=spending, moderators=moderators
            ),
            tickets=Tickets(database, clock),
            errands=errands,
        )


@dataclass(frozen=True, slots=True)
class DomainAllowances:
    """`providers.factory.Allowances`."""

    domains: Domains
    spending: Spending

    async def tenant(self, domain_uuid: UUID) -> Tenant:
        if domain_uuid == PBX_REACH:  # a caller of no domain is told so, in the embedded voice
            return Tenant(PBX_REACH, "")
        return await self.domains.by_uuid(domain_uuid)

    def standing(self, tenant: Tenant) -> Standing:
        return self.spending.standing(tenant)


async def _moderator(settings: Settings, clock: Clock, stack: AsyncExitStack) -> Moderator:
    if settings.moderation_url is None:
        return NobodyModerates()
    key = settings.moderation_key.get_secret_value() if settings.moderation_key else None
    moderator = await open_moderator(settings.moderation_url, key, settings.moderation_model, clock)
    stack.push_async_callback(moderator.aclose)
    return moderator


async def open_database(settings: Settings, stack: AsyncExitStack) -> Database:
    if settings.database_url is None:
        raise InvalidInput(
            "There is no database", field="VOICE_AI_DATABASE_URL", fix="Set it, or use `voice-ai up`"
        )
    database = await Database.connect(
        settings.database_url.get_secret_value(), PoolOptions(size=settings.database_pool_size)
    )
    stack.push_async_callback(database.close)
    return database


def call_folders(settings: Settings, recordings: Recordings) -> CallFolders:
    return CallFolders(settings.calls_dir, recordings, shared=settings.shared_audio_dir is not None)


async def open_shared(settings: Settings, clock: Clock, stack: AsyncExitStack) -> Shared:
    if settings.redis_url is None:
        return Shared(MemoryRateLimiter(clock), MemoryConcurrencyLimiter(clock), MemoryCache(clock))
    redis = SharedRedis(settings.redis_url.get_secret_value(), clock)
    stack.push_async_callback(redis.close)
    return Shared(RedisRateLimiter(redis, clock), RedisConcurrencyLimiter(redis, clock), RedisCache(redis))


def store_choice(settings: Settings) -> StoreChoice:
    token = settings.chroma_token.get_secret_value() if settings.chroma_token else None
    chroma = None if settings.chroma_url is None else ChromaServer(settings.chroma_url, token)
    return StoreChoice(settings.vector_store, settings.data_dir / "vectors", chroma)


async def open_registry(settings: Settings, clock: Clock) -> ProviderRegistry:
    keys = {
        name: secret.get_secret_value()
        for name, secret in (
            ("openai", settings.openai_api_key),
            ("anthropic", settings.anthropic_api_key),
            ("elevenlabs", settings.elevenlabs_api_key),
            ("gemini", settings.gemini_api_key),
            ("groq", settings.groq_api_key),
            ("xai", settings.xai_api_key),
            ("mistral", settings.mistral_api_key),
            ("openrouter", settings.openrouter_api_key),
            ("cohere", settings.cohere_api_key),
            ("voyage", settings.voyage_api_key),
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


def _tracer(settings: Settings) -> CallTracer:
    return NoTracer() if settings.tracing_endpoint is None else OtelTracer(settings.tracing_endpoint)


def readiness(
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
