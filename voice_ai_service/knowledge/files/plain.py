"""Text without markup: paragraphs, lists and headings as people mark them with line breaks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from voice_ai_service.knowledge.files.blocks import Block, BlockKind
from voice_ai_service.knowledge.files.clean import lines_of

_ITEM: Final = re.compile(r"^(?:[-*•·▪–]|\(?\d{1,3}[.)]|\(?[a-z]\))\s+\S")
_SENTENCE_END: Final = (".", "!", "?", ";", ":", ",", "…")
_MAX_HEADING_CHARS: Final = 80
_MAX_HEADING_WORDS: Final = 10
_WRAPPED_FROM_CHARS: Final = 55
"""A line at least so long goes on in the next one; a shorter one ended where its writer wanted."""


def read_text(text: str) -> Iterator[Block]:
    paragraphs = _paragraphs(lines_of(text))
    for at, lines in enumerate(paragraphs):
        following = paragraphs[at + 1] if at + 1 < len(paragraphs) else None
        if len(lines) == 1 and following is not None and _is_heading(lines[0], following):
            yield Block(BlockKind.HEADING, lines[0], level=1 if lines[0].isupper() else 2)
        else:
            yield from paragraph_blocks(lines)


def paragraph_blocks(lines: Sequence[str], page: int | None = None) -> Iterator[Block]:
    """The lines between two empty ones: wrapped prose is joined, list items and short lines stay apart."""
    joined: list[str] = []
    last_line = ""
    for line in lines:
        if joined and not _ITEM.match(line) and _goes_on(last_line, line):
            joined[-1] = f"{joined[-1]} {line}"
        else:
            joined.append(line)
        last_line = line
    kind = BlockKind.PARAGRAPH if len(joined) == 1 and not _ITEM.match(joined[0]) else BlockKind.ITEM
    for at, text in enumerate(joined):
        prose = len(text) > 2 * _WRAPPED_FROM_CHARS
        yield Block(
            BlockKind.PARAGRAPH if prose or (at == 0 and kind is BlockKind.PARAGRAPH) else kind, text, page
        )


def _paragraphs(lines: Sequence[str]) -> list[list[str]]:
    paragraphs: list[list[str]] = [[]]
    for line in lines:
        if line:
            paragraphs[-1].append(line)
        elif paragraphs[-1]:
            paragraphs.append([])
    return [lines for lines in paragraphs if lines]


def _goes_on(line: str, following: str) -> bool:
    return len(line) >= _WRAPPED_FROM_CHARS or following[:1].islower()


def _is_heading(line: str, following: Sequence[str]) -> bool:
    if (
        len(line) > _MAX_HEADING_CHARS
        or len(line.split()) > _MAX_HEADING_WORDS
        or line.endswith(_SENTENCE_END)
    ):
        return False
    if not any(letter.isalpha() for letter in line) or line[:1].islower():
        return False
    # What a heading stands above is longer than a heading.
    return (
        line.isupper() or len(following) > 1 or following[0].endswith(_SENTENCE_END) or len(following[0]) > 80
    )
