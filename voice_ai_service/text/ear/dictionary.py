"""A tenant's own words and how they are pronounced, such as "Xpto" to "xis pê tê ó"."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from voice_ai_service.text.ear.rules import Rule

ANY_LANGUAGE: Final = "*"


@dataclass(frozen=True, slots=True)
class Dictionary:
    """Of one language. Whole words, in any case; the longest entry wins. Made by `Dictionary.of`."""

    rules: tuple[Rule, ...] = ()

    @classmethod
    def of(cls, entries: Mapping[str, str]) -> Dictionary:
        """The same entries are compiled once."""
        return _compiled(tuple(sorted(entries.items()))) if entries else NO_WORDS


@dataclass(frozen=True, slots=True)
class Pronunciations:
    """A tenant's dictionaries by language tag; `*` holds in every language, and gives way to the language's own."""

    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict, hash=False)
    revision: str = field(init=False, default="")
    """Another one where any word is read in another way; empty without words."""

    def __post_init__(self) -> None:
        if self.words:
            object.__setattr__(self, "revision", _digest({tag: dict(own) for tag, own in self.words.items()}))

    def for_language(self, language: str) -> Dictionary:
        """Raises nothing: a language without words has an empty dictionary."""
        if not self.words:
            return NO_WORDS
        entries = {_key(word): read for word, read in self.words.get(ANY_LANGUAGE, {}).items()}
        wanted = language.lower()
        for tag, own in sorted(self.words.items(), key=lambda item: len(item[0])):
            # "pt" is meant for "pt-BR" too.
            if wanted == tag.lower() or wanted.startswith(tag.lower() + "-"):
                entries |= {_key(word): read for word, read in own.items()}
        return Dictionary.of(entries)


@lru_cache(maxsize=512)
def _compiled(entries: tuple[tuple[str, str], ...]) -> Dictionary:
    read = {_key(written): spoken for written, spoken in entries}
    longest_first = sorted(read, key=lambda word: (-len(word), word))
    pattern = re.compile(
        rf"(?<!\w)(?:{'|'.join(re.escape(word) for word in longest_first)})(?!\w)", re.IGNORECASE
    )
    return Dictionary((Rule(pattern, lambda match: read.get(_key(match.group()))),))


def _digest(words: object) -> str:
    return hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()[:16]


def _key(word: str) -> str:
    return word.casefold()


NO_WORDS: Final = Dictionary()
NO_PRONUNCIATIONS: Final = Pronunciations()
