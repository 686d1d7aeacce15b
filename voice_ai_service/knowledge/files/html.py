"""HTML: what a visitor would read. Scripts, styles, forms' inner life and what is hidden stay out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final

from voice_ai_service.knowledge.files.blocks import Block, BlockKind, row_text, split_header
from voice_ai_service.knowledge.files.clean import one_line

_SILENT: Final = frozenset(
    ("script", "style", "noscript", "template", "svg", "math", "iframe", "object", "canvas", "select", "textarea",
     "button", "title", "audio", "video")
)  # fmt: skip
_VOID: Final = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
     "wbr")
)  # fmt: skip
_INLINE: Final = frozenset(
    ("a", "abbr", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "ins",
     "kbd", "label", "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time",
     "tt", "u", "var", "wbr")
)  # fmt: skip
_ENDS_ITSELF: Final = frozenset(("p", "li", "td", "th", "tr", "dt", "dd"))
"""Whose end tag may be left out: the next of them is the end."""
_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
_CELLS: Final = ("td", "th")
_UNSEEN_STYLE: Final = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])", re.I
)
_META_CHARSET: Final = re.compile(rb"<meta[^>]{0,300}charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{1,40})", re.I)


def declared_charset(content: bytes) -> str | None:
    """As the page says itself near its beginning."""
    match = _META_CHARSET.search(content[:4096])
    return match[1].decode("ascii").lower() if match else None


def read_html(text: str) -> Iterator[Block]:
    reader = _Reader()
    # In pieces, so that blocks go on before the whole page is in memory twice.
    for start in range(0, len(text), 65536):
        reader.feed(text[start : start + 65536])
        yield from reader.taken()
    reader.close()
    reader.end()
    yield from reader.taken()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._blocks: list[Block] = []
        self._text: list[str] = []
        self._silenced_by: str | None = None
        self._silence_depth = 0
        self._heading = 0
        self._in_item = False
        self._table: list[list[str]] | None = None
        self._row: list[str] | None = None
        self._cell_open = False

    def taken(self) -> list[Block]:
        blocks, self._blocks = self._blocks, []
        return blocks

    def end(self) -> None:
        self._flush()
        self._close_table()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._silenced_by is not None:
            if tag != self._silenced_by:
                return
            if tag not in _ENDS_ITSELF:
                self._silence_depth += 1
                return
            self._silenced_by = None
        if tag not in _VOID and (tag in _SILENT or _is_hidden(attrs)):
            self._silenced_by, self._silence_depth = tag, 1
        elif tag == "table":
            self._flush()
            self._close_table()
            self._table = []
        elif tag == "tr" and self._table is not None:
            self._flush()
            self._row = []
            self._table.append(self._row)
        elif self._row is not None:
            self._in_row(tag, opens=True)
        elif tag not in _INLINE:
            self._flush()
            self._heading = _HEADINGS.get(tag, 0)
            self._in_item = tag == "li" or self._in_item

    def handle_endtag(self, tag: str) -> None:
        if self._silenced_by is not None:
            self._silence_depth -= tag == self._silenced_by
            if self._silence_depth == 0:
                self._silenced_by = None
        elif tag == "table":
            self._flush()
            self._close_table()
        elif tag == "tr":
            self._flush()
            self._row = None
        elif self._row is not None:
            self._in_row(tag, opens=False)
        elif tag not in _INLINE:
            self._flush()
            if tag in _HEADINGS:
                self._heading = 0
            elif tag == "li":
                self._in_item = False

    def handle_data(self, data: str) -> None:
        if self._silenced_by is None:
            self._text.append(data)

    def _in_row(self, tag: str, *, opens: bool) -> None:
        """Inside a row only cells count; paragraphs in a cell are one text."""
        if tag in _CELLS:
            self._flush()
            self._cell_open = opens
        elif tag not in _INLINE:
            self._text.append(" ")

    def _flush(self) -> None:
        text = one_line("".join(self._text))
        self._text = []
        if self._row is not None:
            if text or self._cell_open:
                self._row.append(text)
            self._cell_open = False
        elif text:
            self._blocks.append(self._block(text))

    def _block(self, text: str) -> Block:
        if self._heading and len(text) <= 300:
            return Block(BlockKind.HEADING, text, level=self._heading)
        if self._in_item:
            return Block(BlockKind.ITEM, f"- {text}")
        return Block(BlockKind.PARAGRAPH, text)

    def _close_table(self) -> None:
        rows = [row for row in self._table or [] if any(row)]
        self._table = self._row = None
        header, rest = split_header(rows)
        self._blocks += [Block(BlockKind.ROW, line) for row in rest if (line := row_text(header, row))]


def _is_hidden(attrs: list[tuple[str, str | None]]) -> bool:
    """What a visitor does not see is not the tenant's word; it is where instructions are planted."""
    found = dict(attrs)
    return (
        "hidden" in found
        or found.get("aria-hidden") == "true"
        or bool(_UNSEEN_STYLE.search(found.get("style") or ""))
    )
