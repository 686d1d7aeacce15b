"""Google's Generative Language API (Gemini): its address, its key, and what its error answers say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from voice_ai_service.errors import ProviderRefused
from voice_ai_service.providers.entry import ProviderContext, ProviderSettings
from voice_ai_service.providers.vendor_errors import Refusal
from voice_ai_service.providers.vendor_wire import FailedAnswer, VendorAddress, VendorWire, open_vendor_wire

NAME: Final = "gemini"
GEMINI_URL: Final = "https://generativelanguage.googleapis.com/v1beta"
_BAD_KEY: Final = frozenset({"API_KEY_INVALID", "API_KEY_EXPIRED"})


async def open_gemini(settings: ProviderSettings, secret: str | None, context: ProviderContext) -> VendorWire:
    """To `settings.base_url`, else to Google. Raises ProviderRefused without a key."""
    if not secret:
        raise ProviderRefused("Gemini needs a key.", provider=NAME, field="secret")
    base_url: str | None = getattr(settings, "base_url", None)
    address = VendorAddress(
        base_url or GEMINI_URL, base_url is not None, {"x-goog-api-key": secret}, refusal=as_google_says
    )
    return await open_vendor_wire(NAME, address, settings.timeouts, context)


def as_google_says(failed: FailedAnswer) -> Refusal:
    """google.rpc.Status: a wrong key is a bad request by its reason, and how long to wait stands in the details."""
    status, headers = failed.status, dict(failed.headers)
    for detail in _details(failed.said):
        if detail.get("reason") in _BAD_KEY:
            status = 401
        delay = detail.get("retryDelay")
        if isinstance(delay, str) and "retry-after" not in headers:
            headers["retry-after"] = delay.removesuffix("s")
    return Refusal(status, headers, failed.detail)


def _details(said: Any) -> list[Mapping[str, Any]]:
    """`said` is the error's object, or a list that begins with it."""
    outer = said[0] if isinstance(said, list) and said else said
    inner = outer.get("error") if isinstance(outer, dict) else None
    details = inner.get("details") if isinstance(inner, dict) else None
    return [one for one in details if isinstance(one, dict)] if isinstance(details, list) else []
