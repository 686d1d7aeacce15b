"""Documents made ready in the background: a few at once, no tenant's pile holding up the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Protocol
from uuid import UUID

import structlog

from voice_ai_service.errors import Unavailable, VoiceAiError
from voice_ai_service.jobs.stopping import Stopping
from voice_ai_service.knowledge.document_jobs import DocumentClaim
from voice_ai_service.knowledge.processing import Outcome
from voice_ai_service.metrics import Metrics

_log = structlog.get_logger()


class Queue(Protocol):
    async def claim(self, max_rows: int, busy: Collection[UUID]) -> list[DocumentClaim]: ...

    async def release(self, claim: DocumentClaim) -> None: ...


class Processing(Protocol):
    async def process(self, claim: DocumentClaim) -> Outcome: ...


@dataclass(frozen=True, slots=True)
class DocumentWorkOptions:
    """
    Attributes:
        at_once: Documents under way in this process, each of another tenant, each with a reading process.
        poll_s: Pause while nothing is due.
    """

    at_once: int = 2
    poll_s: float = 1.0


class DocumentWorker:
    """A job of `Worker`. What is under way when it stops is put back, and begins again at the next start."""

    name = "documents"

    def __init__(
        self,
        queue: Queue,
        processing: Processing,
        metrics: Metrics,
        options: DocumentWorkOptions | None = None,
        *,
        random: Random | None = None,
    ) -> None:
        self._queue = queue
        self._processing = processing
        self._metrics = metrics
        self._options = options or DocumentWorkOptions()
        self._random = random or Random()  # noqa: S311  jitter
        self._under_way: dict[UUID, asyncio.Task[None]] = {}
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Something was queued in this process, or a place became free: look now."""
        self._woken.set()

    async def run(self, stopping: Stopping, progress: Callable[[], None]) -> None:
        try:
            while not stopping.requested:
                self._woken.clear()
                free = self._options.at_once - len(self._under_way)
                taken = await self._take(free) if free > 0 else 0
                progress()
                if free == 0 or taken < free:
                    pause_s = self._options.poll_s * self._random.uniform(0.8, 1.2)
                    await stopping.pause(pause_s, self._woken)
        finally:
            tasks = list(self._under_way.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _take(self, free: int) -> int:
        claims = await self._queue.claim(free, self._under_way.keys())
        for claim in claims:
            task = asyncio.create_task(self._process(claim), name=f"document {claim.document_uuid}")
            self._under_way[claim.domain_uuid] = task
        return len(claims)

    async def _process(self, claim: DocumentClaim) -> None:
        known = {"domain_uuid": str(claim.domain_uuid), "document_uuid": str(claim.document_uuid)}
        try:
            outcome = await self._processing.process(claim)
            self._metrics.documents.labels(outcome.value).inc()
            if outcome is not Outcome.READY:
                _log.warning("a document is not ready", outcome=outcome.value, attempt=claim.attempt, **known)
        except asyncio.CancelledError:
            with suppress(Unavailable):  # without a database the lease runs out by itself
                await self._queue.release(claim)
            raise
        except VoiceAiError as error:
            _log.error("a document's outcome was not written down", code=error.code, **known)
        except Exception as error:  # noqa: BLE001  the document's border: the lease runs out, and the try counts
            _log.error("processing a document broke off", exc_info=error, **known)
        finally:
            del self._under_way[claim.domain_uuid]
            self._woken.set()
