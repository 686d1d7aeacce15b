"""The background work put together, beside a service or in a process of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from voice_ai_service.calls.secretary_book import SecretaryBook
from voice_ai_service.clock import Clock
from voice_ai_service.conversations.call_folder import CallFolders
from voice_ai_service.conversations.live_calls import LiveCalls
from voice_ai_service.conversations.repository import ConversationRepository, Ledger
from voice_ai_service.conversations.retention import Retention
from voice_ai_service.crm.delivery import Delivery
from voice_ai_service.crm.outbox import CallCompletedAnnouncement, Outbox
from voice_ai_service.crm.webhooks import Sealer, WebhookRepository
from voice_ai_service.db.pool import Database
from voice_ai_service.jobs.abandoned_calls import AbandonedCalls
from voice_ai_service.jobs.deliveries import Deliveries
from voice_ai_service.jobs.document_models import DocumentModels
from voice_ai_service.jobs.document_work import DocumentWorker
from voice_ai_service.jobs.folder_sweep import FolderSweep
from voice_ai_service.jobs.worker import Periodic, Worker
from voice_ai_service.knowledge.document_jobs import DocumentJobs
from voice_ai_service.knowledge.document_repository import DocumentRepository
from voice_ai_service.knowledge.files.process import DocumentReader
from voice_ai_service.knowledge.originals import Originals
from voice_ai_service.knowledge.processing import DocumentProcessing
from voice_ai_service.metrics import Metrics
from voice_ai_service.net.transport import guarded_client
from voice_ai_service.providers.factory import ProviderFactory
from voice_ai_service.settings import Settings
from voice_ai_service.tenancy.domains import Domains
from voice_ai_service.tenancy.limits import ConcurrencyLimiter

_MINUTE_S: Final = 60.0
_HOUR_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class WorkerParts:
    database: Database
    sealer: Sealer
    limiter: ConcurrencyLimiter
    folders: CallFolders
    retention: Retention
    metrics: Metrics
    clock: Clock
    documents: DocumentRepository
    originals: Originals
    embeddings: ProviderFactory
    domains: Domains
    ledger: Ledger


@asynccontextmanager
async def running_worker(settings: Settings, parts: WorkerParts) -> AsyncIterator[Worker]:
    """Works while the block runs; leaving it finishes what has begun."""
    client = guarded_client(settings.private_networks, timeout_s=settings.webhook_timeout_s)
    async with client:
        outbox = Outbox(parts.database)
        webhooks = WebhookRepository(parts.database, parts.sealer, parts.clock, settings.private_networks)
        delivery = Delivery(outbox, webhooks, client, parts.clock, timeout_s=settings.webhook_timeout_s)
        deliveries = Deliveries(outbox, delivery, parts.metrics)
        documents = document_worker(parts)
        worker = Worker([deliveries, documents, *_periodic(settings, parts, deliveries)], parts.clock)
        running = asyncio.create_task(worker.run(), name="worker")
        try:
            yield worker
        finally:
            worker.stop()
            await running


def document_worker(parts: WorkerParts) -> DocumentWorker:
    jobs = DocumentJobs(parts.database)
    processing = DocumentProcessing(
        jobs, parts.documents, parts.originals, DocumentReader(), parts.embeddings, parts.domains, parts.clock
    )
    return DocumentWorker(jobs, processing, parts.metrics)


def _periodic(settings: Settings, parts: WorkerParts, deliveries: Deliveries) -> list[Periodic]:
    journal = LiveCalls(parts.database)
    conversations = ConversationRepository(parts.database, [CallCompletedAnnouncement()], ledger=parts.ledger)
    abandoned = AbandonedCalls(
        journal,
        conversations,
        SecretaryBook(parts.database, parts.clock),
        parts.limiter,
        parts.folders,
        parts.metrics,
        unheard_of_s=settings.abandoned_call_s,
    )
    sweep = FolderSweep(parts.folders, journal, conversations, parts.clock)
    models = DocumentModels(DocumentJobs(parts.database), parts.documents, parts.embeddings)
    return [
        Periodic("outbox depth", deliveries.observe_depth, every_s=15.0),
        Periodic("abandoned calls", abandoned.close_all, every_s=_MINUTE_S, first_after_s=5.0),
        Periodic("retention", parts.retention.purge_all, every_s=24 * _HOUR_S, first_after_s=10 * _MINUTE_S),
        Periodic("call folders", sweep.sweep, every_s=_HOUR_S, first_after_s=15 * _MINUTE_S),
        Periodic("document models", models.follow, every_s=_MINUTE_S, first_after_s=5.0),
        Periodic("document files", parts.documents.sweep, every_s=6 * _HOUR_S, first_after_s=20 * _MINUTE_S),
    ]
