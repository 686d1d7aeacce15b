"""Which store of vectors an installation has."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, Protocol
from uuid import UUID

from voice_ai_service.db import queries
from voice_ai_service.db.pool import Database
from voice_ai_service.errors import InvalidInput
from voice_ai_service.knowledge.array_store import ArrayVectorStore
from voice_ai_service.knowledge.chroma_index import ChromaIndex, ChromaServer
from voice_ai_service.knowledge.faiss_index import FaissIndex
from voice_ai_service.knowledge.indexed_store import IndexedVectorStore
from voice_ai_service.knowledge.pgvector_store import PgVectorStore
from voice_ai_service.knowledge.vectors import Near, VectorStore, Wanted

_SQL = queries.load(__package__, "stores.sql")

StoreKind = Literal["database", "faiss", "chroma"]


class KeptVectors(VectorStore, Protocol):
    """A store as whoever opened it sees it."""

    async def refresh(self, domain_uuid: UUID) -> None:
        """The tenant's documents changed: what is gone from them is gone from the store. Raises Unavailable."""
        ...

    async def sweep(self) -> int:
        """Forgets what deletions left. Returns how many tenants were seen. Raises Unavailable."""
        ...

    async def aclose(self) -> None: ...


@dataclass(frozen=True, slots=True)
class StoreChoice:
    """
    Attributes:
        root: Where FAISS keeps its files.
        chroma: None unless `kind` is `chroma`.
    """

    kind: StoreKind
    root: Path
    chroma: ChromaServer | None = None


def open_store(db: Database, choice: StoreChoice) -> KeptVectors:
    """Whoever opens it closes it. Raises InvalidInput for a choice that cannot work here."""
    if choice.kind == "faiss":
        if find_spec("faiss") is None:
            raise InvalidInput(
                "FAISS is not installed.", field="VOICE_AI_VECTOR_STORE", fix="pip install 'voice-ai[faiss]'"
            )
        return IndexedVectorStore(db, FaissIndex(choice.root))
    if choice.kind == "chroma":
        if choice.chroma is None:
            raise InvalidInput(
                "Chroma needs its address.", field="VOICE_AI_CHROMA_URL", fix="Such as http://127.0.0.1:8000."
            )
        return IndexedVectorStore(db, ChromaIndex(choice.chroma))
    return DatabaseVectorStore(db)


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

    async def refresh(self, domain_uuid: UUID) -> None:
        """Nothing to do: the vectors stand in the chunks' own rows."""

    async def sweep(self) -> int:
        """Nothing to do, for the same reason."""
        return 0

    async def aclose(self) -> None:
        """Nothing to close."""
