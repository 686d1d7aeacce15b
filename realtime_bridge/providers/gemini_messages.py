"""What we send to Gemini Live: the client messages of `BidiGenerateContent`, in its JSON spelling."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, Final

from realtime_bridge.providers.vendor import Opening, WireAudio
from voice_ai_service.audio.formats import WIDE_RATE_HZ, Encoding
from voice_ai_service.dialogue.notes import so_far
from voice_ai_service.providers.llm.seam import ToolSpec
from voice_ai_service.providers.realtime.gemini import GeminiLiveSettings
from voice_ai_service.providers.wire.messages import dumped

INPUT: Final = WireAudio(Encoding.L16, WIDE_RATE_HZ)
OUTPUT: Final = WireAudio(Encoding.L16, 24000)
_MAX_VOCABULARY: Final = 60

ACTIVITY_START: Final = '{"realtimeInput":{"activityStart":{}}}'
ACTIVITY_END: Final = '{"realtimeInput":{"activityEnd":{}}}'
STREAM_END: Final = '{"realtimeInput":{"audioStreamEnd":true}}'


def setup(settings: GeminiLiveSettings, opening: Opening) -> str:
    briefing = opening.briefing
    generation: dict[str, Any] = {
        "responseModalities": ["AUDIO"],
        "maxOutputTokens": settings.max_output_tokens,
    }
    if speech := _speech(settings, opening):
        generation["speechConfig"] = speech
    if settings.temperature is not None:
        generation["temperature"] = settings.temperature
    if settings.thinking_budget is not None:
        generation["thinkingConfig"] = {"thinkingBudget": settings.thinking_budget}
    history = so_far(opening.history) if opening.resume is None else ""
    instructions = "\n\n".join(part for part in (briefing.instructions, history) if part)
    message: dict[str, Any] = {
        "model": settings.model if settings.model.startswith("models/") else f"models/{settings.model}",
        "generationConfig": generation,
        "systemInstruction": {"parts": [{"text": instructions}]},
        "realtimeInputConfig": _input_config(settings),
        "inputAudioTranscription": _transcription(settings, opening),
        "outputAudioTranscription": {},
        "sessionResumption": {"handle": opening.resume} if opening.resume else {},
        "contextWindowCompression": {
            "triggerTokens": str(settings.compress_at_tokens),
            "slidingWindow": {},
        },
    }
    if briefing.tools:
        declared = [_tool(tool, settings.tool_behavior) for tool in briefing.tools]
        message["tools"] = [{"functionDeclarations": declared}]
    return dumped({"setup": message})


def realtime_audio(coded: bytes) -> str:
    return (
        '{"realtimeInput":{"audio":{"mimeType":"audio/pcm;rate=16000","data":"'
        + base64.b64encode(coded).decode("ascii")
        + '"}}}'
    )


def content(texts: Sequence[tuple[str, str]], *, complete: bool) -> str:
    """Turns of a role (`user`, `model`) and a text. `complete`: it is answered now."""
    turns = [{"role": role, "parts": [{"text": text}]} for role, text in texts]
    return dumped({"clientContent": {"turns": turns, "turnComplete": complete}})


def tool_response(call_id: str, name: str, result: str, *, silent: bool) -> str:
    """`silent`: to know, and not to speak about; only for tools that do not block."""
    answer: dict[str, Any] = {"id": call_id, "name": name, "response": {"output": result}}
    if silent:
        answer["scheduling"] = "SILENT"
    return dumped({"toolResponse": {"functionResponses": [answer]}})


def _speech(settings: GeminiLiveSettings, opening: Opening) -> dict[str, Any]:
    speech: dict[str, Any] = {}
    if voice := opening.briefing.voice or settings.voice:
        speech["voiceConfig"] = {"prebuiltVoiceConfig": {"voiceName": voice}}
    if settings.sends_language:
        speech["languageCode"] = opening.briefing.language
    return speech


def _input_config(settings: GeminiLiveSettings) -> dict[str, Any]:
    if settings.turn_detection == "none":
        return {"automaticActivityDetection": {"disabled": True}}
    return {
        "automaticActivityDetection": {
            "startOfSpeechSensitivity": f"START_SENSITIVITY_{settings.start_sensitivity.upper()}",
            "endOfSpeechSensitivity": f"END_SENSITIVITY_{settings.end_sensitivity.upper()}",
            "silenceDurationMs": settings.silence_ms,
        }
    }


def _transcription(settings: GeminiLiveSettings, opening: Opening) -> dict[str, Any]:
    if not settings.transcription_languages:
        return {}
    asked: dict[str, Any] = {"languageCodes": list(opening.briefing.languages)}
    if opening.briefing.phrases:
        asked["customVocabulary"] = list(opening.briefing.phrases[:_MAX_VOCABULARY])
    return asked


def _tool(tool: ToolSpec, behavior: str | None) -> dict[str, Any]:
    declared: dict[str, Any] = {
        "name": tool.name,
        "description": tool.description,
        "parametersJsonSchema": dict(tool.parameters),
    }
    if behavior is not None:
        declared["behavior"] = behavior
    return declared
