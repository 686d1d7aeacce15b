"""Words as they are compared: no accents, no case, never a part of a word. Pure.

"Cobrança" and "COBRANCA" are the same word; "cobra" is not in "cobranças" (lesson 45: substring matching hung up
on people).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_APOSTROPHES: Final = re.compile(r"(?<=\w)['’ʼ`´](?=\w)")
_WORD: Final = re.compile(r"[^\W_]+")
_LATIN_MARKS: Final = re.compile("[\u0300-\u036f]+")
_CLAUSE_END: Final = re.compile(r"[,.;:!?…\n]")
_DECIMAL: Final = re.compile(r"(?<=\d)[.,:](?=\d)")


def fold(text: str) -> str:
    """Lower case without accents: what two spellings of one word have in common."""
    text = _APOSTROPHES.sub("", text)
    if text.isascii():
        return text.lower()
    plain = _LATIN_MARKS.sub("", unicodedata.normalize("NFKD", text))
    if not plain.isascii():
        plain = "".join([char for char in plain if not unicodedata.combining(char)])
    return plain.casefold()


def words(text: str) -> tuple[str, ...]:
    """The folded words of a text; "don't" is one word, "segunda-feira" two."""
    return tuple(_WORD.findall(fold(text)))


configured_words = lru_cache(maxsize=16_384)(words)
"""`words` for names and phrases of the tenants' settings, which every turn compares. Never for what callers say."""


@dataclass(frozen=True, slots=True)
class Clauses:
    """A text's folded words with the clause each stands in.

    Attributes:
        words: All words in order.
        clause_of: For each word the number of its clause; punctuation ends one.
    """

    words: tuple[str, ...]
    clause_of: tuple[int, ...]


def clauses(text: str) -> Clauses:
    """Split at punctuation, but not inside a number such as 8:30 or 1.500."""
    found: list[str] = []
    clause_of: list[int] = []
    for number, part in enumerate(_CLAUSE_END.split(_DECIMAL.sub("", fold(text)))):
        for word in _WORD.findall(part):
            found.append(word)
            clause_of.append(number)
    return Clauses(tuple(found), tuple(clause_of))


def find_sequences(haystack: Sequence[str], needle: Sequence[str]) -> list[int]:
    """Every index where the words of `needle` stand one after another; none for an empty needle."""
    wanted = tuple(needle)
    size = len(wanted)
    if not size or wanted[0] not in haystack:
        return []
    return [
        index
        for index in range(len(haystack) - size + 1)
        if haystack[index] == wanted[0] and tuple(haystack[index : index + size]) == wanted
    ]
