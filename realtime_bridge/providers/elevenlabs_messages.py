"""What we send to an ElevenLabs agent, and the formats of its audio."""

from __future__ import annotations

import base64
from typing import Any, Final

from realtime_bridge.providers.vendor import Opening, WireAudio
from voice_ai_service.audio.formats import Encoding
from voice_ai_service.dialogue.notes import so_far
from voice_ai_service.providers.realtime.elevenlabs import ElevenLabsAgentSettings
from voice_ai_service.providers.stt.languages import base
from voice_ai_service.providers.wire.messages import dumped

FORMATS: Final = {
    "ulaw_8000": WireAudio(Encoding.PCMU, 8000),
    **{f"pcm_{rate}": WireAudio(Encoding.L16, rate) for rate in (8000, 16000, 22050, 24000, 44100, 48000)},
}
_LANGUAGES: Final = {"pt-BR": "pt-br"}
"""Where its code is not the tag's first part."""

ACTIVE: Final = '{"type":"user_activity"}'


def initiation(settings: ElevenLabsAgentSettings, opening: Opening) -> str:
    """What we say instead of the agent's own configuration: it must be allowed there, or the agent hangs up."""
    briefing = opening.briefing
    agent: dict[str, Any] = {}
    override: dict[str, Any] = {}
    if "prompt" in settings.overrides:
        parts = (briefing.instructions, so_far(opening.history))
        agent["prompt"] = {"prompt": "\n\n".join(part for part in parts if part)}
    if "first_message" in settings.overrides:
        agent["first_message"] = ""  # the caller was greeted already
    if "language" in settings.overrides:
        agent["language"] = _LANGUAGES.get(briefing.language, base(briefing.language))
    if agent:
        override["agent"] = agent
    if "voice" in settings.overrides and briefing.voice:
        override["tts"] = {"voice_id": briefing.voice}
    message: dict[str, Any] = {"type": "conversation_initiation_client_data"}
    if override:
        message["conversation_config_override"] = override
    return dumped(message)


def user_audio(coded: bytes) -> str:
    return '{"user_audio_chunk":"' + base64.b64encode(coded).decode("ascii") + '"}'


def pong(event_id: int) -> str:
    return dumped({"type": "pong", "event_id": event_id})


def context(text: str) -> str:
    """To know, without an answer."""
    return dumped({"type": "contextual_update", "text": text})


def user_message(text: str) -> str:
    """As if the caller had said it: it is answered."""
    return dumped({"type": "user_message", "text": text})


def tool_result(call_id: str, result: str, *, is_error: bool = False) -> str:
    return dumped(
        {"type": "client_tool_result", "tool_call_id": call_id, "result": result, "is_error": is_error}
    )
