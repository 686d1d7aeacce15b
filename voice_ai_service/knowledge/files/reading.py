"""One file, whatever its kind, to blocks. For the reading process only: parsers of hostile files run nowhere else."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from voice_ai_service.errors import VoiceAiError
from voice_ai_service.knowledge.files import refusals
from voice_ai_service.knowledge.files.blocks import Block
from voice_ai_service.knowledge.files.clean import decoded
from voice_ai_service.knowledge.files.docx import read_docx
from voice_ai_service.knowledge.files.html import declared_charset, read_html
from voice_ai_service.knowledge.files.kind import FileKind, kind_of
from voice_ai_service.knowledge.files.markdown import read_markdown
from voice_ai_service.knowledge.files.pdf import blocks_of, read_pdf
from voice_ai_service.knowledge.files.plain import read_text
from voice_ai_service.knowledge.files.table import read_csv

_FROM_TEXT: Final[dict[FileKind, Callable[[str], Iterator[Block]]]] = {
    FileKind.TEXT: read_text,
    FileKind.MARKDOWN: read_markdown,
    FileKind.CSV: read_csv,
    FileKind.HTML: read_html,
}


@dataclass(slots=True)
class Read:
    """
    Attributes:
        pages: None where the kind has none.
        unreadable: Pages whose content is damaged, counted from 1.
    """

    kind: FileKind
    blocks: Iterator[Block]
    pages: int | None = None
    unreadable: list[int] = field(default_factory=list)


def read(content: bytes, progress: Callable[[int, int], None]) -> Read:
    """
    Args:
        progress: Told how much is read of how much.

    Raises:
        InvalidInput, UnsupportedMedia: What is wrong with the file, and what would help.
    """
    kind = kind_of(content)
    if kind is FileKind.PDF:
        found = read_pdf(content, progress)
        return Read(kind, _guarded(blocks_of(found), "PDF"), len(found.pages), found.unreadable)
    if kind is FileKind.DOCX:
        return Read(kind, _guarded(read_docx(content), "Word document"))
    return Read(kind, _guarded(_FROM_TEXT[kind](_text(kind, content)), "file"))


def _text(kind: FileKind, content: bytes) -> str:
    charset = declared_charset(content) if kind is FileKind.HTML else None
    if charset is not None and not content.startswith(
        (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    ):
        try:
            return content.decode(charset)
        except (LookupError, UnicodeError):
            pass  # it says what it is not
    return decoded(content)


def _guarded(blocks: Iterator[Block], what: str) -> Iterator[Block]:
    try:
        yield from blocks
    except (VoiceAiError, MemoryError, GeneratorExit):
        raise
    except Exception as error:
        raise refusals.corrupt(what) from error
