"""Recognisers that speak OpenAI's transcriptions: where they are, and in what they differ, as data."""

from __future__ import annotations

from typing import Final

from voice_ai_service.providers.entry import ModelName, ProviderContext
from voice_ai_service.providers.openai_wire import open_wire
from voice_ai_service.providers.stt.cloud import needed
from voice_ai_service.providers.stt.openai import (
    CAPABILITIES,
    Answer,
    CompatibleSttSettings,
    Hints,
    OpenAiStt,
    OpenAiSttSettings,
)

__all__ = [
    "CAPABILITIES",
    "GROQ",
    "SPEECH_RUNTIME",
    "GroqSttSettings",
    "SpeechRuntimeSttSettings",
    "build_groq",
    "build_speech_runtime",
]

GROQ: Final = "groq"
GROQ_URL: Final = "https://api.groq.com/openai/v1"
SPEECH_RUNTIME: Final = "speech_runtime"


class GroqSttSettings(OpenAiSttSettings):
    """Whisper on Groq's machines: one language is named, likely phrases are its prompt."""

    model: ModelName = "whisper-large-v3-turbo"
    hints: Hints = "prompt"
    answer: Answer = "verbose_json"


class SpeechRuntimeSttSettings(CompatibleSttSettings):
    """Our own speech runtime in the same network."""

    model: ModelName = "whisper"


async def build_groq(context: ProviderContext, settings: GroqSttSettings, secret: str | None) -> OpenAiStt:
    wire = await open_wire(GROQ, settings, needed(secret, GROQ), context, url=GROQ_URL)
    return OpenAiStt(wire, settings)


async def build_speech_runtime(
    context: ProviderContext, settings: SpeechRuntimeSttSettings, secret: str | None
) -> OpenAiStt:
    return OpenAiStt(await open_wire(SPEECH_RUNTIME, settings, secret, context), settings)
