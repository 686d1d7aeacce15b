"""Text that is still being written, cut into pieces that can be spoken: sentences, and clauses where one is
long.

For engines that take whole texts. The first piece is short, so that the caller soon hears something; the
later ones are longer, because every piece is a request and a seam in the intonation.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, TypeVar

T = TypeVar("T")

_SENTENCE_END: Final = re.compile(r"""[.!?…]+["'”’»)\]]*(?=\s+\S)|\n+""")
# Not within "March 3, 2026" or "8h - 18h".
_CLAUSE_END: Final = re.compile(r"""[,;:]["'”’»)\]]*(?=\s+[^\s\d])|(?<=[^\W\d])\s[–—-](?=\s+[^\s\d])""")
# Portuguese and English words that stand before a name or a number: their full stop never ends a sentence.
_NEVER_LAST: Final = re.compile(
    r"sra?s?|srta|dra?s?|profa?|av|al|trav|rod|tel|ramal|cel|n[ºo]?|núm|pág|ap|apto|bl|gal|eng|adv|vs|ex|p\.ex"
    r"|art|inc|fl|st[oa]?|dom|mrs?|ms|dept|ext|mt|ft|fig|vol|approx|e\.g|i\.e|[^\W\d_]"
    r"|jan|fev|feb|abr|apr|jun|jul|ago|aug|sept?|oct|nov|dez|dec|seg|ter|qua|qui|sex|sáb|mon|tues?|wed|thurs?|fri"
)
# These end a sentence when a capital letter follows.
_SELDOM_LAST: Final = re.compile(r"etc|ltda|cia|s\.a|[ap]\.m|jr|corp|co|u\.s|d\.c")

# Not within "R$ 1.250,00", "(11) 98765-4321" or "25 de dezembro".
_BETWEEN_WORDS: Final = re.compile(r"(?<=[^\W\d]{3})\s+(?=[^\W\d]{3})")


@dataclass(frozen=True, slots=True)
class PieceLengths:
    """In characters.

    Attributes:
        first_min: A first sentence shorter than this waits for the next one.
        first_clause_min: From here on the first piece may end at a comma.
        later_min: Sentences are put together up to this length.
        longest: No piece is longer; bounds what one request costs.
    """

    first_min: int = 8
    first_clause_min: int = 30
    later_min: int = 80
    longest: int = 300


class SentenceSplitter:
    """Text in, in any cuts; pieces out, the same however the text was cut. Pure."""

    def __init__(self, lengths: PieceLengths | None = None) -> None:
        self._lengths = lengths or PieceLengths()
        self._rest = ""
        self._first = True

    def feed(self, text: str) -> list[str]:
        """Pieces that are complete now: what follows cannot belong to them any more."""
        self._rest += text
        pieces = []
        while (end := self._end_of_piece()) is not None:
            pieces += self._take(end)
        return pieces

    def finish(self) -> list[str]:
        """The last piece, when no more text comes."""
        pieces = self._take(len(self._rest))
        self._first = True
        return pieces

    def _take(self, end: int) -> list[str]:
        piece, self._rest = self._rest[:end].strip(), self._rest[end:].lstrip()
        if not any(character.isalnum() for character in piece):
            return []
        self._first = False
        return [piece]

    def _end_of_piece(self) -> int | None:
        longest = self._lengths.longest
        shortest = self._lengths.first_min if self._first else self._lengths.later_min
        ends = [
            match.end()
            for match in _SENTENCE_END.finditer(self._rest, 0)
            if match.end() >= shortest and not _inside_sentence(self._rest, match)
        ][:1]
        if self._first:
            clauses = _CLAUSE_END.finditer(self._rest, self._lengths.first_clause_min)
            ends += [match.end() for match in clauses][:1]
        if ends and min(ends) <= longest:
            return min(ends)
        return _forced_end(self._rest[:longest]) if len(self._rest) > longest else None


def _inside_sentence(text: str, end: re.Match[str]) -> bool:
    """Whether the full stop belongs to an abbreviation, an initial or a number of a list."""
    if end.group() != ".":
        return False
    word = text[: end.start()].rsplit(maxsplit=1)[-1:]
    last = word[0].lstrip("\"'“‘«([").casefold() if word else ""
    if _NEVER_LAST.fullmatch(last):
        return True
    following = text[end.end() :].lstrip()[:1]
    if _SELDOM_LAST.fullmatch(last):
        return not following.isupper()
    return last.isdigit() and len(last) <= 2 and text[: end.start()].strip() == word[0]


def _forced_end(window: str) -> int:
    for pattern in (_SENTENCE_END, _CLAUSE_END):
        ends = [match.end() for match in pattern.finditer(window)]
        if ends:
            return ends[-1]
    if window.rfind("<") > max(window.rfind(">"), 0):
        window = window[: window.rfind("<")]  # a tag stays whole
    ends = [match.end() for match in _BETWEEN_WORDS.finditer(window)]
    return ends[-1] if ends else window.rfind(" ") + 1 or len(window)


async def pieces_of(
    texts: AsyncIterator[str], lengths: PieceLengths | None = None
) -> AsyncGenerator[str, None]:
    """Whole pieces, each as soon as it is complete."""
    splitter = SentenceSplitter(lengths)
    async for text in texts:
        for piece in splitter.feed(text):
            yield piece
    for piece in splitter.finish():
        yield piece


async def speak_by_sentence(
    texts: AsyncIterator[str],
    speak: Callable[[str], AsyncGenerator[T, None]],
    lengths: PieceLengths | None = None,
) -> AsyncGenerator[T, None]:
    """The `stream` of an engine that takes whole texts: one `speak` after the other, each when its piece is
    complete.

    Closing it closes the `speak` that runs. Raises what `texts` and `speak` raise.
    """
    async with aclosing(pieces_of(texts, lengths)) as pieces:
        async for piece in pieces:
            async with aclosing(speak(piece)) as chunks:
                async for chunk in chunks:
                    yield chunk
