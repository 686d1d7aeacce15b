"""Vendors' JSON, read with suspicion: a field that is not what the contract says is as good as absent."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Final

from voice_ai_service.errors import ProviderProtocol

_NOTHING: Final[Mapping[str, Any]] = {}


def parse(message: str | bytes, provider: str) -> Mapping[str, Any]:
    """Raises ProviderProtocol for anything but a JSON object."""
    try:
        parsed = json.loads(message)
    except (ValueError, RecursionError) as error:
        raise broken(provider, "not JSON", error) from error
    if not isinstance(parsed, dict):
        raise broken(provider, "not an object")
    return parsed


def broken(provider: str, what: str, error: object = "") -> ProviderProtocol:
    """It sent what its contract does not allow."""
    return ProviderProtocol(
        f"The provider {provider} answered wrongly.",
        provider=provider,
        detail=f"{what} {error}".strip()[:500],
    )


def child(message: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = message.get(name)
    return value if isinstance(value, dict) else _NOTHING


def children(message: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = message.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(message: Mapping[str, Any], name: str) -> str:
    value = message.get(name)
    return value if isinstance(value, str) else ""


def number(message: Mapping[str, Any], name: str) -> int:
    value = message.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def samples(encoded: str, provider: str) -> bytes:
    """Raises ProviderProtocol for what is not base64."""
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise broken(provider, "audio is not base64", error) from error


def dumped(message: Mapping[str, Any]) -> str:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def websocket_url(base_url: str) -> str:
    """`https://host` as `wss://host`."""
    return base_url.replace("http", "ws", 1) if base_url.startswith("http") else base_url
