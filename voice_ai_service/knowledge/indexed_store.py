"""A store over an index outside of the database. The database stays the truth: it says what there is and whose."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
import structlog

from voice_ai_service.db import queries
from voice_ai_service.db.pool import Database
from voice_ai_service.errors import Unavailable
from voice_ai_service.knowledge.vector_index import Place, VectorIndex, Vectors, VectorsUnavailable
from voice_ai_service.knowledge.vectors import Near, Wanted

FIRST_WAIT_S: Final = 2.0
"""How long the first question waits for an index that is not there yet; words answer meanwhile."""
_WIDER: Final = 4
"""How many more are asked for where too many of those found are no longer there, or another secretary's."""
_MOST: Final = 2000
_PAGE: Final = 128

_SQL = queries.load(__package__, "indexed_store.sql")
_log = structlog.get_logger()


class IndexedVectorStore:
    """One for the process. Closes the index it was given.

    An index that is behind the documents answers while it is brought up to date, by one task a tenant and model.
    """

    def __init__(self, db: Database, index: VectorIndex, *, first_wait_s: float = FIRST_WAIT_S) -> None:
        self._db = db
        self._index = index
        self._first_wait_s = first_wait_s
        self._filling: dict[Place, asyncio.Task[None]] = {}

    async def nearest(self, domain_uuid: UUID, wanted: Wanted) -> tuple[Near, ...]:
        """See the seam. Raises VectorsUnavailable too."""
        place = Place(domain_uuid, wanted.model, len(wanted.vector))
        if wanted.among is not None:
            return await self._among(place, wanted, wanted.among)
        if not await self._ready(place):
            _log.info("vectors are not indexed yet", domain_uuid=str(domain_uuid))
            return ()
        limit = wanted.limit * _WIDER
        while True:
            found = await self._index.nearest(place, wanted.vector, limit)
            near = await self._alive(place, wanted, found)
            if len(near) >= wanted.limit or len(found) < limit or limit >= _MOST:
                return near[: wanted.limit]
            limit = min(limit * _WIDER, _MOST)

    async def refresh(self, domain_uuid: UUID) -> None:
        """The tenant's documents changed: the index holds what they have, and nothing else, when this returns.

        Raises:
            Unavailable: No database, or no index.
        """
        async with self._db.tenant(domain_uuid) as connection:
            models = [row["embedding_model"] for row in await connection.fetch(_SQL.models, domain_uuid)]
            stamp = str(await connection.fetchval(_SQL.stamp, domain_uuid))
        for place in await self._index.drop(domain_uuid, frozenset(models)):
            if await self._index.stamp(place) != stamp:
                await asyncio.wait((self._filled(place, stamp),))

    async def sweep(self) -> int:
        """Piece of work for a `Periodic` job: forgets what deletions left. Returns how many tenants were seen."""
        domains = await self._index.domains()
        for domain_uuid in domains:
            await self.refresh(domain_uuid)
        return len(domains)

    async def settled(self) -> None:
        """Returns when nothing is being brought up to date."""
        while self._filling:
            await asyncio.wait(tuple(self._filling.values()))

    async def aclose(self) -> None:
        for task in self._filling.values():
            task.cancel()
        await asyncio.gather(*self._filling.values(), return_exceptions=True)
        await self._index.aclose()

    async def _ready(self, place: Place) -> bool:
        """Whether the index can be asked; where it is behind, it is being brought up to date."""
        async with self._db.tenant(place.domain_uuid) as connection:
            stamp = str(await connection.fetchval(_SQL.stamp, place.domain_uuid))
        held = await self._index.stamp(place)
        if held == stamp:
            return True
        task = self._filled(place, stamp)
        if held is not None:
            return True
        await asyncio.wait((task,), timeout=self._first_wait_s)
        if not task.done():
            return False
        return await self._index.stamp(place) is not None

    def _filled(self, place: Place, stamp: str) -> asyncio.Task[None]:
        """The work on a place, one at a time."""
        task = self._filling.get(place)
        if task is None:
            task = asyncio.create_task(self._fill(place, stamp), name=f"index of {place.domain_uuid}")
            self._filling[place] = task
            task.add_done_callback(lambda _: self._filling.pop(place, None))
        return task

    async def _fill(self, place: Place, stamp: str) -> None:
        """The border of its task: what fails is tried again by the next question."""
        try:
            await self._index.fill(place, stamp, _Rows(self._db, place))
        except Unavailable as error:
            _log.warning("vectors not indexed", domain_uuid=str(place.domain_uuid), code=error.code)
            _log.debug("vectors not indexed", domain_uuid=str(place.domain_uuid), detail=error.detail)

    async def _alive(
        self, place: Place, wanted: Wanted, found: Sequence[tuple[UUID, float]]
    ) -> tuple[Near, ...]:
        if not found:
            return ()
        asked = (place.domain_uuid, place.model, [chunk for chunk, _ in found], wanted.secretary_uuid)
        async with self._db.tenant(place.domain_uuid) as connection:
            rows = await connection.fetch(_SQL.alive, *asked)
        documents = {_uuid(row["voice_chunk_uuid"]): _uuid(row["voice_document_uuid"]) for row in rows}
        return tuple(
            Near(chunk, documents[chunk], similarity) for chunk, similarity in found if chunk in documents
        )

    async def _among(self, place: Place, wanted: Wanted, among: Sequence[UUID]) -> tuple[Near, ...]:
        """A handful, compared one by one."""
        held = await _Rows(self._db, place).vectors(among)
        similarities = held.matrix @ np.asarray(wanted.vector, dtype=np.float32)
        order = np.argsort(-similarities, kind="stable")
        found = [(held.chunks[at], float(similarities[at])) for at in order]
        return (await self._alive(place, wanted, found))[: wanted.limit]


