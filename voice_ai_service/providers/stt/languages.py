"""Language tags between us (BCP-47) and engines that know ISO 639-1 codes or English names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

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
