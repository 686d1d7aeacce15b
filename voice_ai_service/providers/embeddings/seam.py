"""Text embeddings, as the knowledge and the conversations see them."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol


class Purpose(StrEnum):
    """What the texts are: some models make other vectors of a question than of what may answer it."""

    PASSAGE = "passage"
    QUESTION = "question"


class Embeddings(Protocol):
    @property
    def model(self) -> str:
        """Stored beside every vector: vectors of two models are never compared."""
        ...

    @property
    def dimension(self) -> int: ...

    async def embed(self, texts: Sequence[str], purpose: Purpose = Purpose.PASSAGE) -> list[list[float]]:
        """One unit-length vector a text, in order. Raises ProviderError."""
        ...

    async def aclose(self) -> None: ...
