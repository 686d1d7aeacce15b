"""Vectors in the chunks' own rows, compared by pgvector: a tenant's transaction sees its rows and no others."""

from __future__ import annotations

from uuid import UUID

from voice_ai_service.db import queries
from voice_ai_service.db.pool import Database
from voice_ai_service.knowledge.vectors import Near, Wanted

_SQL = queries.load(__package__, "pgvector_store.sql")


class PgVectorStore:
    def __init__(self, db: Database) -> None:
        self._db = db

    async def nearest(self, domain_uuid: UUID, wanted: Wanted) -> tuple[Near, ...]:
        """See the seam."""
        async with self._db.tenant(domain_uuid) as connection:
            rows = await connection.fetch(
                _SQL.nearest_exactly,
                domain_uuid,
                wanted.vector,
                wanted.model,
                wanted.secretary_uuid,
                wanted.limit,
            )
        return tuple(
            Near(
                UUID(int=row["voice_chunk_uuid"].int),
                UUID(int=row["voice_document_uuid"].int),
                row["similarity"],
            )
            for row in rows
        )
