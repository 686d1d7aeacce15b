"""PDF: text by page; headings are told by the size of their letters, what repeats on every page is left out."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pypdf
import pypdf.errors

from voice_ai_service.knowledge.files import refusals
from voice_ai_service.knowledge.files.blocks import Block, BlockKind
from voice_ai_service.knowledge.files.clean import one_line
from voice_ai_service.knowledge.files.plain import paragraph_blocks

_MAX_PAGES: Final = 5000
_MIN_LETTERS: Final = 12
"""Fewer in a whole file are a stamp on a scan."""
_LARGER: Final = 1.12
_MAX_HEADING_CHARS: Final = 160
_MAX_LEVELS: Final = 4
_REPEATED_SHARE: Final = 0.5
_REPEATED_FROM_PAGES: Final = 4
_EDGE_LINES: Final = 2
_MAX_FOOTER_CHARS: Final = 60
_DIGITS: Final = re.compile(r"\d+")
_SENTENCE_END: Final = (".", "!", "?", ":", ";")
_PAGE_NUMBER: Final = re.compile(
    r"^(?:p[áa]g(?:ina|\.)?|page)?\s*\d{1,4}(?:\s*(?:/|de|of)\s*\d{1,4})?$", re.I
)


@dataclass(frozen=True, slots=True)
class _Line:
    """`size` in points as it appears on the page, 0 where it is not known; an empty text is a gap."""

    text: str
    size: float


@dataclass(slots=True)
class PdfText:
    """
    Attributes:
        unreadable: Pages, counted from 1, whose content is damaged.
    """

    pages: list[list[_Line]]
    unreadable: list[int]


def read_pdf(content: bytes, progress: Callable[[int, int], None]) -> PdfText:
    """All pages as lines. `progress` is told the pages done and all of them.

    Raises:
        InvalidInput: A password, no text, too many pages, or nothing that can be read.
    """
    reader = _opened(content)
    count = len(reader.pages)
    if count > _MAX_PAGES:
        raise refusals.too_complex()
    found = PdfText([], [])
    for number, page in enumerate(reader.pages, start=1):
        try:
            found.pages.append(_lines(page))
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001  a page's border: the library raises whatever a damaged page provokes
            found.pages.append([])
            found.unreadable.append(number)
        progress(number, count)
    if count == 0 or len(found.unreadable) == count:
        raise refusals.corrupt("PDF")
    letters = sum(letter.isalnum() for page in found.pages for line in page for letter in line.text)
    if letters < _MIN_LETTERS:
        raise refusals.scanned() if _has_pictures(reader) else refusals.no_text()
    return found


def _has_pictures(reader: pypdf.PdfReader) -> bool:
    return any(_draws_objects(page) for page in reader.pages[:20])


def _draws_objects(page: Any) -> bool:
    try:
        return bool(page["/Resources"].get_object().get("/XObject"))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001  a page's border, as above
        return False


def _opened(content: bytes) -> pypdf.PdfReader:
    try:
        reader = pypdf.PdfReader(io.BytesIO(content), strict=False)
        # Many are encrypted with no password, only to forbid printing: anybody may read those.
        if reader.is_encrypted and not reader.decrypt(""):
            raise refusals.encrypted()
        len(reader.pages)
    except pypdf.errors.DependencyError as error:
        raise refusals.encrypted() from error
    except (pypdf.errors.PyPdfError, RecursionError, ValueError, KeyError, TypeError, AttributeError, IndexError,
            AssertionError, OSError, NotImplementedError) as error:  # fmt: skip
        raise refusals.corrupt("PDF") from error
    return reader


def _lines(page: Any) -> list[_Line]:
    pieces: list[tuple[str, float]] = []

    def visit(text: str, cm: Sequence[float], tm: Sequence[float], _font: object, size: float) -> None:
        if text:
            scale = abs(tm[3] * cm[3]) or abs(tm[1] * cm[3]) or 1.0
            pieces.append((text, round(abs(size) * scale, 1)))

    page.extract_text(visitor_text=visit)
    lines: list[_Line] = []
    text, weights = "", Counter[float]()
    for piece, size in pieces:
        parts = piece.split("\n")
        for at, part in enumerate(parts):
            if at:
                lines.append(_line(text, weights))
                text, weights = "", Counter()
            text += part
            if part.strip():
                weights[size] += len(part.strip())
    lines.append(_line(text, weights))
    return lines


def _line(text: str, weights: Counter[float]) -> _Line:
    return _Line(one_line(text), weights.most_common(1)[0][0] if weights else 0.0)


def blocks_of(found: PdfText) -> Iterator[Block]:
    """Headings and paragraphs of all pages, in order; a paragraph that goes on over a page is joined."""
    pages = _without_edges(found.pages)
    levels = _heading_levels(pages)
    held: list[str] = []
    held_page = 1
    for number, lines in enumerate(pages, start=1):
        for at, line in enumerate(lines):
            level = levels.get(line.size, 0) if len(line.text) <= _MAX_HEADING_CHARS else 0
            ends = _ends_paragraph(line, lines[at + 1] if at + 1 < len(lines) else None)
            if level and line.text:
                yield from _paragraph(held, held_page)
                held = []
                yield Block(BlockKind.HEADING, line.text, number, level)
                continue
            if line.text:
                if not held:
                    held_page = number
                _append(held, line.text)
            if (not line.text or ends) and held:
                yield from _paragraph(held, held_page)
                held = []
        if held and (held[-1].endswith(_SENTENCE_END) or len(held[-1]) < 40):
            yield from _paragraph(held, held_page)
            held = []
    yield from _paragraph(held, held_page)


def _paragraph(lines: list[str], page: int) -> Iterator[Block]:
    if lines:
        yield from paragraph_blocks(lines, page)


def _append(held: list[str], text: str) -> None:
    """A word divided at the end of a line becomes whole."""
    if (
        held
        and held[-1].endswith("-")
        and len(held[-1]) > 1
        and held[-1][-2].isalpha()
        and text[:1].islower()
    ):
        held[-1] = held[-1][:-1] + text
    else:
        held.append(text)


def _ends_paragraph(line: _Line, following: _Line | None) -> bool:
    """A line that ends a sentence and is clearly shorter than what a full line has."""
    if following is None or not following.text:
        return False
    return line.text.endswith(_SENTENCE_END) and len(line.text) < 0.75 * max(len(following.text), 60)


def _heading_levels(pages: Sequence[Sequence[_Line]]) -> dict[float, int]:
    """Sizes clearly above that of most of the text, the largest first."""
    letters: Counter[float] = Counter()
    for lines in pages:
        for line in lines:
            letters[line.size] += len(line.text)
    del letters[0.0]
    if not letters:
        return {}
    body = letters.most_common(1)[0][0]
    larger = sorted((size for size in letters if size > body * _LARGER), reverse=True)
    return {size: min(level, _MAX_LEVELS) for level, size in enumerate(larger, start=1)}


def _without_edges(pages: Sequence[list[_Line]]) -> list[list[_Line]]:
    """Without running headers and footers, and page numbers.

    What repeats to the letter on most pages stays on the first of them, sentences stay everywhere; of lines whose
    number counts with the pages only the last of a page goes, and only a short one: "Chapter 7" on top of page 7 is
    no header.
    """
    seen: Counter[str] = Counter()
    for number, lines in enumerate(pages, start=1):
        seen.update(_marks(lines, number).keys())
    often = max(_REPEATED_FROM_PAGES, _REPEATED_SHARE * len(pages))
    repeated = {mark for mark, count in seen.items() if count >= often}
    cleaned: list[list[_Line]] = []
    kept: set[str] = set()
    for number, lines in enumerate(pages, start=1):
        marks = _marks(lines, number)
        drop = {id(line) for mark, line in marks.items() if mark in repeated and mark in kept}
        kept.update(marks.keys() & repeated)
        drop |= {id(line) for line in _edge(lines) if _PAGE_NUMBER.match(line.text)}
        cleaned.append([line for line in lines if id(line) not in drop])
    return cleaned


def _marks(lines: Sequence[_Line], number: int) -> dict[str, _Line]:
    """What a page's edge lines are known by on other pages."""
    edge = [line for line in _edge(lines) if not line.text.endswith(_SENTENCE_END)]
    marks = {line.text.casefold(): line for line in edge}
    if edge and len(edge[-1].text) <= _MAX_FOOTER_CHARS:
        marks[_counted(edge[-1].text, number)] = edge[-1]
    return marks


def _counted(text: str, number: int) -> str:
    """Numbers by how far they are from the page's own; a total stays what it is."""
    return "#" + _DIGITS.sub(lambda found: f"#{int(found[0][:9]) - number}", text.casefold())


def _edge(lines: Sequence[_Line]) -> list[_Line]:
    filled = [line for line in lines if line.text]
    if len(filled) <= 2 * _EDGE_LINES:
        return filled[:1] + filled[-1:] if len(filled) > 2 else []
    return filled[:_EDGE_LINES] + filled[-_EDGE_LINES:]
