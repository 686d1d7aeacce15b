"""Yes, no, or neither: a question that was asked back needs an explicit answer (lesson 41). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from voice_ai_service.dialogue.intents import Intent, lexicon
from voice_ai_service.text.words import words

_KEYS: Final[dict[str, Literal["yes", "no"]]] = {"1": "yes", "2": "no"}
_NO_WORDS: Final = frozenset(("nao", "no", "not", "nope", "negativo", "nunca", "never"))


def yes_or_no(text: str, digits: str, languages: Sequence[str]) -> Literal["yes", "no"] | None:
    """What the caller answered: a key (1 yes, 2 no), or a sentence that begins with such a phrase.

    A sentence with a negation anywhere is never a yes.

    Args:
        languages: Those the caller may answer in.
    """
    for digit in digits:
        if digit in _KEYS:
            return _KEYS[digit]
    spoken = words(text)
    phrases = [lexicon(language).phrases for language in languages]
    if any(_begins(spoken, known[Intent.NO]) for known in phrases) or (spoken and spoken[0] in _NO_WORDS):
        return "no"
    if any(_begins(spoken, known[Intent.YES]) for known in phrases) and not _NO_WORDS & set(spoken):
        return "yes"
    return None


def _begins(spoken: tuple[str, ...], phrases: tuple[str, ...]) -> bool:
    return any(spoken[: len(wanted)] == wanted for wanted in map(words, phrases))
