"""Vectors in the chunks' own rows, compared by pgvector: a tenant's transaction sees its rows and no others."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from voice_ai_service.db import queries
from voice_ai_service.db.pool import Database
from voice_ai_service.knowledge.vectors import Near, Wanted

INDEXED: Final = frozenset((256, 384, 512, 768, 1024, 1536))
"""Dimensions that migration 0010 makes an index for."""
EXACT_UP_TO: Final = 10_000
"""Chunks of a tenant that are compared one by one: its true nearest, in a few milliseconds. One index over all
tenants would look at the large ones' chunks first and find a small one's last."""

_SQL = queries.load(__package__, "pgvector_store.sql")


class PgVectorStore:
    """
    Args:
        exact_up_to: See `EXACT_UP_TO`.
    """

    def __init__(self, db: Database, *, exact_up_to: int = EXACT_UP_TO) -> None:
        self._db = db
        self._exact_up_to = exact_up_to

    async def nearest(self, domain_uuid: UUID, wanted: Wanted) -> tuple[Near, ...]:
        """See the seam."""
        dimension = len(wanted.vector)
        asked = (domain_uuid, wanted.vector, wanted.model, wanted.secretary_uuid, wanted.limit)
        async with self._db.tenant(domain_uuid) as connection:
            if wanted.among is not None:
                return _near(await connection.fetch(_SQL.nearest_among, *asked, wanted.among))
            size = await connection.fetchval(_SQL.size, domain_uuid, self._exact_up_to + 1)
            if size <= self._exact_up_to or dimension not in INDEXED:
                await connection.execute(_SQL.plan_for_this_tenant)
                return _near(await connection.fetch(_SQL.nearest_exactly, *asked))
            await connection.execute(_SQL.search_widely)
            statement = _SQL.nearest_by_index.replace("{dimension}", str(dimension))
            return _near(await connection.fetch(statement, *asked))


def _near(rows: list[Any]) -> tuple[Near, ...]:
    return tuple(
        Near(
            UUID(int=row["voice_chunk_uuid"].int), UUID(int=row["voice_document_uuid"].int), row["similarity"]
        )
        for row in rows
    )
