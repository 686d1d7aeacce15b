"""What every reader makes of a file: headings, paragraphs, list items and table rows, in reading order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class BlockKind(StrEnum):
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    ITEM = "item"
    """Of a list, or a line that stands for itself."""
    ROW = "row"
    """Of a table, with the names of its columns: it is understood without the rows around it."""


@dataclass(frozen=True, slots=True)
class Block:
    """
    Attributes:
        text: Cleaned: no control characters, no line breaks, never empty.
        page: Counted from 1; None where the file has no pages.
        level: Of a heading, 1 the highest; 0 for everything else.
    """

    kind: BlockKind
    text: str
    page: int | None = None
    level: int = 0


def row_text(header: Sequence[str], cells: Sequence[str]) -> str:
    """A table's row as one line: `Plan: Gold; Price: 90`. Cells without a column's name stand alone."""
    parts = []
    for index, cell in enumerate(cells):
        if not cell:
            continue
        name = header[index] if index < len(header) else ""
        parts.append(f"{name}: {cell}" if name else cell)
    return "; ".join(parts)


def split_header(rows: Sequence[Sequence[str]]) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """The columns' names, where the first row looks like them, and the rows below."""
    if len(rows) < 2:
        return (), rows
    first = rows[0]
    named = [cell for cell in first if cell]
    looks_like_names = (
        len(named) == len(set(named)) > 0
        and len(named) >= len(first) - 1
        and all(len(cell) <= 80 and any(letter.isalpha() for letter in cell) for cell in named)
        and not any(any(digit.isdigit() for digit in cell) and not cell[0].isalpha() for cell in named)
    )
    return (first, rows[1:]) if looks_like_names else ((), rows)
