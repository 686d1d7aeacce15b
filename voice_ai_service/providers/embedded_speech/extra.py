"""Whether the packages of the `embedded` extra are there, without importing them."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from voice_ai_service.errors import ProviderRefused

FIX: Final = "pip install 'voice-ai[embedded]'"


def missing(package: str) -> str | None:
    """Why the engine cannot run here, in one sentence, or None when it can."""
    if find_spec(package) is not None:
        return None
    return f"the package {package} is not installed: {FIX}"


def require(package: str, provider: str) -> None:
    """Raises ProviderRefused when `package` is not installed."""
    if missing(package) is not None:
        raise ProviderRefused(f"The package {package} is not installed.", provider=provider, fix=FIX)
