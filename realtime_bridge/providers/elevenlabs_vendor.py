"""How an ElevenLabs agent is reached, and what its close frames mean."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Final
from urllib.parse import urlencode, urlsplit

import httpx

from realtime_bridge.providers.elevenlabs_agent import ElevenLabsProtocol, judged
from realtime_bridge.providers.seam import BrainCapabilities
from realtime_bridge.providers.vendor import Opening
from voice_ai_service.clock import Clock
from voice_ai_service.errors import InvalidInput, ProviderError
from voice_ai_service.net.addresses import Network
from voice_ai_service.net.transport import guarded_client
from voice_ai_service.providers.entry import StageTimeouts
from voice_ai_service.providers.realtime.elevenlabs import NAME, ElevenLabsAgentSettings
from voice_ai_service.providers.sdk_errors import retry_after_s
from voice_ai_service.providers.wire import faults
from voice_ai_service.providers.wire.line import Address, trusted
from voice_ai_service.providers.wire.messages import broken, websocket_url

_REGIONS: Final = {
    "global": "https://api.elevenlabs.io",
    "us": "https://api.us.elevenlabs.io",
    "eu": "https://api.eu.residency.elevenlabs.io",
    "in": "https://api.in.residency.elevenlabs.io",
}
_KEY_HEADER: Final = "xi-api-key"


class ElevenLabsVendor:
    def __init__(
        self,
        settings: ElevenLabsAgentSettings,
        secret: str | None,
        new_id: Callable[[], str],
        *,
        clock: Clock,
        allowed_networks: Collection[Network] = (),
    ) -> None:
        self._settings = settings
        self._secret = secret or ""
        self._new_id = new_id
        self._clock = clock
        self._networks = allowed_networks
        self._base = settings.base_url or _REGIONS[settings.region]

    @property
    def name(self) -> str:
        return NAME

    @property
    def timeouts(self) -> StageTimeouts:
        return self._settings.timeouts

    @property
    def capabilities(self) -> BrainCapabilities:
        return BrainCapabilities(owns_turns=True, max_session_s=self._settings.max_connection_s)

    async def address(self) -> Address:
        """Raises ProviderError."""
        checked = self._settings.base_url is not None
        query = urlencode({"agent_id": self._settings.agent_id})
        if self._settings.auth == "api_key":
            url = f"{websocket_url(self._base)}/v1/convai/conversation?{query}"
            return Address(url, {_KEY_HEADER: self._secret}, checked=checked)
        signed = await self._signed(f"{self._base}/v1/convai/conversation/get-signed-url?{query}")
        parts, own = urlsplit(signed), urlsplit(websocket_url(self._base))
        # The key is in it: it goes to whom the key belongs to.
        if (parts.scheme, parts.hostname, parts.port) != (own.scheme, own.hostname, own.port):
            raise broken(NAME, "a signed address of another host")
        return Address(signed, checked=checked)

    async def _signed(self, url: str) -> str:
        try:
            async with await self._client() as client:
                answer = await client.get(url, headers={_KEY_HEADER: self._secret})
        except InvalidInput as error:
            raise faults.refused(
                NAME,
                "has an address that must not be reached",
                detail=error.message,
                field="settings.base_url",
                fix=error.fix,
            ) from error
        except httpx.TimeoutException as error:
            raise faults.silent(NAME, "no signed address in time") from error
        except httpx.TransportError as error:
            raise faults.gone(NAME, repr(error)) from error
        if answer.status_code != 200:
            raise self._of_status(answer)
        try:
            signed = answer.json()["signed_url"]
        except (ValueError, KeyError, TypeError) as error:
            raise broken(NAME, "no signed address", error) from error
        if not isinstance(signed, str):
            raise broken(NAME, "a signed address that is none")
        return signed

    async def _client(self) -> httpx.AsyncClient:
        certificates = await asyncio.to_thread(trusted)
        limit_s = self._settings.timeouts.connect_s
        if self._settings.base_url is None:
            return httpx.AsyncClient(verify=certificates, timeout=limit_s, follow_redirects=False)
        return guarded_client(self._networks, timeout_s=limit_s, ssl_context=certificates)

    def _of_status(self, answer: httpx.Response) -> ProviderError:
        status, detail = answer.status_code, f"{answer.status_code} {answer.text[:300]}"
        if status in (401, 403):
            return faults.bad_key(NAME, detail)
        if status in (404, 422):
            return faults.refused(
                NAME, "does not know the agent", detail=detail, field="settings.agent_id", fix="Check its id."
            )
        if status == 429:
            return faults.busy(NAME, detail, retry_after_s(answer.headers, self._clock.now()))
        return faults.gone(NAME, detail) if status >= 500 else broken(NAME, "signed address", detail)

    def protocol(self, opening: Opening) -> ElevenLabsProtocol:
        return ElevenLabsProtocol(NAME, self._settings, opening, self._new_id)

    def closed(self, code: int, reason: str) -> ProviderError | None:
        """1000: the agent ended it, or its time is up; 1006: cut. Both are taken up again."""
        if code in (1000, 1001, 1006):
            return None
        if code == 3000:
            return faults.bad_key(NAME, reason)
        return judged(NAME, {"code": code, "message": reason, "error_type": _kind(reason)})


def _kind(reason: str) -> str:
    return "override_error" if "verride" in reason else ""
