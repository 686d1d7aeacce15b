"""How OpenAI's Realtime API is reached, and what its close frames mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

from realtime_bridge.providers.openai_realtime import OpenAiProtocol
from realtime_bridge.providers.openai_realtime_messages import Settings
from realtime_bridge.providers.seam import BrainCapabilities
from realtime_bridge.providers.vendor import Opening
from voice_ai_service.errors import ProviderError
from voice_ai_service.providers.entry import StageTimeouts
from voice_ai_service.providers.openai_sdk import OPENAI_URL
from voice_ai_service.providers.realtime.openai import CAPABILITIES, CompatibleRealtimeSettings
from voice_ai_service.providers.wire.line import Address
from voice_ai_service.providers.wire.messages import websocket_url

_OWN: Final = OPENAI_URL


class OpenAiVendor:
    def __init__(self, name: str, settings: Settings, secret: str | None, new_id: Callable[[], str]) -> None:
        self._name = name
        self._settings = settings
        self._secret = secret
        self._new_id = new_id

    @property
    def name(self) -> str:
        return self._name

    @property
    def timeouts(self) -> StageTimeouts:
        return self._settings.timeouts

    @property
    def capabilities(self) -> BrainCapabilities:
        return BrainCapabilities(
            owns_turns=self._settings.turn_detection != "none",
            max_session_s=CAPABILITIES.max_connection_s,
            partials=False,  # it writes down what was said once it is over
        )

    async def address(self) -> Address:
        compatible = isinstance(self._settings, CompatibleRealtimeSettings)
        base = self._settings.base_url if isinstance(self._settings, CompatibleRealtimeSettings) else _OWN
        url = f"{websocket_url(base)}/realtime?{urlencode({'model': self._settings.model})}"
        headers = {"Authorization": f"Bearer {self._secret}"} if self._secret else {}
        return Address(url, headers, checked=compatible)

    def protocol(self, opening: Opening) -> OpenAiProtocol:
        return OpenAiProtocol(self._name, self._settings, opening, self._new_id)

    def closed(self, code: int, reason: str) -> ProviderError | None:
        """It says what it has to say in an `error` event before it closes."""
        return None
