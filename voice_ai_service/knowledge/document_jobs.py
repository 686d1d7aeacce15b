"""Work on documents, in PostgreSQL: taken with a lease, written under the document's next version, switched to at once.

Whoever works holds a claim: the version it writes and the count of tries. A worker that slept through its lease finds
another count and changes nothing any more.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from voice_ai_service.db import queries
from voice_ai_service.db.pool import Connection, Database
from voice_ai_service.errors import Conflict
from voice_ai_service.knowledge.chunking import Chunk

_SQL = queries.load(__package__, "document_jobs.sql")
LEASE_S: Final = 30


class ClaimLost(Conflict):
    """The document was deleted or replaced, or the lease ran out: what was begun is somebody else's now."""

    def __init__(self) -> None:
        super().__init__("the document is not ours any more")


@dataclass(frozen=True, slots=True)
class DocumentClaim:
    """
    Attributes:
        version: Under which the new chunks are written.
        attempt: Counted from 1, this one included.
    """

    domain_uuid: UUID
    document_uuid: UUID
    version: int
    attempt: int

    @property
    def key(self) -> tuple[UUID, UUID, int, int]:
        return (self.domain_uuid, self.document_uuid, self.version, self.attempt)


@dataclass(frozen=True, slots=True)
class DocumentWork:
    """`language` is None where it is to be found out."""

    claim: DocumentClaim
    reason: str
    ref: str
    language: str | None


@dataclass(frozen=True, slots=True)
class EmbeddedChunks:
    """Some of a document's chunks with their vectors, in the same order."""

    chunks: Sequence[Chunk]
    vectors: Sequence[Sequence[float]]
    language: str
    model: str


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What a document becomes. `note`: what the administrator should know although it is ready."""

    kind: str
    language: str
    model: str
    dimension: int
    note: str | None = None


class DocumentJobs:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(
        self, max_rows: int, busy: Collection[UUID] = (), lease_s: int = LEASE_S
    ) -> list[DocumentClaim]:
        """Take what is due: of each tenant one document at most, and none of the tenants in `busy`."""
        async with self._database.open() as connection:
            rows = await connection.fetch(_SQL.claim, max_rows, lease_s, list(busy))
        return [
            DocumentClaim(
                row["domain_uuid"],
                row["voice_document_uuid"],
                int(row["document_version"]),
                int(row["attempt_count"]),
            )
            for row in rows
        ]

    async def load(self, claim: DocumentClaim) -> DocumentWork:
        """What is to be done. Leftovers of earlier tries are gone afterwards. Raises ClaimLost."""
        async with self._database.tenant(claim.domain_uuid) as connection:
            row = await connection.fetchrow(_SQL.load, *claim.key)
            if row is None:
                raise ClaimLost
            await connection.execute(_SQL.drop_unfinished, claim.domain_uuid, claim.document_uuid)
        return DocumentWork(claim, row["job_reason"], row["document_ref"], row["document_language"])

    async def beat(self, claim: DocumentClaim, percent: int, lease_s: int = LEASE_S) -> None:
        """Keep the lease and show how far it is. Raises ClaimLost."""
        async with self._database.tenant(claim.domain_uuid, durable=False) as connection:
            if await connection.execute(_SQL.beat, *claim.key, lease_s, percent) == "UPDATE 0":
                raise ClaimLost
            await connection.execute(_SQL.show_progress, claim.domain_uuid, claim.document_uuid, percent)

    async def add(self, claim: DocumentClaim, part: EmbeddedChunks) -> None:
        """Write chunks that nobody finds yet. Raises ClaimLost."""
        rows = [
            (claim.domain_uuid, claim.document_uuid, claim.version, chunk.index, chunk.text, part.language,
             chunk.heading, chunk.page, chunk.tokens, part.model, list(vector))
            for chunk, vector in zip(part.chunks, part.vectors, strict=True)
        ]  # fmt: skip
        async with self._database.tenant(claim.domain_uuid, durable=False) as connection:
            await _hold(connection, claim)
            await connection.executemany(_SQL.add_chunk, rows)

    async def switch(self, claim: DocumentClaim, new: NewVersion) -> None:
        """From here on the new chunks answer and the old ones are gone; in one transaction. Raises ClaimLost."""
        async with self._database.tenant(claim.domain_uuid) as connection:
            await _hold(connection, claim)
            await connection.execute(
                _SQL.switch, *claim.key, new.note, new.kind, new.language, new.model, new.dimension
            )
            await connection.execute(_SQL.drop_older, claim.domain_uuid, claim.document_uuid, claim.version)
            await connection.execute(_SQL.finish, claim.domain_uuid, claim.document_uuid)

    async def retry(self, claim: DocumentClaim, pause_s: float, reason: str) -> None:
        """Once more later; nothing happens where the claim was lost."""
        await self._put_back(claim, _SQL.retry, _SQL.show_waiting, reason, pause_s, reason)

    async def release(self, claim: DocumentClaim) -> None:
        """Put back what was interrupted through no fault of its own: the try does not count."""
        await self._put_back(claim, _SQL.release, _SQL.show_waiting, None)

    async def fail(self, claim: DocumentClaim, reason: str) -> None:
        """No more tries. A version that answers goes on answering."""
        await self._put_back(claim, _SQL.fail, _SQL.show_failure, reason, reason)

    async def models(self) -> list[tuple[UUID, str | None]]:
        """Domain and embedding model of all documents that nothing is being done to."""
        async with self._database.open() as connection:
            rows = await connection.fetch(_SQL.models)
        return [(row["domain_uuid"], row["embedding_model"]) for row in rows]

    async def _put_back(
        self, claim: DocumentClaim, statement: str, show: str, shown: str | None, *values: Any
    ) -> None:
        async with self._database.tenant(claim.domain_uuid) as connection:
            if await connection.execute(statement, *claim.key, *values) != "UPDATE 0":
                await connection.execute(show, claim.domain_uuid, claim.document_uuid, shown)


async def _hold(connection: Connection, claim: DocumentClaim) -> None:
    if await connection.fetchval(_SQL.hold, *claim.key) is None:
        raise ClaimLost
