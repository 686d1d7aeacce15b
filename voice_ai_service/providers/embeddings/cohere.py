"""Cohere's embeddings (`POST /v2/embed`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import Field

from voice_ai_service.errors import ProviderRefused
from voice_ai_service.providers.embeddings.seam import Purpose
from voice_ai_service.providers.embeddings.wire import EmbeddingForm, EmbeddingModel, WireEmbeddings
from voice_ai_service.providers.entry import BaseUrl, ModelName, ProviderContext, ProviderSettings
from voice_ai_service.providers.openai_wire import bearer
from voice_ai_service.providers.vendor_wire import VendorAddress, open_vendor_wire

NAME: Final = "cohere"
COHERE_URL: Final = "https://api.cohere.com"
_MOST_TEXTS: Final = 96
_MOST_CHARS: Final = 500_000
_INPUT_TYPE: Final = {Purpose.PASSAGE: "search_document", Purpose.QUESTION: "search_query"}


class CohereEmbeddingsSettings(ProviderSettings):
    """
    Attributes:
        base_url: For a private deployment; then a key of its own is needed.
        asks_dimension: `embed-v4.0` gives 256, 512, 1024 or 1536; version 3 has one only, and refuses to be asked.
    """

    model: ModelName = "embed-v4.0"
    base_url: BaseUrl | None = None
    dimension: int = Field(1024, ge=8, le=4096)
    asks_dimension: bool = True


async def build(
    context: ProviderContext, settings: CohereEmbeddingsSettings, secret: str | None
) -> WireEmbeddings:
    """Raises ProviderRefused without a key."""
    if not secret:
        raise ProviderRefused("Cohere needs a key.", provider=NAME, field="secret")
    address = VendorAddress(settings.base_url or COHERE_URL, settings.base_url is not None, bearer(secret))
    wire = await open_vendor_wire(NAME, address, settings.timeouts, context)

    def asked(texts: Sequence[str], purpose: Purpose) -> Mapping[str, Any]:
        shorter = {"output_dimension": settings.dimension} if settings.asks_dimension else {}
        return {
            "model": settings.model,
            "texts": list(texts),
            "input_type": _INPUT_TYPE[purpose],
            "embedding_types": ["float"],
            **shorter,
        }

    form = EmbeddingForm("/v2/embed", _MOST_TEXTS, _MOST_CHARS, asked, _vectors)
    return WireEmbeddings(wire, form, EmbeddingModel(settings.model, settings.dimension), context.clock)


def _vectors(answer: Any) -> Sequence[Any]:
    found: Sequence[Any] = answer["embeddings"]["float"]
    return found
