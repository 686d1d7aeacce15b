"""A language's rules: each finds one kind of writing and says what is read instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

_FIRST_SHIELD: Final = 0xF0000
_SHIELDED: Final = re.compile("[\U000f0000-\U000ffffd]")
"""One character of a private plane stands for what was read; no rule knows it."""
_SPACE: Final = re.compile(r"[ \t]{2,}")
_BEFORE_MARK: Final = re.compile(r" +(?=[,;:.!?…])")


_EMPHASIS: Final = re.compile(r"\*\*|__|`+|^[ \t]*(?:#{1,6}|[-*•])[ \t]+", re.MULTILINE)
"""What language models write for the eye; a single asterisk may be a key."""


def without_markdown(text: str) -> str:
    """Emphasis, headings and bullets taken out; the words stay."""
    return _EMPHASIS.sub("", text)


@dataclass(frozen=True, slots=True)
class Rule:
    """
    Attributes:
        read: None leaves this place to the later rules.
    """

    pattern: re.Pattern[str]
    read: Callable[[re.Match[str]], str | None]


def rule(pattern: str, read: Callable[[re.Match[str]], str | None] | str, flags: int = 0) -> Rule:
    """A rule from a regular expression, and a function or the words themselves."""
    if isinstance(read, str):
        words = read
        return Rule(re.compile(pattern, flags), lambda _match: words)
    return Rule(re.compile(pattern, flags), read)


def apply(text: str, rules: Sequence[Rule]) -> str:
    """The text as it is read. What one rule read is shielded from the later ones; order is meaning."""
    kept: list[str] = []

    def shielded(one: Rule) -> Callable[[re.Match[str]], str]:
        def read(match: re.Match[str]) -> str:
            words = one.read(match)
            if words is None:
                return match.group()
            kept.append(words)
            return chr(_FIRST_SHIELD + len(kept) - 1)

        return read

    text = _SHIELDED.sub("", text)
    for one in rules:
        text = one.pattern.sub(shielded(one), text)
    while _SHIELDED.search(text):
        text = _SHIELDED.sub(lambda match: kept[ord(match.group()) - _FIRST_SHIELD], text)
    return _BEFORE_MARK.sub("", _SPACE.sub(" ", text)).strip()
