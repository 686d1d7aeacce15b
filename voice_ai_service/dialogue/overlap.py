"""How much of a question's meaning was in what the caller said: shared content words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from voice_ai_service.dialogue.intents import Lexicon

_SUFFIXES: Final = {
    "pt-BR": (
        ("coes", "cao"),
        ("oes", "ao"),
        ("aes", "ao"),
        ("ais", "al"),
        ("eis", "el"),
        ("ns", "m"),
        ("res", "r"),
        ("zes", "z"),
        ("s", ""),
    ),
    "en": (("ies", "y"), ("sses", "ss"), ("ss", "ss"), ("s", "")),
}
_MIN_STEM: Final = 3


def content_words(spoken: Sequence[str], lexicon: Lexicon) -> frozenset[str]:
    """Singular forms of the folded words that carry meaning."""
    return frozenset(_singular(word, lexicon.language) for word in spoken if word not in lexicon.stop_words)


def overlap(question: frozenset[str], heard: frozenset[str]) -> float:
    """0 to 1: mostly how much of the question was said, a little how little else was. 0 below half the question."""
    if not question or not heard:
        return 0.0
    shared = len(question & heard)
    recall = shared / len(question)
    if recall < 0.5:
        return 0.0
    return 0.7 * recall + 0.3 * shared / len(heard)


def _singular(word: str, language: str) -> str:
    for suffix, replacement in _SUFFIXES.get(language, ()):
        if word.endswith(suffix) and len(word) - len(suffix) + len(replacement) >= _MIN_STEM:
            return word[: len(word) - len(suffix)] + replacement
    return word
