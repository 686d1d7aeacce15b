"""The embeddings of vendors that have a wire of their own."""

from __future__ import annotations

from typing import Any, Final

from voice_ai_service.providers import azure_openai, google_api
from voice_ai_service.providers.embeddings import azure, cohere, gemini, voyage
from voice_ai_service.providers.entry import Build, ProviderEntry, ProviderKind, ProviderSettings


def _entry(name: str, settings_model: type[ProviderSettings], build: Any) -> ProviderEntry:
    made: Build = build
    return ProviderEntry(ProviderKind.EMBEDDINGS, name, settings_model, made, secret_required=True)


EMBEDDING_ENTRIES: Final = (
    _entry(azure_openai.NAME, azure.AzureEmbeddingsSettings, azure.build),
    _entry(cohere.NAME, cohere.CohereEmbeddingsSettings, cohere.build),
    _entry(voyage.NAME, voyage.VoyageEmbeddingsSettings, voyage.build),
    _entry(google_api.NAME, gemini.GeminiEmbeddingsSettings, gemini.build),
)
