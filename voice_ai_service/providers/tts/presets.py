"""Servers of one's own that speak OpenAI's speech API: where they are by default, and their voices."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import Field

from voice_ai_service.providers.entry import BaseUrl, ModelName, ProviderContext
from voice_ai_service.providers.openai_wire import open_wire
from voice_ai_service.providers.tts.openai import CompatibleTtsSettings, OpenAiTts
from voice_ai_service.providers.tts.voice_choice import LanguageTag, VoiceName


class KokoroSettings(CompatibleTtsSettings):
    """Kokoro-FastAPI (Apache-2.0): in a process of ours Kokoro would bring the GPL with its phonemes."""

    base_url: BaseUrl = "http://127.0.0.1:8880/v1"
    model: ModelName = "kokoro"
    voice: ModelName = "pf_dora"
    voices: dict[LanguageTag, VoiceName] = Field({"pt-BR": "pf_dora", "en-US": "af_heart"}, max_length=20)


class SpeechRuntimeSettings(CompatibleTtsSettings):
    """Our speech runtime, beside the service."""

    base_url: BaseUrl = "http://127.0.0.1:8900/v1"


def build_as(name: str) -> Callable[[ProviderContext, Any, str | None], Awaitable[OpenAiTts]]:
    """The `build` of a preset; `name` is the registry's, for errors."""

    async def build(
        context: ProviderContext, settings: CompatibleTtsSettings, secret: str | None
    ) -> OpenAiTts:
        return OpenAiTts(await open_wire(name, settings, secret, context), settings)

    return build
