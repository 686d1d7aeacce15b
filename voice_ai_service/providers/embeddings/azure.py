"""Embeddings of a model deployed in Azure OpenAI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import Field

from voice_ai_service.providers.azure_openai import AzureResource, open_azure
from voice_ai_service.providers.embeddings.seam import Purpose
from voice_ai_service.providers.embeddings.wire import (
    EmbeddingForm,
    EmbeddingModel,
    WireEmbeddings,
    numbered_vectors,
)
from voice_ai_service.providers.entry import ModelName, ProviderContext

_MOST_TEXTS: Final = 128
_MOST_CHARS: Final = 300_000


class AzureEmbeddingsSettings(AzureResource):
    """`model`: what is deployed. `asks_dimension`: `text-embedding-3` gives any up to its own, older ones do not."""

    model: ModelName = "text-embedding-3-small"
    dimension: int = Field(1536, ge=8, le=4096)
    asks_dimension: bool = True


async def build(
    context: ProviderContext, settings: AzureEmbeddingsSettings, secret: str | None
) -> WireEmbeddings:
    opened = await open_azure(settings, secret, context)

    def asked(texts: Sequence[str], purpose: Purpose) -> Mapping[str, Any]:
        shorter = {"dimensions": settings.dimension} if settings.asks_dimension else {}
        return {"model": settings.deployment, "input": list(texts), "encoding_format": "float", **shorter}

    form = EmbeddingForm(f"/embeddings{opened.query}", _MOST_TEXTS, _MOST_CHARS, asked, numbered_vectors)
    return WireEmbeddings(
        opened.wire, form, EmbeddingModel(settings.model, settings.dimension), context.clock
    )
