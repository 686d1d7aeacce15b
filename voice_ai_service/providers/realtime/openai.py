"""OpenAI's Realtime API, and servers that speak it: what a row may say."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from voice_ai_service.providers.entry import (
    BaseUrl,
    ModelName,
    ProviderContext,
    ProviderSettings,
    StageTimeouts,
)
from voice_ai_service.providers.realtime.capabilities import RealtimeCapabilities
from voice_ai_service.providers.realtime.seam import RealtimeAccess
from voice_ai_service.providers.realtime.timeouts import LIVE_TIMEOUTS

CAPABILITIES: Final = RealtimeCapabilities(
    turns=frozenset({"secretary", "provider"}),
    encodings=("pcmu_8000", "pcm_24000"),
    cancels=True,
    truncates=True,
    tools="sent",
    max_connection_s=3600,
)

TurnDetection = Literal["none", "server_vad", "semantic_vad"]
TranscriptionHints = Literal["languages", "language", "none"]


class _RealtimeSettings(ProviderSettings):
    timeouts: StageTimeouts = LIVE_TIMEOUTS
    turn_detection: TurnDetection = "none"
    silence_ms: int = Field(500, ge=200, le=5000)
    threshold: float = Field(0.5, ge=0.0, le=1.0)
    eagerness: Literal["low", "medium", "high", "auto"] = "auto"
    audio: Literal["auto", "pcmu", "pcm"] = "auto"
    transcription_hints: TranscriptionHints = "languages"
    noise_reduction: Literal["near_field", "far_field"] | None = None
    reasoning_effort: Literal["minimal", "low", "medium", "high"] | None = None
    max_output_tokens: int = Field(1200, ge=100, le=4096)
    speed: float = Field(1.0, ge=0.25, le=1.5)


class OpenAiRealtimeSettings(_RealtimeSettings):
    """
    Attributes:
        turn_detection: Who decides when the caller's turn is over: `none` the secretary's own ear, else OpenAI.
        silence_ms, threshold: Of `server_vad`.
        eagerness: Of `semantic_vad`.
        audio: `auto`: G.711 on 8 kHz calls, which is what came over the line and costs no resampling; else 24 kHz.
        transcription_model: Writes down what the caller says. None: nobody does, and the conversation has no text.
        transcription_hints: How that model is told the language: as a list, as one, or not at all.
        reasoning_effort: For models that reason.
        max_output_tokens: Of one reply, tool calls included.
    """

    model: ModelName = "gpt-realtime-2.1"
    voice: ModelName = "marin"
    transcription_model: ModelName | None = "gpt-transcribe"


class CompatibleRealtimeSettings(_RealtimeSettings):
    """A server that speaks OpenAI's Realtime API: `base_url` includes the version, as in `https://host/v1`."""

    base_url: BaseUrl
    model: ModelName
    voice: ModelName | None = None
    transcription_model: ModelName | None = None
    transcription_hints: TranscriptionHints = "language"


async def build(
    context: ProviderContext,
    settings: OpenAiRealtimeSettings | CompatibleRealtimeSettings,
    secret: str | None,
) -> RealtimeAccess:
    name = "openai" if isinstance(settings, OpenAiRealtimeSettings) else "openai_compatible"
    return RealtimeAccess(name, settings, secret, context)