@dataclass(frozen=True, slots=True)
class _Rows:
    """A place's vectors as the tenant's transaction sees them."""

    db: Database
    place: Place

    async def chunks(self) -> frozenset[UUID]:
        place = self.place
        async with self.db.tenant(place.domain_uuid) as connection:
            rows = await connection.fetch(_SQL.chunks, place.domain_uuid, place.model, place.dimension)
        return frozenset(_uuid(row["voice_chunk_uuid"]) for row in rows)

    async def vectors(self, among: Sequence[UUID] | None = None) -> Vectors:
        """In pieces: turning a large tenant's rows into numbers at once would stop the calls meanwhile."""
        wanted = sorted(await self.chunks()) if among is None else list(among)
        pages = [await self._page(wanted[at : at + _PAGE]) for at in range(0, len(wanted), _PAGE)]
        return await asyncio.to_thread(_joined, pages, self.place.dimension)

    async def _page(self, chunks: Sequence[UUID]) -> Vectors:
        place = self.place
        async with self.db.tenant(place.domain_uuid) as connection:
            rows = await connection.fetch(
                _SQL.vectors, place.domain_uuid, place.model, place.dimension, list(chunks)
            )
        matrix = np.array([row["embedding"] for row in rows], dtype=np.float32)
        return Vectors(
            tuple(_uuid(row["voice_chunk_uuid"]) for row in rows), matrix.reshape(len(rows), place.dimension)
        )


def _joined(pages: Sequence[Vectors], dimension: int) -> Vectors:
    nothing = np.empty((0, dimension), dtype=np.float32)
    matrix = np.concatenate([nothing, *(page.matrix for page in pages)])
    return Vectors(tuple(chunk for page in pages for chunk in page.chunks), matrix)


def _uuid(value: Any) -> UUID:
    """asyncpg's own kind is a subclass."""
    return UUID(int=value.int)


__all__ = ["FIRST_WAIT_S", "IndexedVectorStore", "VectorsUnavailable"]
