"""Stores of vectors behind one seam: pgvector, or arrays compared in this process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    Attributes:
        vector: Unit length.
        model: Only vectors of this model are compared.
        secretary_uuid: Documents of this secretary and those of all; None: of every one.
        among: Only these chunks are compared; None: all.
    """

    vector: Sequence[float]
    model: str
    limit: int
    secretary_uuid: UUID | None = None
    among: Sequence[UUID] | None = None


@dataclass(frozen=True, slots=True)
class Near:
    """`similarity` is the cosine, -1 to 1."""

    chunk_uuid: UUID
    document_uuid: UUID
    similarity: float


class VectorStore(Protocol):
    async def nearest(self, domain_uuid: UUID, wanted: Wanted) -> tuple[Near, ...]:
        """The nearest chunks of ready documents, best first. Raises Unavailable."""
        ...
