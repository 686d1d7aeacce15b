"""Text for the ear: what goes to a voice instead of what was written. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from voice_ai_service.text.ear import english, portuguese
from voice_ai_service.text.ear.rules import Rule, apply, rule
from voice_ai_service.text.languages import base_language

REVISION: Final = 1
"""Raised with every change of what is read, so that no cache plays an older reading."""
_RULES: Final[Mapping[str, tuple[Rule, ...]]] = {"pt": portuguese.RULES, "en": english.RULES}

Dictionary = Mapping[str, str]
"""A tenant's own words and how they are pronounced, such as "Xpto" to "xis pê tê ó"."""


def for_the_ear(text: str, language: str, dictionary: Dictionary | None = None) -> str:
    """What a person would read aloud. A language that we have no rules for is left as written.

    Args:
        dictionary: Comes before our rules; whole words, in any case.
    """
    rules = _RULES.get(base_language(language), ())
    own = _dictionary_rules(tuple(sorted(dictionary.items()))) if dictionary else ()
    return apply(text, (*own, *rules))


@lru_cache(maxsize=256)
def _dictionary_rules(entries: tuple[tuple[str, str], ...]) -> tuple[Rule, ...]:
    longest_first = sorted(entries, key=lambda entry: -len(entry[0]))
    return tuple(
        rule(rf"(?<!\w){re.escape(written)}(?!\w)", read, re.IGNORECASE) for written, read in longest_first
    )
