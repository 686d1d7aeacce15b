"""Vectors compared in this process: for installations without pgvector, where they are kept as arrays.

Exact, and held in memory for the tenants that were asked last; good for some ten thousand chunks a tenant. Read again
when the tenant's documents change.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from voice_ai_service.db import queries
from voice_ai_service.db.pool import Database
from voice_ai_service.knowledge.vectors import Near, Wanted

MAX_BYTES: Final = 256 * 1024 * 1024
"""Of all tenants together; the least recently asked go first."""

_SQL = queries.load(__package__, "array_store.sql")


@dataclass(frozen=True, slots=True)
class _Vectors:
    """Rows belong together. `secretaries`: None for documents of all."""

    stamp: str
    chunks: tuple[UUID, ...]
    documents: tuple[UUID, ...]
    secretaries: tuple[UUID | None, ...]
    matrix: NDArray[np.float32]


class ArrayVectorStore:
    """One for the process."""

    def __init__(self, db: Database, *, max_bytes: int = MAX_BYTES) -> None:
        self._db = db
        self._max_bytes = max_bytes
        self._known: OrderedDict[tuple[UUID, str], _Vectors] = OrderedDict()

    async def nearest(self, domain_uuid: UUID, wanted: Wanted) -> tuple[Near, ...]:
        """See the seam."""
        held = await self._vectors(domain_uuid, wanted.model)
        return await asyncio.to_thread(_nearest, held, wanted)

    async def _vectors(self, domain_uuid: UUID, model: str) -> _Vectors:
        key = (domain_uuid, model)
        async with self._db.tenant(domain_uuid) as connection:
            stamp = await connection.fetchval(_SQL.stamp, domain_uuid)
            held = self._known.get(key)
            if held is None or held.stamp != stamp:
                rows = await connection.fetch(_SQL.vectors, domain_uuid, model)
                held = await asyncio.to_thread(_as_vectors, stamp, rows)
        self._known[key] = held
        self._known.move_to_end(key)
        while (
            len(self._known) > 1 and sum(one.matrix.nbytes for one in self._known.values()) > self._max_bytes
        ):
            self._known.popitem(last=False)
        return held


def _as_vectors(stamp: str, rows: list[Any]) -> _Vectors:
    """Vectors of another length than the first are another model's under the same name: left out."""
    size = len(rows[0]["embedding"]) if rows else 0
    same = [row for row in rows if len(row["embedding"]) == size]
    return _Vectors(
        stamp,
        tuple(UUID(int=row["voice_chunk_uuid"].int) for row in same),
        tuple(UUID(int=row["voice_document_uuid"].int) for row in same),
        tuple(row["voice_secretary_uuid"] for row in same),
        np.array([row["embedding"] for row in same], dtype=np.float32).reshape(len(same), size),
    )


def _nearest(held: _Vectors, wanted: Wanted) -> tuple[Near, ...]:
    if not held.chunks or held.matrix.shape[1] != len(wanted.vector):
        return ()
    similarities = held.matrix @ np.asarray(wanted.vector, dtype=np.float32)
    among = None if wanted.among is None else frozenset(wanted.among)
    found = []
    for at in np.argsort(-similarities, kind="stable"):
        secretary = held.secretaries[at]
        if among is not None and held.chunks[at] not in among:
            continue
        if wanted.secretary_uuid is None or secretary is None or secretary == wanted.secretary_uuid:
            found.append(Near(held.chunks[at], held.documents[at], float(similarities[at])))
            if len(found) == wanted.limit:
                break
    return tuple(found)
