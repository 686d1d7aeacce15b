"""Which store of vectors this database can have."""

from __future__ import annotations

from uuid import UUID

from voice_ai_service.db import queries
from voice_ai_service.db.pool import Database
from voice_ai_service.knowledge.array_store import ArrayVectorStore
from voice_ai_service.knowledge.pgvector_store import PgVectorStore
from voice_ai_service.knowledge.vectors import Near, VectorStore, Wanted

_SQL = queries.load(__package__, "stores.sql")


class DatabaseVectorStore:
    """pgvector where the embeddings are vectors, else arrays; looked up when it is first asked."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._chosen: VectorStore | None = None

    async def nearest(self, domain_uuid: UUID, wanted: Wanted) -> tuple[Near, ...]:
        """See the seam."""
        if self._chosen is None:
            async with self._db.open() as connection:
                are_vectors = await connection.fetchval(_SQL.embeddings_are_vectors)
            self._chosen = PgVectorStore(self._db) if are_vectors else ArrayVectorStore(self._db)
        return await self._chosen.nearest(domain_uuid, wanted)
