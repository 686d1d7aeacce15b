"""Google's embeddings: `batchEmbedContents` of the Generative Language API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

from pydantic import Field

from voice_ai_service.providers.embeddings.seam import Purpose
from voice_ai_service.providers.embeddings.wire import EmbeddingForm, EmbeddingModel, WireEmbeddings
from voice_ai_service.providers.entry import BaseUrl, ModelName, ProviderContext, ProviderSettings
from voice_ai_service.providers.google_api import open_gemini

_MOST_TEXTS: Final = 100
_MOST_CHARS: Final = 200_000
_TASK: Final = {Purpose.PASSAGE: "RETRIEVAL_DOCUMENT", Purpose.QUESTION: "RETRIEVAL_QUERY"}


class GeminiEmbeddingsSettings(ProviderSettings):
    """
    Attributes:
        base_url: For a gateway that speaks Gemini's API; then a key of its own is needed.
        dimension: The model gives any up to 3072; up to 1536 the database makes an index.
    """

    model: ModelName = "gemini-embedding-001"
    base_url: BaseUrl | None = None
    dimension: int = Field(768, ge=128, le=3072)


async def build(
    context: ProviderContext, settings: GeminiEmbeddingsSettings, secret: str | None
) -> WireEmbeddings:
    wire = await open_gemini(settings, secret, context)

    def asked(texts: Sequence[str], purpose: Purpose) -> Mapping[str, Any]:
        same = {
            "model": f"models/{settings.model}",
            "taskType": _TASK[purpose],
            "outputDimensionality": settings.dimension,
        }
        return {"requests": [{**same, "content": {"parts": [{"text": text}]}} for text in texts]}

    path = f"/models/{quote(settings.model, safe='')}:batchEmbedContents"
    form = EmbeddingForm(path, _MOST_TEXTS, _MOST_CHARS, asked, _vectors)
    return WireEmbeddings(wire, form, EmbeddingModel(settings.model, settings.dimension), context.clock)


def _vectors(answer: Any) -> Sequence[Any]:
    return [one["values"] for one in answer["embeddings"]]
