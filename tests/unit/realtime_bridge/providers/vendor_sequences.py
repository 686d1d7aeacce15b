"""Written sequences for the vendors' protocols: what goes in, what comes out, said briefly."""

from __future__ import annotations

import base64
import itertools
import json
from typing import Any

from realtime_bridge.providers.elevenlabs_agent import ElevenLabsProtocol
from realtime_bridge.providers.gemini_live import GeminiProtocol
from realtime_bridge.providers.openai_realtime import OpenAiProtocol
from realtime_bridge.providers.vendor import Audio, Briefing, Fail, Oddity, Opening, Send, Steps, Tell
from voice_ai_service.providers.llm.seam import ToolSpec
from voice_ai_service.providers.realtime.elevenlabs import ElevenLabsAgentSettings
from voice_ai_service.providers.realtime.gemini import GeminiLiveSettings
from voice_ai_service.providers.realtime.openai import OpenAiRealtimeSettings

TOOL = ToolSpec("transfer_call", "Put through.", {"type": "object", "properties": {}})
BRIEFING = Briefing("You are Clara.", (TOOL,))
MS20 = bytes(160)


def ids() -> Any:
    numbers = itertools.count(1)
    return lambda: f"reply-{next(numbers)}"


def openai(**settings: Any) -> OpenAiProtocol:
    made = OpenAiProtocol("openai", OpenAiRealtimeSettings(**settings), Opening(BRIEFING), ids())
    made.opening()
    made.receive(json.dumps({"type": "session.updated", "session": {}}))
    return made


def elevenlabs(**settings: Any) -> ElevenLabsProtocol:
    wanted = ElevenLabsAgentSettings(agent_id="a", **settings)
    made = ElevenLabsProtocol("elevenlabs", wanted, Opening(BRIEFING), ids())
    made.opening()
    formats = {"agent_output_audio_format": "ulaw_8000", "user_input_audio_format": "ulaw_8000"}
    metadata = {"conversation_id": "c", **formats}
    kind = "conversation_initiation_metadata"
    made.receive(json.dumps({"type": kind, f"{kind}_event": metadata}))
    return made


def gemini(**settings: Any) -> GeminiProtocol:
    made = GeminiProtocol("gemini", GeminiLiveSettings(**settings), Opening(BRIEFING), ids())
    made.opening()
    made.receive('{"setupComplete":{}}')
    return made


def got(protocol: Any, *events: dict[str, Any]) -> Steps:
    """Everything that comes of these messages."""
    return [step for event in events for step in protocol.receive(json.dumps(event))]


def told(steps: Steps) -> list[Any]:
    """Events for the session."""
    return [step.event for step in steps if isinstance(step, Tell)]


def sent(steps: Steps) -> list[dict[str, Any]]:
    """Messages for the vendor."""
    return [json.loads(step.text) for step in steps if isinstance(step, Send)]


def kinds(steps: Steps) -> list[str]:
    """Types of OpenAI's and ElevenLabs' messages."""
    return [message.get("type", next(iter(message))) for message in sent(steps)]


def odd(steps: Steps) -> list[str]:
    return [step.name for step in steps if isinstance(step, Oddity)]


def failed(steps: Steps) -> list[str]:
    return [step.error.code for step in steps if isinstance(step, Fail)]


def heard(steps: Steps) -> list[str]:
    """The reply ids of audio."""
    return [step.reply_id for step in steps if isinstance(step, Audio)]


def b64(samples: bytes = MS20) -> str:
    return base64.b64encode(samples).decode()
