"""Words by how they sound, and how far two spellings are apart: what survives a telephone recogniser. Pure.

A recogniser writes what it heard with the letters it prefers: "orario de funsionamento". Keys are coarse on purpose;
they propose words of the tenant's own documents and never decide alone.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from voice_ai_service.text.languages import base_language

_Rules = tuple[tuple[re.Pattern[str], str], ...]


def _rules(*pairs: tuple[str, str]) -> _Rules:
    return tuple((re.compile(pattern), replacement) for pattern, replacement in pairs)


_PORTUGUESE: Final = _rules(
    (r"ph", "f"),
    (r"th", "t"),
    (r"sch|sh|ch|tch", "x"),
    (r"lh", "li"),
    (r"nh", "ni"),
    (r"h", ""),
    (r"[sx]c(?=[ei])", "s"),
    (r"c(?=[eiy])", "s"),
    (r"qu(?=[eiy])|q", "k"),
    (r"ck|c", "k"),
    (r"gu(?=[eiy])", "g"),
    (r"g(?=[eiy])", "j"),
    (r"[zx]", "s"),
    (r"w", "v"),
    (r"y", "i"),
    (r"l(?=[^aeiou]|$)", "u"),
    (r"m(?=[^aeiou]|$)", "n"),
    (r"e", "i"),
    (r"o", "u"),
    (r"(.)\1+", r"\1"),
    (r"^i(?=s[ptk])", ""),
)
_ENGLISH: Final = _rules(
    (r"^kn|^gn|^pn", "n"),
    (r"^wr", "r"),
    (r"^wh", "w"),
    (r"ph|gh(?=$|t)", "f"),
    (r"ght", "t"),
    (r"tion|sion|cion", "xn"),
    (r"tch|ch", "q"),
    (r"sh", "x"),
    (r"th", "0"),
    (r"dg(?=[eiy])", "j"),
    (r"sc(?=[eiy])", "s"),
    (r"c(?=[eiy])", "s"),
    (r"ck|c|qu?(?=[aeiou])", "k"),
    (r"g(?=[eiy])", "j"),
    (r"z", "s"),
    (r"(?<=[aeiou])h|h(?=[^aeiou]|$)", ""),
    (r"ou|oo|ow|ew|ue", "u"),
    (r"ee|ea|ie|ei|ey|y", "i"),
    (r"ai|ay|a", "e"),
    (r"(?<=.)e(?=$)", ""),
    (r"(.)\1+", r"\1"),
)


@lru_cache(maxsize=100_000)
def sound_of(word: str, language: str) -> str:
    """The key that words which sound alike share; the word itself for languages that we have no rules for."""
    rules = {"pt": _PORTUGUESE, "en": _ENGLISH}.get(base_language(language))
    if rules is None or word.isdigit():
        return word
    for pattern, replacement in rules:
        word = pattern.sub(replacement, word)
    return word


def distance(one: str, other: str, limit: int) -> int:
    """Edit distance where neighbours may be swapped (optimal string alignment); `limit` + 1 when it is more.

    Damerau, "A technique for computer detection and correction of spelling errors", CACM 7(3), 1964.
    """
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        before, previous, row = row, before, [i] + [0] * len(other)
        for j, b in enumerate(other, start=1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if previous and j > 1 and a == other[j - 2] and one[i - 2] == b:
                row[j] = min(row[j], previous[j - 2] + 1)
        if min(row) > limit:
            return limit + 1
    return min(row[-1], limit + 1)
