"""Whether a model says that it did what only a tool can do (lesson 42). Pure.

A guard, not a parser: where a sentence only offers, asks or denies, it claims nothing; where it is unsure it
claims, because saying it again costs a second and a lie costs the caller.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from voice_ai_service.calls.secretary import LANGUAGES
from voice_ai_service.text.negation import is_denied
from voice_ai_service.text.words import clauses, find_sequences, words

_SENTENCE: Final = re.compile(r"[^.!?…\n]+[.!?…]*")


class _File(BaseModel):
    """`claims`: tool to phrases that claim it was run, or is being run; `offers` before one of them make it none."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    claims: dict[str, tuple[str, ...]] = Field(min_length=1)
    offers: tuple[str, ...]


def claimed_tools(text: str) -> frozenset[str]:
    """Names of the tools that a text claims to have used, in whichever of our languages it is."""
    found: set[str] = set()
    for sentence in _SENTENCE.findall(text):
        if not sentence.rstrip().endswith("?"):
            found.update(_claimed(sentence))
    return frozenset(found)


def unfounded(text: str, true: Iterable[str]) -> frozenset[str]:
    """What a text claims and is not so.

    Args:
        true: Names of the tools that did what they are for: in this turn or, where it lasts, in this call.
    """
    return claimed_tools(text) - frozenset(true)


def _claimed(sentence: str) -> set[str]:
    spoken = clauses(sentence)
    found: set[str] = set()
    for claims, offers in map(_phrases, LANGUAGES):
        offered_at = min(
            (start for offer in offers for start in find_sequences(spoken.words, offer)), default=None
        )
        for tool, phrase in claims:
            for start in find_sequences(spoken.words, phrase):
                offered = offered_at is not None and offered_at < start
                if not offered and not is_denied(spoken, start, len(phrase)):
                    found.add(tool)
    return found


@cache
def _phrases(language: str) -> tuple[tuple[tuple[str, tuple[str, ...]], ...], tuple[tuple[str, ...], ...]]:
    source = resources.files(__package__) / f"claims.{language}.json"
    loaded = _File.model_validate_json(source.read_text(encoding="utf-8"))
    claims = tuple((tool, words(phrase)) for tool, phrases in loaded.claims.items() for phrase in phrases)
    return claims, tuple(words(offer) for offer in loaded.offers)


for _language in LANGUAGES:  # read at import, so that a broken file stops the start and no call
    _phrases(_language)
del _language
