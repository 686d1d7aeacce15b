"""Documents in PostgreSQL, each with its original file beside it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID, uuid4

import asyncpg
import structlog

from voice_ai_service.db import queries
from voice_ai_service.db.pool import Connection, Database
from voice_ai_service.errors import InvalidInput, LimitReached, NotFound, Unavailable
from voice_ai_service.knowledge.documents import (
    Document,
    DocumentFilter,
    DocumentPage,
    DocumentStatus,
    StoredChunk,
    StoredFile,
    Upload,
    chunk_from,
    clean_name,
    document_from,
)
from voice_ai_service.knowledge.files import refusals
from voice_ai_service.knowledge.files.kind import kind_of
from voice_ai_service.knowledge.originals import Originals

_SQL = queries.load(__package__, "documents.sql")
_ORPHAN_AFTER_S: Final = 3600.0
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Accepted:
    """`queued` is False where this very file is here already, ready or on its way."""

    document: Document
    queued: bool


@dataclass(frozen=True, slots=True)
class UploadLimits:
    max_bytes: int
    max_documents: int


class Vectors(Protocol):
    """What is kept of the chunks outside of their rows: see `knowledge.stores.KeptVectors`."""

    async def refresh(self, domain_uuid: UUID) -> None: ...

    async def sweep(self) -> int: ...


class DocumentRepository:
    """`vectors`: None where they stand in the chunks' rows alone."""

    def __init__(self, database: Database, originals: Originals, vectors: Vectors | None = None) -> None:
        self._database = database
        self._originals = originals
        self._vectors = vectors

    async def accept(self, domain_uuid: UUID, upload: Upload, limits: UploadLimits) -> Accepted:
        """Keep a file and queue its processing. The same file is not taken twice; another one of the same name
        becomes the document's next version.

        Raises:
            InvalidInput, UnsupportedMedia, TooLarge: What can be seen of a file without reading it.
            LimitReached: The domain has as many documents as it may.
            NotFound: No such secretary.
            Unavailable: No database, or no room on the disk.
        """
        if len(upload.content) > limits.max_bytes:
            raise refusals.too_large(limits.max_bytes)
        file = await asyncio.to_thread(_looked_at, upload)
        async with self._locked(domain_uuid) as connection:
            found = await connection.fetchval(
                _SQL.find_same, domain_uuid, file.content_hash, file.secretary_uuid
            )
            if found is not None:
                document = await _find(connection, domain_uuid, found)
                if document.status is not DocumentStatus.ERROR:
                    return Accepted(document, queued=False)
            else:
                found = await connection.fetchval(
                    _SQL.find_named, domain_uuid, file.name, file.secretary_uuid
                )
            if found is None:
                found = await self._insert(connection, domain_uuid, file, limits)
            await self._keep(domain_uuid, found, file, upload.content)
            facts = (file.kind, file.content_hash, file.bytes)
            await connection.execute(
                _SQL.replace_unread, domain_uuid, found, file.name, *facts, file.language
            )
            await connection.execute(_SQL.queue_upload, domain_uuid, found, *facts, file.language)
            document = await _find(connection, domain_uuid, found)
        _log.info("a document was uploaded", domain_uuid=str(domain_uuid), document_uuid=str(found))
        return Accepted(document, queued=True)

    async def find(self, domain_uuid: UUID, document_uuid: UUID) -> Document:
        """Raises NotFound."""
        async with self._database.tenant(domain_uuid) as connection:
            return await _find(connection, domain_uuid, document_uuid)

    async def page(self, domain_uuid: UUID, wanted: DocumentFilter) -> DocumentPage:
        """The newest first."""
        filters = (wanted.status, wanted.secretary_uuid, wanted.name)
        async with self._database.tenant(domain_uuid) as connection:
            rows = await connection.fetch(_SQL.page, domain_uuid, *filters, wanted.limit, wanted.offset)
            total = await connection.fetchval(_SQL.count_page, domain_uuid, *filters)
        return DocumentPage(tuple(document_from(row) for row in rows), total)

    async def chunks(
        self, domain_uuid: UUID, document_uuid: UUID, *, limit: int, offset: int
    ) -> tuple[StoredChunk, ...]:
        """Of the version that answers, in order; empty while there is none. Raises NotFound."""
        async with self._database.tenant(domain_uuid) as connection:
            await _find(connection, domain_uuid, document_uuid)
            rows = await connection.fetch(_SQL.chunks, domain_uuid, document_uuid, limit, offset)
        return tuple(chunk_from(row) for row in rows)

    async def original(self, domain_uuid: UUID, document_uuid: UUID) -> tuple[Document, Path]:
        """The newest file, as it was uploaded. Raises NotFound."""
        document = await self.find(domain_uuid, document_uuid)
        path = await asyncio.to_thread(self._originals.path, domain_uuid, document_uuid, document.ref)
        return document, path

    async def delete(self, domain_uuid: UUID, document_uuid: UUID) -> None:
        """File, chunks and vectors; who works on it stops. Raises NotFound."""
        async with self._locked(domain_uuid) as connection:
            if await connection.execute(_SQL.delete, domain_uuid, document_uuid) == "DELETE 0":
                raise _not_found()
        # The rows first: a file without a row is nobody's, and swept later; a row without a file would be a lie.
        await asyncio.to_thread(self._originals.remove, domain_uuid, document_uuid)
        await self._refresh(domain_uuid)

    async def delete_all(self, domain_uuid: UUID) -> int:
        """Everything the domain has. Returns how many documents."""
        async with self._locked(domain_uuid) as connection:
            status = await connection.execute(_SQL.delete_all, domain_uuid)
        await asyncio.to_thread(self._originals.remove_all, domain_uuid)
        await self._refresh(domain_uuid)
        return int(status.rsplit(" ", 1)[-1])

    async def reindex(
        self, domain_uuid: UUID, document_uuid: UUID | None = None, *, unless_model: str | None = None
    ) -> int:
        """Queue new chunks and vectors; the old ones answer until then. Failed documents are tried again.

        Args:
            document_uuid: None: all of the domain.
            unless_model: Only what has vectors of another model.

        Returns:
            How many were queued; what waits or is worked on already is not counted.

        Raises:
            NotFound: No such document.
        """
        async with self._locked(domain_uuid) as connection:
            if document_uuid is not None:
                await _find(connection, domain_uuid, document_uuid)
            status = await connection.execute(_SQL.queue_reindex, domain_uuid, document_uuid, unless_model)
            if unless_model is None:
                await connection.execute(_SQL.reopen, domain_uuid, document_uuid)
        return int(status.rsplit(" ", 1)[-1])

    async def tidy(self, domain_uuid: UUID, document_uuid: UUID) -> None:
        """Remove files that no version of the document needs, or all of them where there is no document."""
        async with self._locked(domain_uuid) as connection:
            row = await connection.fetchrow(_SQL.refs, domain_uuid, document_uuid)
            if row is None:
                await asyncio.to_thread(self._originals.remove, domain_uuid, document_uuid)
                return
            refs = {ref for ref in row if ref is not None}
            await asyncio.to_thread(self._originals.keep_only, domain_uuid, document_uuid, refs)

    async def sweep(self) -> int:
        """Piece of work for a `Periodic` job: what crashes and outages left on the disk. Returns folders seen."""
        folders = await asyncio.to_thread(lambda: list(self._originals.unchanged_for(_ORPHAN_AFTER_S)))
        for domain_uuid, document_uuid in folders:
            await self.tidy(domain_uuid, document_uuid)
        if self._vectors is not None:
            await self._vectors.sweep()
        return len(folders)

    async def _refresh(self, domain_uuid: UUID) -> None:
        """A store that is not there forgets at the next sweep; until then nobody is told of what it still has."""
        if self._vectors is None:
            return
        try:
            await self._vectors.refresh(domain_uuid)
        except Unavailable as error:
            _log.warning("vectors not forgotten yet", domain_uuid=str(domain_uuid), code=error.code)

    @asynccontextmanager
    async def _locked(self, domain_uuid: UUID) -> AsyncIterator[Connection]:
        async with self._database.tenant(domain_uuid) as connection:
            await connection.execute(_SQL.lock, str(domain_uuid))
            yield connection

    async def _insert(
        self, connection: Connection, domain_uuid: UUID, file: StoredFile, limits: UploadLimits
    ) -> UUID:
        if await connection.fetchval(_SQL.count_all, domain_uuid) >= limits.max_documents:
            raise LimitReached(
                f"the domain has {limits.max_documents} documents already",
                field="file",
                fix="delete documents that are not needed, or raise the setting max_documents",
            )
        document_uuid = uuid4()
        try:
            await connection.execute(
                _SQL.insert,
                document_uuid,
                domain_uuid,
                file.secretary_uuid,
                file.name,
                file.kind,
                file.content_hash,
                file.bytes,
                file.language,
            )
        except asyncpg.ForeignKeyViolationError as error:
            raise NotFound("there is no such secretary", field="secretary_uuid") from error
        return document_uuid

    async def _keep(self, domain_uuid: UUID, document_uuid: UUID, file: StoredFile, content: bytes) -> None:
        # Inside the transaction: a row never names a file that is not there.
        try:
            await asyncio.to_thread(
                self._originals.write, domain_uuid, document_uuid, file.content_hash, content
            )
        except OSError as error:
            raise Unavailable(
                "the file cannot be kept",
                fix="look for room and rights where VOICE_AI_DATA_DIR is",
                detail=str(error),
            ) from error


async def _find(connection: Connection, domain_uuid: UUID, document_uuid: UUID) -> Document:
    row = await connection.fetchrow(_SQL.find, domain_uuid, document_uuid)
    if row is None:
        raise _not_found()
    return document_from(row)


def _not_found() -> NotFound:
    return NotFound("there is no such document", field="document_uuid")


def _looked_at(upload: Upload) -> StoredFile:
    if upload.language not in (None, "pt-BR", "en"):
        raise InvalidInput("this language is not known", field="language", fix="pt-BR or en")
    return StoredFile(
        name=clean_name(upload.name),
        kind=kind_of(upload.content),
        content_hash=hashlib.sha256(upload.content).hexdigest(),
        bytes=len(upload.content),
        secretary_uuid=upload.secretary_uuid,
        language=upload.language,
    )
