"""What a file is, by what is in it; its name and the sender's `Content-Type` are not asked."""

from __future__ import annotations

import csv
import re
from enum import StrEnum
from typing import Final

from voice_ai_service.knowledge.files import refusals
from voice_ai_service.knowledge.files.archive import check_word_document
from voice_ai_service.knowledge.files.clean import decoded

_HEAD_BYTES: Final = 1024
_HEAD_CHARS: Final = 65536
_MAGIC: Final = (
    (b"\x7fELF", "a program"),
    (b"\x89PNG\r\n\x1a\n", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF87a", "a picture"),
    (b"GIF89a", "a picture"),
    (b"II*\0", "a picture"),
    (b"MM\0*", "a picture"),
    (b"\x1f\x8b", "a compressed file"),
    (b"BZh", "a compressed file"),
    (b"\xfd7zXZ\0", "a compressed file"),
    (b"7z\xbc\xaf\x27\x1c", "an archive"),
    (b"Rar!\x1a\x07", "an archive"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"\xcf\xfa\xed\xfe", "a program"),
    (b"OggS", "a sound or film"),
    (b"ID3", "a sound"),
    (b"fLaC", "a sound"),
    (b"RIFF", "a sound or film"),
    (b"SQLite format 3\0", "a database"),
    (b"{\\rtf", "an RTF document"),
    (b"%!PS", "a PostScript file"),
)
_SHORT_MAGIC: Final = ((b"MZ", "a program"), (b"BM", "a picture"))
"""So short that text may begin with it: only looked at where the rest is no text."""
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HTML: Final = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S
)
_HTML_PART: Final = re.compile(r"<(h[1-6]|p|div|table|ul|ol|script|style|section|article)(\s[^<>]*)?>", re.I)
_MARKDOWN: Final = re.compile(r"^(?:#{1,6} \S|```|~~~|\|?\s*:?-{3,}:?\s*\|[\s|:-]*$)", re.M)
_SETEXT: Final = re.compile(r"^\S.{0,80}\n(?:={3,}|-{3,})\s*$", re.M)
DELIMITERS: Final = (";", "\t", ",", "|")
_SAMPLE_ROWS: Final = 50


class FileKind(StrEnum):
    PDF = "pdf"
    DOCX = "docx"
    HTML = "html"
    CSV = "csv"
    MARKDOWN = "md"
    TEXT = "txt"

    @property
    def media_type(self) -> str:
        return _MEDIA_TYPES[self]


_MEDIA_TYPES: Final = {
    FileKind.PDF: "application/pdf",
    FileKind.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    FileKind.HTML: "text/html",
    FileKind.CSV: "text/csv",
    FileKind.MARKDOWN: "text/markdown",
    FileKind.TEXT: "text/plain",
}


def kind_of(content: bytes) -> FileKind:
    """Which of our kinds this is.

    Looks at beginnings, lists of contents and samples: quick whatever the file is. Whether the rest can be read is
    only known when it is.

    Raises:
        InvalidInput: Empty, a bomb, or damaged where that can be seen already.
        UnsupportedMedia: Something else, or a document with macros.
    """
    if not content.strip():
        raise refusals.empty()
    for magic, what in _MAGIC:
        if content.startswith(magic):
            raise refusals.unsupported(what)
    if content.startswith(_OLE):
        raise refusals.old_word()
    if content.startswith(b"PK"):
        check_word_document(content)
        return FileKind.DOCX
    if b"%PDF-" in content[:_HEAD_BYTES] and not content.startswith(b"MZ"):
        return FileKind.PDF
    return _kind_of_text(_text(content)[:_HEAD_CHARS])


def _text(content: bytes) -> str:
    for magic, what in _SHORT_MAGIC:
        if content.startswith(magic) and b"\0" in content[:_HEAD_CHARS]:
            raise refusals.unsupported(what)
    return decoded(content)


def _kind_of_text(text: str) -> FileKind:
    if _HTML.match(text) or len(_HTML_PART.findall(text[:8192])) >= 3:
        return FileKind.HTML
    if delimiter_of(text) is not None:
        return FileKind.CSV
    if _MARKDOWN.search(text) or _SETEXT.search(text):
        return FileKind.MARKDOWN
    return FileKind.TEXT


def delimiter_of(text: str) -> str | None:
    """The sign between a table's cells; None where this is no table.

    A table has at least two rows of equally many cells. Prose has commas too, but with a space after each.
    """
    lines = text[:_HEAD_CHARS].splitlines(keepends=True)
    if len(text) > _HEAD_CHARS:
        lines = lines[:-1]
    if any(line.lstrip().startswith("|") for line in lines[:3]):
        return None  # a table in Markdown
    for delimiter in DELIMITERS:
        widths = _widths(lines, delimiter)
        if len(widths) >= 2 and len(set(widths)) == 1 and widths[0] >= 2 and not _is_prose(lines, delimiter):
            return delimiter
    return None


def _widths(lines: list[str], delimiter: str) -> list[int]:
    widths: list[int] = []
    try:
        for row in csv.reader(lines, delimiter=delimiter, strict=True):
            if any(cell.strip() for cell in row):
                widths.append(len(row))
            if len(widths) >= _SAMPLE_ROWS:
                break
    except csv.Error:
        return []
    return widths


def _is_prose(lines: list[str], delimiter: str) -> bool:
    text = "".join(lines[:_SAMPLE_ROWS])
    signs = text.count(delimiter)
    return delimiter in ",;" and text.count(delimiter + " ") > signs / 2
