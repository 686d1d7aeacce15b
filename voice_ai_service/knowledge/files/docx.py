"""Word documents: paragraphs with their headings, lists and tables, in reading order."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Final

import docx
from docx.document import Document
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph

from voice_ai_service.knowledge.files.blocks import Block, BlockKind, row_text, split_header
from voice_ai_service.knowledge.files.clean import one_line

_HEADING_STYLE: Final = re.compile(r"(?:heading|título|titulo|cabeçalho)\s*([1-9])", re.I)
_TITLE_STYLE: Final = re.compile(r"title|título|titulo", re.I)
_MAX_HEADING_CHARS: Final = 300


def read_docx(content: bytes) -> Iterator[Block]:
    """Raises what python-docx and lxml raise: whoever calls decides what a damaged file is."""
    document: Document = docx.Document(io.BytesIO(content))
    for part in document.iter_inner_content():
        if isinstance(part, Table):
            yield from _table(part)
        else:
            yield from _paragraph(part)


def _paragraph(paragraph: Paragraph) -> Iterator[Block]:
    text = one_line(paragraph.text)
    if not text:
        return
    level = _level(paragraph)
    if level and len(text) <= _MAX_HEADING_CHARS:
        yield Block(BlockKind.HEADING, text, level=level)
    elif _is_item(paragraph):
        yield Block(BlockKind.ITEM, f"- {text}")
    else:
        yield Block(BlockKind.PARAGRAPH, text)


def _level(paragraph: Paragraph) -> int:
    """Of a heading by its outline or its style; 0 for no heading."""
    outline = paragraph._p.xpath("./w:pPr/w:outlineLvl/@w:val")
    if outline and outline[0].isdigit() and int(outline[0]) < 9:
        return int(outline[0]) + 1
    name = paragraph.style.name or "" if paragraph.style is not None else ""
    if match := _HEADING_STYLE.match(name):
        return int(match[1])
    return 1 if _TITLE_STYLE.fullmatch(name) else 0


def _is_item(paragraph: Paragraph) -> bool:
    if paragraph._p.xpath("./w:pPr/w:numPr"):
        return True
    return paragraph.style is not None and (paragraph.style.name or "").startswith("List")


def _table(table: Table) -> Iterator[Block]:
    rows = [_cells(row.cells) for row in table.rows]
    header, rest = split_header([row for row in rows if any(row)])
    for row in rest:
        if line := row_text(header, row):
            yield Block(BlockKind.ROW, line)


def _cells(cells: tuple[_Cell, ...]) -> list[str]:
    """A cell that spans columns comes once for each; the repetitions are left empty."""
    texts: list[str] = []
    seen: object = None
    for cell in cells:
        texts.append("" if cell._tc is seen else one_line(cell.text))
        seen = cell._tc
    return texts
