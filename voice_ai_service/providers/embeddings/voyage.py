"""Voyage's embeddings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import Field

from voice_ai_service.errors import ProviderRefused
from voice_ai_service.providers.embeddings.seam import Purpose
from voice_ai_service.providers.embeddings.wire import (
    EmbeddingForm,
    EmbeddingModel,
    WireEmbeddings,
    numbered_vectors,
)
from voice_ai_service.providers.entry import BaseUrl, ModelName, ProviderContext, ProviderSettings
from voice_ai_service.providers.openai_wire import bearer
from voice_ai_service.providers.vendor_wire import VendorAddress, open_vendor_wire

NAME: Final = "voyage"
VOYAGE_URL: Final = "https://api.voyageai.com/v1"
_MOST_TEXTS: Final = 128
"""It takes a thousand; fewer make a failure cheaper."""
_MOST_CHARS: Final = 120_000
"""Tokens that the model with the lowest limit takes at once."""
_INPUT_TYPE: Final = {Purpose.PASSAGE: "document", Purpose.QUESTION: "query"}


class VoyageEmbeddingsSettings(ProviderSettings):
    """
    Attributes:
        base_url: For a gateway that speaks Voyage's API; then a key of its own is needed.
        asks_dimension: Models since `voyage-3-large` give 256, 512, 1024 or 2048; older ones refuse to be asked.
    """

    model: ModelName = "voyage-3.5"
    base_url: BaseUrl | None = None
    dimension: int = Field(1024, ge=8, le=4096)
    asks_dimension: bool = True


async def build(
    context: ProviderContext, settings: VoyageEmbeddingsSettings, secret: str | None
) -> WireEmbeddings:
    """Raises ProviderRefused without a key."""
    if not secret:
        raise ProviderRefused("Voyage needs a key.", provider=NAME, field="secret")
    address = VendorAddress(settings.base_url or VOYAGE_URL, settings.base_url is not None, bearer(secret))
    wire = await open_vendor_wire(NAME, address, settings.timeouts, context)

    def asked(texts: Sequence[str], purpose: Purpose) -> Mapping[str, Any]:
        shorter = {"output_dimension": settings.dimension} if settings.asks_dimension else {}
        return {"model": settings.model, "input": list(texts), "input_type": _INPUT_TYPE[purpose], **shorter}

    form = EmbeddingForm("/embeddings", _MOST_TEXTS, _MOST_CHARS, asked, numbered_vectors)
    return WireEmbeddings(wire, form, EmbeddingModel(settings.model, settings.dimension), context.clock)
