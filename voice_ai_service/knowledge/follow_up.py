"""Questions that mean nothing without the one before: "e aos sábados?", "and on Saturdays?". Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from voice_ai_service.knowledge.language_data import LANGUAGES, language_data, without_fillers
from voice_ai_service.text.words import words

MAX_CHARS: Final = 500
"""Of each question that is taken along."""
_MAX_BACK: Final = 4
_OPENERS: Final = (
    ("e",),
    ("and",),
    ("mas", "e"),
    ("but",),
    ("what", "about"),
    ("how", "about"),
    ("what", "if"),
    ("then",),
    ("so",),
    ("entao",),
    ("or",),
    ("ou",),
)
_POINTING: Final = frozenset(
    words(
        "isso isto esse essa esses essas este esta aquilo aquele aquela ele ela eles elas dele dela deles delas nele "
        "nela disso nisso la ai it that this they them those these there its their he she him her"
    )
)
_SHORT_WORDS: Final = 5
_FEW_CONCEPTS: Final = 2


def rewrite_follow_up(history: Sequence[str], heard: str) -> str:
    """The question to search for: as it was heard, or with the topic of the questions before it.

    A question is a follow-up when it begins as one ("e ...", "what about ..."), or is short and points back ("quanto
    custa isso?"). Its words stand first, the topic after them: what is new counts, what was asked says about what.

    Args:
        history: What the caller said before, oldest first.
        heard: The last utterance.
    """
    if not _is_follow_up(heard):
        return heard
    for earlier in reversed(history[-_MAX_BACK:]):
        topic = _content(earlier)
        if topic and not _is_follow_up(earlier):
            return f"{heard.strip()} {' '.join(earlier.split())[:MAX_CHARS]}"
    return heard


def _is_follow_up(heard: str) -> bool:
    spoken = words(heard)
    if not spoken:
        return False
    if any(spoken[: len(opener)] == opener for opener in _OPENERS):
        return len(_content(heard)) <= _FEW_CONCEPTS
    points_back = len(spoken) <= _SHORT_WORDS and not _POINTING.isdisjoint(spoken)
    return points_back and len(_content(heard)) <= 1


def _content(heard: str) -> tuple[str, ...]:
    """Words that mean something in every language we know: a call's language may be guessed wrongly."""
    spoken = words(heard)
    for language in LANGUAGES:
        data = language_data(language)
        spoken = tuple(
            word
            for word in without_fillers(spoken, data.fillers)
            if word not in data.stop_words | data.weak_words
        )
    return spoken
