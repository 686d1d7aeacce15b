"""How Gemini Live is reached, and what its close frames mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from realtime_bridge.providers.gemini_live import GeminiProtocol
from realtime_bridge.providers.seam import BrainCapabilities
from realtime_bridge.providers.vendor import Opening
from voice_ai_service.errors import ProviderError
from voice_ai_service.providers.entry import StageTimeouts
from voice_ai_service.providers.realtime.gemini import CAPABILITIES, NAME, GeminiLiveSettings
from voice_ai_service.providers.wire import faults
from voice_ai_service.providers.wire.line import Address
from voice_ai_service.providers.wire.messages import websocket_url

_OWN: Final = "https://generativelanguage.googleapis.com"
_PATH: Final = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"


class GeminiVendor:
    def __init__(self, settings: GeminiLiveSettings, secret: str | None, new_id: Callable[[], str]) -> None:
        self._settings = settings
        self._secret = secret or ""
        self._new_id = new_id

    @property
    def name(self) -> str:
        return NAME

    @property
    def timeouts(self) -> StageTimeouts:
        return self._settings.timeouts

    @property
    def capabilities(self) -> BrainCapabilities:
        return BrainCapabilities(
            owns_turns=self._settings.turn_detection != "none",
            max_session_s=CAPABILITIES.max_connection_s,
            # In turns of ours, what is said over a reply waits here until it counts: it has no words before that.
            partials=self._settings.turn_detection != "none",
        )

    async def address(self) -> Address:
        """The key travels in a header: addresses are written down everywhere."""
        base = websocket_url(self._settings.base_url or _OWN)
        return Address(
            base + _PATH, {"x-goog-api-key": self._secret}, checked=self._settings.base_url is not None
        )

    def protocol(self, opening: Opening) -> GeminiProtocol:
        return GeminiProtocol(NAME, self._settings, opening, self._new_id)

    def closed(self, code: int, reason: str) -> ProviderError | None:
        """It has no error messages: what is wrong stands in the close frame's code and words."""
        words = reason.lower()
        if (code == 1008 and "model" in words) or "not found" in words:
            return faults.no_model(NAME, f"{code} {reason}")
        if "quota" in words or ("resource" in words and "exhausted" in words):
            return faults.busy(NAME, f"{code} {reason}")
        if "api key" in words or "permission" in words or "unauthenticated" in words:
            return faults.bad_key(NAME, f"{code} {reason}")
        if code in (1003, 1007, 1008):
            return faults.refused(NAME, "refuses the request", detail=f"{code} {reason}")
        return None
