"""Text embeddings, as the knowledge and the conversations see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Embeddings(Protocol):
    @property
    def model(self) -> str:
        """Stored beside every vector: vectors of two models are never compared."""
        ...

    @property
    def dimension(self) -> int: ...

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One unit-length vector a text, in order. Raises ProviderError."""
        ...

    async def aclose(self) -> None: ...
