"""Language tags between us (BCP-47) and engines that know ISO 639-1 codes or English names."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from voice_ai_service.errors import ProviderRefused

_NAMES: Final = {
    "portuguese": "pt", "english": "en", "spanish": "es", "french": "fr", "german": "de", "italian": "it",
    "dutch": "nl", "polish": "pl", "russian": "ru", "japanese": "ja", "chinese": "zh", "korean": "ko",
    "arabic": "ar", "hindi": "hi", "turkish": "tr", "ukrainian": "uk", "catalan": "ca", "galician": "gl",
}  # fmt: skip


def base(tag: str) -> str:
    """`pt` of `pt-BR`."""
    return tag.replace("_", "-").partition("-")[0].lower()


def bases(tags: Sequence[str]) -> tuple[str, ...]:
    """Each once, in order."""
    return tuple(dict.fromkeys(base(tag) for tag in tags))


def tag_for(code: str | None, allowed: Sequence[str]) -> str | None:
    """The first allowed tag that an engine's code or English name stands for; None when it is none of them."""
    if not code:
        return None
    wanted = _NAMES.get(code.lower(), base(code))
    return next((tag for tag in allowed if base(tag) == wanted), None)


def forced(options_languages: Sequence[str], known: Collection[str] | None, provider: str) -> str:
    """The one language that a recogniser is told: the caller's likeliest that it knows. Never none, never several.

    Args:
        known: BCP-47 tags or bare languages; a bare one stands for all its countries. None: any.

    Raises:
        ProviderRefused: It knows none of them.
    """
    for tag in options_languages:
        if known is None or tag in known or base(tag) in known:
            return tag
    raise ProviderRefused(
        f"The provider {provider} does not know the caller's language.",
        provider=provider,
        field="language",
        fix="Choose another recogniser for this language.",
    )
