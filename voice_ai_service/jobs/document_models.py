"""Documents whose vectors are of a model that their domain has left get new ones; the old answer meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import structlog

from voice_ai_service.errors import ProviderError
from voice_ai_service.providers.chains import EmbeddingChain

_log = structlog.get_logger()


class Models(Protocol):
    async def models(self) -> Sequence[tuple[UUID, str | None]]: ...


class Reindexing(Protocol):
    async def reindex(self, domain_uuid: UUID, *, unless_model: str | None = None) -> int: ...


class EmbeddingSource(Protocol):
    async def embeddings(self, domain_uuid: UUID) -> EmbeddingChain: ...


class DocumentModels:
    def __init__(self, models: Models, documents: Reindexing, embeddings: EmbeddingSource) -> None:
        self._models = models
        self._documents = documents
        self._embeddings = embeddings

    async def follow(self) -> int:
        """Piece of work for a `Periodic` job. Returns how many documents were queued.

        Raises:
            Unavailable: The database is not there.
        """
        queued = 0
        left: dict[UUID, set[str | None]] = {}
        for domain_uuid, model in await self._models.models():
            left.setdefault(domain_uuid, set()).add(model)
        for domain_uuid, models in left.items():
            wanted = await self._wanted(domain_uuid)
            if wanted is None or models == {wanted}:
                continue
            count = await self._documents.reindex(domain_uuid, unless_model=wanted)
            _log.info("documents get vectors of another model", domain_uuid=str(domain_uuid), documents=count)
            queued += count
        return queued

    async def _wanted(self, domain_uuid: UUID) -> str | None:
        """The model new documents are embedded with; None where nobody can tell."""
        try:
            chain = await self._embeddings.embeddings(domain_uuid)
        except ProviderError as error:
            _log.warning("no embeddings for a domain", domain_uuid=str(domain_uuid), code=error.code)
            return None
        return chain.models[0] if chain.models else None
