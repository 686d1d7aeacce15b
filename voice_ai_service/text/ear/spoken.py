"""Text for the ear: what goes to a voice instead of what was written. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from voice_ai_service.text import ssml
from voice_ai_service.text.ear import english, portuguese
from voice_ai_service.text.ear.dictionary import NO_WORDS, Dictionary
from voice_ai_service.text.ear.rules import Rule, apply, rule, without_markdown
from voice_ai_service.text.languages import base_language

REVISION: Final = 3
"""Raised with every change of what is read, so that no cache plays an older reading."""
_RULES: Final[Mapping[str, tuple[Rule, ...]]] = {"pt": portuguese.RULES, "en": english.RULES}

_MARKUP: Final = rule(ssml.READ_ALREADY, lambda match: match.group())


def for_the_ear(text: str, language: str, dictionary: Dictionary = NO_WORDS, *, markup: bool = False) -> str:
    """What a person would read aloud. A language that we have no rules for is left as written.

    Args:
        dictionary: Comes before our rules.
        markup: SSML in the text is left as it is, for an engine that takes it; otherwise it is taken out.
    """
    rules = _RULES.get(base_language(language), ())
    kept = (_MARKUP,) if markup else ()
    words = without_markdown(text if markup else ssml.plain(text))
    return apply(words, (*kept, *dictionary.rules, *rules))
