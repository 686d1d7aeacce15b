"""The sentences of a passage that answer: what is said without a model, and what a model is given to read. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from voice_ai_service.knowledge.concepts import Concept
from voice_ai_service.knowledge.sentences import sentences
from voice_ai_service.text.words import words

MAX_ANSWER_CHARS: Final = 300
"""Twenty seconds of speech."""
MAX_PASSAGE_CHARS: Final = 1200


def answer_in(text: str, concepts: Sequence[Concept], stem_of: Callable[[str], str | None]) -> str:
    """One or two neighbouring sentences that have most of what was asked; empty where none has anything."""
    parts = _parts(text)
    values = [_value({stem_of(word) for word in words(part)}, concepts) for part in parts]
    best, chosen = 0.0, ""
    for at, value in enumerate(values):
        if value > best:
            best, chosen = value, _with_next(parts, at)
    for at in range(len(parts) - 1):
        both = f"{parts[at]} {parts[at + 1]}"
        together = _value({stem_of(word) for word in words(both)}, concepts)
        if len(both) <= MAX_ANSWER_CHARS and together > best:
            best, chosen = together, both
    return chosen


def passage_in(text: str, answer: str) -> str:
    """The text, or where it is long what stands around the answer."""
    if len(text) <= MAX_PASSAGE_CHARS:
        return text
    at = max(0, text.find(answer[:40])) if answer else 0
    start = max(0, min(at - MAX_PASSAGE_CHARS // 3, len(text) - MAX_PASSAGE_CHARS))
    cut = text[start : start + MAX_PASSAGE_CHARS]
    first, last = cut.find(" ") if start else -1, cut.rfind(" ")
    return cut[first + 1 : last if start + MAX_PASSAGE_CHARS < len(text) else None].strip()


def _parts(text: str) -> list[str]:
    return [part for line in text.splitlines() for part in sentences(line)]


def _with_next(parts: Sequence[str], at: int) -> str:
    """A sentence and the one after it where both are short: an answer often ends in the second."""
    both = " ".join(parts[at : at + 2])
    return both if len(both) <= MAX_ANSWER_CHARS else parts[at][:MAX_ANSWER_CHARS]


def _value(stems: set[str | None], concepts: Sequence[Concept]) -> float:
    """How much of the question is there."""
    total = 0.0
    for concept in concepts:
        found = [one.likeness for one in concept.variants if all(stem in stems for stem in one.stems)]
        total += concept.weight * max(found, default=0.0)
    return total
