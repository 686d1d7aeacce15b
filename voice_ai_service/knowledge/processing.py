"""One document from its file to passages that can be found: read, cut, embedded, switched to."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol, TypeVar
from uuid import UUID

import structlog

from voice_ai_service.clock import Clock
from voice_ai_service.errors import ProviderError, VoiceAiError
from voice_ai_service.knowledge.chunking import Chunk, ChunkSizes
from voice_ai_service.knowledge.document_jobs import (
    ClaimLost,
    DocumentClaim,
    DocumentWork,
    EmbeddedChunks,
    NewVersion,
)
from voice_ai_service.knowledge.document_repository import DocumentRepository
from voice_ai_service.knowledge.files.child_messages import ReadDocument
from voice_ai_service.knowledge.files.process import DocumentReader
from voice_ai_service.knowledge.originals import Originals
from voice_ai_service.providers.chains import EmbeddingChain
from voice_ai_service.tenancy.tenant import Tenant

MAX_TRIES: Final = 8
FIRST_PAUSE_S: Final = 15.0
LONGEST_PAUSE_S: Final = 900.0
BATCH: Final = 32
"""Chunks embedded and written at once: small enough for a local engine not to hold up a call."""
BEAT_EVERY_S: Final = 2.0
EMBED_TIMEOUT_S: Final = 60.0
_READ_SHARE: Final = 40
"""Percent of the progress that reading is given; the rest is embedding."""

T = TypeVar("T")

_log = structlog.get_logger()


class Outcome(StrEnum):
    READY = "ready"
    ERROR = "error"
    RETRY = "retry"
    LOST = "lost"


class Jobs(Protocol):
    async def load(self, claim: DocumentClaim) -> DocumentWork: ...

    async def beat(self, claim: DocumentClaim, percent: int) -> None: ...

    async def add(self, claim: DocumentClaim, part: EmbeddedChunks) -> None: ...

    async def switch(self, claim: DocumentClaim, new: NewVersion) -> None: ...

    async def retry(self, claim: DocumentClaim, pause_s: float, reason: str) -> None: ...

    async def fail(self, claim: DocumentClaim, reason: str) -> None: ...


class EmbeddingSource(Protocol):
    async def embeddings(self, domain_uuid: UUID) -> EmbeddingChain: ...


class Tenants(Protocol):
    async def by_uuid(self, domain_uuid: UUID) -> Tenant: ...


class DocumentProcessing:
    def __init__(
        self,
        jobs: Jobs,
        documents: DocumentRepository,
        originals: Originals,
        reader: DocumentReader,
        embeddings: EmbeddingSource,
        tenants: Tenants,
        clock: Clock,
    ) -> None:
        self._jobs = jobs
        self._documents = documents
        self._originals = originals
        self._reader = reader
        self._embeddings = embeddings
        self._tenants = tenants
        self._clock = clock

    async def process(self, claim: DocumentClaim) -> Outcome:
        """Do the work and write down what came of it.

        Raises:
            Unavailable: The database is not there; the lease runs out and the document is taken again.
        """
        log = _log.bind(domain_uuid=str(claim.domain_uuid), document_uuid=str(claim.document_uuid))
        try:
            if claim.attempt > MAX_TRIES:
                await self._jobs.fail(claim, _GIVEN_UP)
                return Outcome.ERROR
            chunks = await self._to_ready(claim)
        except ClaimLost:
            log.info("a document was changed while it was worked on")
            return Outcome.LOST
        except VoiceAiError as error:
            return await self._note(claim, error)
        log.info("a document is ready", version=claim.version, chunks=chunks)
        await self._documents.tidy(claim.domain_uuid, claim.document_uuid)
        return Outcome.READY

    async def _to_ready(self, claim: DocumentClaim) -> int:
        work = await self._jobs.load(claim)
        progress = _Progress()
        found, new = await self._while_beating(claim, progress, self._read_and_embed(work, progress))
        await self._jobs.switch(claim, new)
        return len(found.chunks)

    async def _read_and_embed(
        self, work: DocumentWork, progress: _Progress
    ) -> tuple[ReadDocument, NewVersion]:
        path, sizes = await self._file(work), await self._sizes(work.claim.domain_uuid)
        found = await self._reader.read(path, sizes, progress.read)
        model, dimension = await self._embed(work, found, progress)
        language = work.language or found.language
        return found, NewVersion(found.kind, language, model, dimension, _note_on(found.unreadable))

    async def _file(self, work: DocumentWork) -> Path:
        claim = work.claim
        return await asyncio.to_thread(self._originals.path, claim.domain_uuid, claim.document_uuid, work.ref)

    async def _sizes(self, domain_uuid: UUID) -> ChunkSizes:
        cutting = (await self._tenants.by_uuid(domain_uuid)).knowledge
        return ChunkSizes(cutting.chunk_tokens, cutting.overlap_tokens)

    async def _embed(self, work: DocumentWork, found: ReadDocument, progress: _Progress) -> tuple[str, int]:
        """All chunks with one model: vectors of two are never compared, so half a document could not be found."""
        language = work.language or found.language
        model, dimension = "", 0
        chain = await self._embeddings.embeddings(work.claim.domain_uuid)
        wanted = chain.models[0] if chain.models else None
        for start in range(0, len(found.chunks), BATCH):
            batch = found.chunks[start : start + BATCH]
            used = await chain.embed([_text_of(chunk) for chunk in batch], wanted, timeout_s=EMBED_TIMEOUT_S)
            model = used.model or used.provider
            wanted = wanted or used.model
            dimension = len(used.value[0])
            await self._jobs.add(work.claim, EmbeddedChunks(batch, used.value, language, model))
            progress.embedded((start + len(batch)) / len(found.chunks))
        return model, dimension

    async def _while_beating(
        self, claim: DocumentClaim, progress: _Progress, work: Coroutine[None, None, T]
    ) -> T:
        """The work's result, the lease kept meanwhile. A claim that is lost ends the work."""
        working = asyncio.create_task(work, name=f"document {claim.document_uuid}")
        beating = asyncio.create_task(self._beat(claim, progress), name=f"lease of {claim.document_uuid}")
        try:
            await asyncio.wait((working, beating), return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                await beating
            return working.result()
        finally:
            working.cancel()
            beating.cancel()
            await asyncio.gather(working, beating, return_exceptions=True)

    async def _beat(self, claim: DocumentClaim, progress: _Progress) -> None:
        while True:
            await self._jobs.beat(claim, progress.percent)
            await self._clock.sleep(BEAT_EVERY_S)

    async def _note(self, claim: DocumentClaim, error: VoiceAiError) -> Outcome:
        reason = f"{error.message}. {error.fix}" if error.fix else error.message
        if not error.retryable:
            if isinstance(error, ProviderError):
                reason = f"{reason}. {_EMBEDDINGS_FIX}"
            await self._jobs.fail(claim, reason)
            return Outcome.ERROR
        if claim.attempt >= MAX_TRIES:
            await self._jobs.fail(claim, f"{reason}. {_TRIED}")
            return Outcome.ERROR
        pause_s = min(FIRST_PAUSE_S * 2.0 ** (claim.attempt - 1), LONGEST_PAUSE_S)
        await self._jobs.retry(claim, pause_s, reason)
        return Outcome.RETRY


class _Progress:
    """Percent, from two threads of work; never back."""

    def __init__(self) -> None:
        self.percent = 0

    def read(self, share: float) -> None:
        self._to(share * _READ_SHARE)

    def embedded(self, share: float) -> None:
        self._to(_READ_SHARE + share * (99 - _READ_SHARE))

    def _to(self, percent: float) -> None:
        self.percent = max(self.percent, min(99, int(percent)))


def _text_of(chunk: Chunk) -> str:
    """With its headings, which say what it is about, unless it begins with them."""
    if chunk.heading is None or chunk.text.startswith(chunk.heading):
        return chunk.text
    return f"{chunk.heading}\n{chunk.text}"


def _note_on(unreadable: Sequence[int]) -> str | None:
    if not unreadable:
        return None
    numbers = ", ".join(str(number) for number in unreadable[:20])
    more = "" if len(unreadable) <= 20 else f" and {len(unreadable) - 20} more"
    return f"These pages are damaged and were left out: {numbers}{more}. Save the document anew and upload it again"


_GIVEN_UP: Final = (
    f"Processing broke off {MAX_TRIES} times without an error. Save the document anew or split it, and look into the "
    "worker's log; then reindex it"
)
_TRIED: Final = f"It was tried {MAX_TRIES} times: reindex the document when this is solved"
_EMBEDDINGS_FIX: Final = "Check the domain's embeddings provider, then reindex the document"
