"""Google's Gemini Live: what a row may say."""

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

NAME: Final = "gemini"
CAPABILITIES: Final = RealtimeCapabilities(
    turns=frozenset({"secretary", "provider"}),
    encodings=("pcm_16000", "pcm_24000"),
    cancels=False,
    truncates=False,
    tools="sent",
    max_connection_s=600,
    resumes=True,
)


class GeminiLiveSettings(ProviderSettings):
    """
    Attributes:
        turn_detection: Who decides when the caller's turn is over: `none` the secretary's own ear, else Gemini.
        silence_ms, start_sensitivity, end_sensitivity: Of `automatic`.
        base_url: Another address, as in `https://host`, for a gateway of one's own.
        sends_language: Name the language of the voice. Models with native audio choose it themselves and refuse it.
        transcription_languages: Name the languages that the caller may speak to the transcription.
        tool_behavior: `BLOCKING`: nothing is said before a tool's result is there. None: the model's own way.
        thinking_budget: Tokens; 0 is none. For models that think.
    """

    timeouts: StageTimeouts = LIVE_TIMEOUTS
    model: ModelName = "gemini-3.8-live"
    voice: ModelName | None = None
    base_url: BaseUrl | None = None
    turn_detection: Literal["none", "automatic"] = "none"
    silence_ms: int = Field(500, ge=200, le=5000)
    start_sensitivity: Literal["high", "low"] = "high"
    end_sensitivity: Literal["high", "low"] = "high"
    sends_language: bool = False
    transcription_languages: bool = True
    tool_behavior: Literal["BLOCKING", "NON_BLOCKING"] | None = "BLOCKING"
    temperature: float | None = Field(None, ge=0.0, le=2.0)
    thinking_budget: int | None = Field(None, ge=0, le=32768)
    max_output_tokens: int = Field(2048, ge=100, le=65536)
    compress_at_tokens: int = Field(100_000, ge=5000, le=1_000_000)


async def build(context: ProviderContext, settings: GeminiLiveSettings, secret: str | None) -> RealtimeAccess:
    return RealtimeAccess(NAME, settings, secret, context)
