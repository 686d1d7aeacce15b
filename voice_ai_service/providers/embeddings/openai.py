"""OpenAI's embeddings, and every server that speaks them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pydantic import Field

from voice_ai_service.providers.embeddings.seam import Purpose
from voice_ai_service.providers.embeddings.unit import unit_vector
from voice_ai_service.providers.entry import ModelName, ProviderContext, ProviderSettings
from voice_ai_service.providers.openai_sdk import CompatibleSettings, OpenAiClient, open_client

_BATCH: Final = 128
_MAX_DIMENSION: Final = 4096
_ANSWER_S: Final = 30.0


class OpenAiEmbeddingsSettings(ProviderSettings):
    """`dimension` is asked of the model; `text-embedding-3` gives any up to its own."""

    model: ModelName = "text-embedding-3-small"
    dimension: int = Field(1536, ge=8, le=_MAX_DIMENSION)
    asks_dimension: bool = True


class CompatibleEmbeddingsSettings(CompatibleSettings):
    """`dimension` is what the model has; `asks_dimension` for servers that can shorten vectors."""

    model: ModelName
    dimension: int = Field(ge=8, le=_MAX_DIMENSION)
    asks_dimension: bool = False


EmbeddingsSettings = OpenAiEmbeddingsSettings | CompatibleEmbeddingsSettings


async def build(
    context: ProviderContext, settings: EmbeddingsSettings, secret: str | None
) -> OpenAiEmbeddings:
    name = "openai" if isinstance(settings, OpenAiEmbeddingsSettings) else "openai_compatible"
    client = await open_client(name, settings, secret, context, used=lambda client: client.embeddings)
    return OpenAiEmbeddings(client, settings)


class OpenAiEmbeddings:
    def __init__(self, client: OpenAiClient, settings: EmbeddingsSettings) -> None:
        self._client = client
        self._settings = settings

    @property
    def model(self) -> str:
        return self._settings.model

    @property
    def dimension(self) -> int:
        return self._settings.dimension

    async def embed(self, texts: Sequence[str], purpose: Purpose = Purpose.PASSAGE) -> list[list[float]]:
        """See the seam. A vector of another dimension than the configured one is a ProviderProtocol."""
        vectors: list[list[float]] = []
        for start in range(0, len(texts), _BATCH):
            vectors += await self._batch([text or " " for text in texts[start : start + _BATCH]])
        return vectors

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _batch(self, texts: list[str]) -> list[list[float]]:
        extra = {"dimensions": self._settings.dimension} if self._settings.asks_dimension else {}
        with self._client.errors.mapped():
            answer = await self._client.client.embeddings.create(
                model=self._settings.model,
                input=texts,
                encoding_format="float",
                timeout=self._client.wait_limits(self._client.timeouts.first_byte_s or _ANSWER_S),
                **extra,
            )
        try:
            return self._vectors(answer, len(texts))
        except (AttributeError, TypeError) as error:
            raise self._client.errors.protocol("The answer has the wrong shape.", error) from error

    def _vectors(self, answer: Any, count: int) -> list[list[float]]:
        if len(answer.data) != count:
            raise self._client.errors.protocol("It gave another number of vectors than texts.")
        if sorted(item.index for item in answer.data) != list(range(count)):
            raise self._client.errors.protocol("The vectors' numbers do not fit the texts.")
        ordered = sorted(answer.data, key=lambda item: int(item.index))
        return [
            unit_vector(item.embedding, self._settings.dimension, self._client.errors) for item in ordered
        ]
