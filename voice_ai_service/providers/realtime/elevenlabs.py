"""ElevenLabs' conversational agents: what a row may say."""

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

NAME: Final = "elevenlabs"
CAPABILITIES: Final = RealtimeCapabilities(
    turns=frozenset({"provider"}),
    encodings=("ulaw_8000", "pcm_8000", "pcm_16000", "pcm_22050", "pcm_24000", "pcm_44100", "pcm_48000"),
    cancels=False,
    truncates=False,
    tools="configured",
)

Override = Literal["prompt", "language", "first_message", "voice"]


class ElevenLabsAgentSettings(ProviderSettings):
    """
    Attributes:
        agent_id: The agent as configured there, with client tools of the secretary's tools' names.
        region: Where the agent lives.
        base_url: Another address, as in `https://host`; the region is not used then.
        auth: `signed_url` asks for an address of one use, `api_key` sends the key with the connection.
        overrides: What the secretary says instead of the agent; each must be allowed in the agent's security
            settings.
        quiet_ms: Silence after a reply's last sound that ends it, for agents that do not announce the end
            (client event `agent_response_complete`).
        max_connection_s: The agent's own limit on a conversation, if it is shorter than calls.
    """

    timeouts: StageTimeouts = LIVE_TIMEOUTS
    agent_id: ModelName
    region: Literal["global", "us", "eu", "in"] = "global"
    base_url: BaseUrl | None = None
    auth: Literal["signed_url", "api_key"] = "signed_url"
    overrides: tuple[Override, ...] = ("prompt", "language", "first_message")
    quiet_ms: int = Field(900, ge=200, le=5000)
    max_connection_s: int | None = Field(None, ge=60, le=7200)

    @property
    def model(self) -> str:
        """What conversations name: the agent."""
        return self.agent_id


async def build(
    context: ProviderContext, settings: ElevenLabsAgentSettings, secret: str | None
) -> RealtimeAccess:
    return RealtimeAccess(NAME, settings, secret, context)
