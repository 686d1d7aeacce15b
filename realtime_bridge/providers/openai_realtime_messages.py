"""What we send to OpenAI's Realtime API: client events of the GA interface, as its reference names them."""

from __future__ import annotations

import base64
from typing import Any, Final

from realtime_bridge.providers.vendor import Briefing, WireAudio
from voice_ai_service.audio.formats import PHONE_RATE_HZ, Encoding
from voice_ai_service.providers.llm.seam import ChatMessage, Role, ToolSpec
from voice_ai_service.providers.realtime.openai import CompatibleRealtimeSettings, OpenAiRealtimeSettings
from voice_ai_service.providers.stt.languages import bases
from voice_ai_service.providers.wire.messages import dumped

Settings = OpenAiRealtimeSettings | CompatibleRealtimeSettings

PCM_RATE_HZ: Final = 24000
"""The only rate of its `audio/pcm`."""
_MAX_KEYWORDS: Final = 60

CLEAR: Final = '{"type":"input_audio_buffer.clear"}'
COMMIT: Final = '{"type":"input_audio_buffer.commit"}'


def wire_audio(settings: Settings, leg_rate_hz: int) -> WireAudio:
    """G.711 where the leg has no more than that: half a per mille of the cost of resampling, and nothing is lost."""
    narrow = settings.audio == "pcmu" or (settings.audio == "auto" and leg_rate_hz == PHONE_RATE_HZ)
    return WireAudio(Encoding.PCMU, PHONE_RATE_HZ) if narrow else WireAudio(Encoding.L16, PCM_RATE_HZ)


def session_update(settings: Settings, briefing: Briefing, audio: WireAudio) -> str:
    form: dict[str, Any] = (
        {"type": "audio/pcmu"}
        if audio.encoding is Encoding.PCMU
        else {"type": "audio/pcm", "rate": audio.sample_rate_hz}
    )
    output: dict[str, Any] = {"format": form, "speed": settings.speed}
    if voice := briefing.voice or settings.voice:
        output["voice"] = voice
    heard: dict[str, Any] = {
        "format": form,
        "transcription": _transcription(settings, briefing),
        "turn_detection": _turn_detection(settings),
        "noise_reduction": {"type": settings.noise_reduction} if settings.noise_reduction else None,
    }
    session: dict[str, Any] = {
        "type": "realtime",
        "instructions": briefing.instructions,
        "output_modalities": ["audio"],
        "max_output_tokens": settings.max_output_tokens,
        "tools": [_tool(tool) for tool in briefing.tools],
        "tool_choice": "auto",
        "audio": {"input": heard, "output": output},
    }
    if settings.reasoning_effort is not None:
        session["reasoning"] = {"effort": settings.reasoning_effort}
    return dumped({"type": "session.update", "event_id": "opening", "session": session})


def append(coded: bytes) -> str:
    return '{"type":"input_audio_buffer.append","audio":"' + base64.b64encode(coded).decode("ascii") + '"}'


def history_item(message: ChatMessage) -> str:
    if message.role is Role.ASSISTANT:
        return _item(
            {"type": "message", "role": "assistant", "content": [_part("output_text", message.text)]}
        )
    return system_item(message.text) if message.role is Role.SYSTEM else user_item(message.text)


def user_item(text: str) -> str:
    return _item({"type": "message", "role": "user", "content": [_part("input_text", text)]})


def system_item(text: str) -> str:
    return _item({"type": "message", "role": "system", "content": [_part("input_text", text)]})


def assistant_item(text: str) -> str:
    return _item({"type": "message", "role": "assistant", "content": [_part("output_text", text)]})


def tool_output(call_id: str, result: str) -> str:
    return _item({"type": "function_call_output", "call_id": call_id, "output": result})


def create_response(event_id: str) -> str:
    return dumped({"type": "response.create", "event_id": event_id})


def cancel_response(response_id: str | None) -> str:
    """None: the one that was asked for and was not named yet."""
    named = {"response_id": response_id} if response_id else {}
    return dumped({"type": "response.cancel", **named})


def truncate(item_id: str, audio_end_ms: int) -> str:
    return dumped(
        {
            "type": "conversation.item.truncate",
            "item_id": item_id,
            "content_index": 0,
            "audio_end_ms": audio_end_ms,
        }
    )


def delete(item_id: str) -> str:
    return dumped({"type": "conversation.item.delete", "item_id": item_id})


def _item(item: dict[str, Any]) -> str:
    return dumped({"type": "conversation.item.create", "item": item})


def _part(kind: str, text: str) -> dict[str, str]:
    return {"type": kind, "text": text}


def _tool(tool: ToolSpec) -> dict[str, Any]:
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": dict(tool.parameters),
    }


def _transcription(settings: Settings, briefing: Briefing) -> dict[str, Any] | None:
    """The language is always named where the model takes it: left to itself it hears Japanese in "sim"."""
    if settings.transcription_model is None:
        return None
    asked: dict[str, Any] = {"model": settings.transcription_model}
    languages = bases(briefing.languages or (briefing.language,))
    if settings.transcription_hints == "languages":
        asked["languages"] = list(languages)
        if briefing.phrases:
            asked["keywords"] = list(briefing.phrases[:_MAX_KEYWORDS])
    elif settings.transcription_hints == "language":
        asked["language"] = bases((briefing.language,))[0]
    return asked


def _turn_detection(settings: Settings) -> dict[str, Any] | None:
    """It may say when the caller spoke. Who is answered and who is interrupted stays the secretary's."""
    ours = {"create_response": False, "interrupt_response": False}
    if settings.turn_detection == "server_vad":
        return {
            "type": "server_vad",
            "threshold": settings.threshold,
            "silence_duration_ms": settings.silence_ms,
            **ours,
        }
    if settings.turn_detection == "semantic_vad":
        return {"type": "semantic_vad", "eagerness": settings.eagerness, **ours}
    return None
