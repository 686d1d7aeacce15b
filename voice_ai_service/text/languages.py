"""Language tags as they come from engines and people."""

from __future__ import annotations

from collections.abc import Sequence


def base_language(tag: str) -> str:
    """The primary subtag, RFC 5646 section 2.2.1: "pt" of "pt-BR" and of "PT_br"."""
    return tag.replace("_", "-").split("-", 1)[0].lower()


def closest(tag: str | None, offered: Sequence[str]) -> str | None:
    """The offered tag that means the same language: the exact one before one with the same primary subtag."""
    if not tag:
        return None
    wanted = tag.replace("_", "-").lower()
    for candidate in offered:
        if candidate.lower() == wanted:
            return candidate
    base = base_language(tag)
    return next((candidate for candidate in offered if base_language(candidate) == base), None)
