"""What the four adapters over OpenAI's SDK share: settings, the client, and who closes it."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

from voice_ai_service.errors import ProviderRefused
from voice_ai_service.providers.entry import BaseUrl, ProviderContext, ProviderSettings, StageTimeouts
from voice_ai_service.providers.sdk_errors import SdkErrors
from voice_ai_service.providers.sdk_http import http_client, library_of, wait_limits

OPENAI_URL: Final = "https://api.openai.com/v1"
_NO_KEY: Final = "none"
"""Self-hosted servers take any key; without one the SDK would look for the operator's in the environment."""


class CompatibleSettings(ProviderSettings):
    """A server that speaks OpenAI's API: `base_url` includes the version, as in `http://10.0.0.5:8000/v1`."""

    base_url: BaseUrl


@dataclass(frozen=True, slots=True)
class OpenAiClient:
    """An open SDK client. Whoever opened it closes it."""

    name: str
    client: Any
    sdk: ModuleType
    timeouts: StageTimeouts
    errors: SdkErrors

    def wait_limits(self, read_s: float) -> Any:
        """The SDK's `timeout` for one request; `read_s` is the longest silence of the server."""
        return wait_limits(library_of(self.sdk), self.timeouts, read_s)

    async def aclose(self) -> None:
        await self.client.close()


async def open_client(
    name: str,
    settings: ProviderSettings,
    secret: str | None,
    context: ProviderContext,
    *,
    used: Callable[[Any], object],
) -> OpenAiClient:
    """In a thread: importing the SDK takes half a second, reading the machine's certificates some more.

    Args:
        used: Names the part of the client that the adapter uses, which the SDK would import at its first use.

    Raises:
        ProviderRefused: The SDK is not installed.
    """

    def open_in_thread() -> OpenAiClient:
        try:
            sdk = importlib.import_module("openai")
        except ImportError as error:
            raise ProviderRefused(
                "OpenAI's package is not installed.", provider=name, fix="pip install 'voice-ai[openai]'"
            ) from error
        base_url = getattr(settings, "base_url", None)
        client = sdk.AsyncOpenAI(
            api_key=secret or _NO_KEY,
            base_url=base_url or OPENAI_URL,
            max_retries=0,
            http_client=http_client(sdk, base_url, settings.timeouts, context.allowed_networks),
            timeout=wait_limits(library_of(sdk), settings.timeouts),
        )
        used(client)
        return OpenAiClient(name, client, sdk, settings.timeouts, SdkErrors(sdk, name, context.clock))

    return await asyncio.to_thread(open_in_thread)
