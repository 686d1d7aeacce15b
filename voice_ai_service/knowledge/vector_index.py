"""Indexes of vectors outside of the database, which hold what is in it and can be made again from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from voice_ai_service.errors import Unavailable


class VectorsUnavailable(Unavailable):
    """The index cannot be reached: words alone can still answer."""

    code = "vectors_unavailable"


@dataclass(frozen=True, slots=True)
class Place:
    """One tenant's vectors of one model and length: never mixed with another's."""

    domain_uuid: UUID
    model: str
    dimension: int


@dataclass(frozen=True, slots=True)
class Vectors:
    """Rows belong together; unit length."""

    chunks: tuple[UUID, ...]
    matrix: NDArray[np.float32]


class VectorSource(Protocol):
    """What belongs into a place."""

    async def chunks(self) -> frozenset[UUID]: ...

    async def vectors(self, among: Sequence[UUID] | None = None) -> Vectors:
        """Of these chunks; None: of all."""
        ...


class VectorIndex(Protocol):
    """It may hold what is no longer there: whoever asks it looks whether a chunk still is, and is the tenant's."""

    async def stamp(self, place: Place) -> str | None:
        """Which state of the tenant's documents it holds; None: it has nothing. Raises VectorsUnavailable."""
        ...

    async def fill(self, place: Place, stamp: str, source: VectorSource) -> None:
        """Take in what is new and drop what is gone; what it has answers until then. Raises VectorsUnavailable."""
        ...

    async def nearest(
        self, place: Place, vector: Sequence[float], limit: int
    ) -> tuple[tuple[UUID, float], ...]:
        """Chunks and cosines, best first; empty where there is no such place. Raises VectorsUnavailable."""
        ...

    async def drop(self, domain_uuid: UUID, keep: frozenset[str]) -> tuple[Place, ...]:
        """Forget a tenant's vectors of all models but these; what it still has. Raises VectorsUnavailable."""
        ...

    async def domains(self) -> frozenset[UUID]:
        """Whose vectors it has. Raises VectorsUnavailable."""
        ...

    async def aclose(self) -> None: ...
