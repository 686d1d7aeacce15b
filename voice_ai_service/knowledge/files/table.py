"""CSV: every row with the names of its columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import chain, islice
from typing import Final

from voice_ai_service.knowledge.files import refusals
from voice_ai_service.knowledge.files.blocks import Block, BlockKind, row_text, split_header
from voice_ai_service.knowledge.files.clean import one_line
from voice_ai_service.knowledge.files.kind import delimiter_of

_MAX_CELL_CHARS: Final = 100_000


def read_csv(text: str) -> Iterator[Block]:
    """Raises InvalidInput: a quote that is never closed, a cell of enormous size."""
    csv.field_size_limit(_MAX_CELL_CHARS)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text) or ",", strict=True)
    rows = ([one_line(cell) for cell in row] for row in reader)
    try:
        first = list(islice((row for row in rows if any(row)), 2))
        header, rest = split_header(first)
        for row in chain(rest, rows):
            if line := row_text(header, row):
                yield Block(BlockKind.ROW, line)
    except csv.Error as error:
        raise refusals.corrupt("table") from error
