"""What the adapters of cloud recognisers share: settings, where to connect, what a whole answer looks like."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.errors import ProviderRefused
from voice_ai_service.providers.entry import BaseUrl, ProviderContext, ProviderSettings, StageTimeouts
from voice_ai_service.providers.stt.seam import SttCapabilities, SttOptions, Transcript
from voice_ai_service.providers.vendor_errors import Refusal, VendorErrors
from voice_ai_service.providers.vendor_wire import (
    FailedAnswer,
    VendorAddress,
    VendorWire,
    as_openai_says,
    open_vendor_wire,
)
from voice_ai_service.providers.wire.line import Address
from voice_ai_service.providers.wire.messages import websocket_url


class CloudSettings(ProviderSettings):
    """
    Attributes:
        base_url: Another address than the vendor's own, as in `https://host`: a gateway, or the vendor's server in
            one's own network.
    """

    base_url: BaseUrl | None = None


class CloudVendor:
    """The vendor's part of `talk.LiveVendor` that is the same for all.

    Args:
        url: The vendor's own address; `settings.base_url` goes before it.
        headers: Of every request and connection, the key's among them.
    """

    def __init__(
        self,
        name: str,
        settings: CloudSettings,
        capabilities: SttCapabilities,
        context: ProviderContext,
        *,
        url: str,
        headers: Mapping[str, str],
    ) -> None:
        self.errors = VendorErrors(name, context.clock)
        self._name = name
        self._typed = settings.base_url is not None
        self._url = settings.base_url or url
        self._timeouts = settings.timeouts
        self._capabilities = capabilities
        self._headers = headers
        self._wire: VendorWire | None = None

    @property
    def name(self) -> str:
        return self._name

    @property
    def capabilities(self) -> SttCapabilities:
        return self._capabilities

    @property
    def timeouts(self) -> StageTimeouts:
        return self._timeouts

    async def open_wire(
        self,
        context: ProviderContext,
        *,
        url: str | None = None,
        refusal: Callable[[FailedAnswer], Refusal] = as_openai_says,
    ) -> None:
        """For plain requests. `url`: the vendor's own, where it is another than the connections'."""
        address = VendorAddress(
            self._url if self._typed or url is None else url, self._typed, self._headers, refusal=refusal
        )
        self._wire = await open_vendor_wire(self._name, address, self._timeouts, context)

    @property
    def wire(self) -> VendorWire:
        assert self._wire is not None  # whoever asks opened it  # noqa: S101
        return self._wire

    def address(self, path: str, query: Sequence[tuple[str, str]] = ()) -> Address:
        asked = f"?{urlencode(query)}" if query else ""
        return Address(f"{websocket_url(self._url)}{path}{asked}", self._headers, checked=self._typed)

    async def transcribe(self, audio: PcmAudio, options: SttOptions) -> Transcript | None:
        """See `talk.LiveVendor`: no such request, unless an adapter says otherwise."""
        return None

    async def warm(self) -> None:
        if self._wire is not None:
            await self._wire.warm()

    async def aclose(self) -> None:
        if self._wire is not None:
            await self._wire.aclose()


def needed(secret: str | None, provider: str) -> str:
    """The key. Raises ProviderRefused without one."""
    if not secret:
        raise ProviderRefused(
            f"The provider {provider} needs a key.",
            provider=provider,
            field="secret",
            fix="Send the provider's API key as secret.",
        )
    return secret


def yes(value: bool) -> str:
    return "true" if value else "false"


def one_of(listed: Any) -> Mapping[str, Any]:
    """The first object of a list; an empty one where there is none."""
    first = listed[0] if isinstance(listed, list) and listed else None
    return first if isinstance(first, dict) else {}
