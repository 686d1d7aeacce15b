"""OpenAI's API over our own HTTP. What is asked once in a while (embeddings) goes through the SDK."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from voice_ai_service.providers import openai_sdk
from voice_ai_service.providers.entry import ProviderContext, ProviderSettings
from voice_ai_service.providers.vendor_errors import Refusal
from voice_ai_service.providers.vendor_wire import (
    FailedAnswer,
    VendorAddress,
    VendorWire,
    WireErrors,
    as_openai_says,
    open_vendor_wire,
)

__all__ = ["OpenAiWire", "WireErrors", "bearer", "open_wire"]

OpenAiWire = VendorWire

_NO_KEY: Final = "none"
"""Self-hosted servers take any key."""


def bearer(secret: str | None) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {secret or _NO_KEY}"}


async def open_wire(
    name: str,
    settings: ProviderSettings,
    secret: str | None,
    context: ProviderContext,
    *,
    url: str | None = None,
    refusal: Callable[[FailedAnswer], Refusal] = as_openai_says,
) -> OpenAiWire:
    """To `settings.base_url`, which must be one that tenants may reach; else to `url`, a vendor's own.

    Args:
        url: None: OpenAI's.
        refusal: What the server's error answers say.

    Raises:
        ProviderRefused: The address is none.
    """
    base_url: str | None = getattr(settings, "base_url", None)
    address = VendorAddress(
        base_url or url or openai_sdk.OPENAI_URL, base_url is not None, bearer(secret), refusal=refusal
    )
    return await open_vendor_wire(name, address, settings.timeouts, context)
