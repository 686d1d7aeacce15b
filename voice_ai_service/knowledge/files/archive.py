"""ZIP archives looked at before anything in them is inflated: what they are, and whether they are bombs.

The list of contents is read by the standard library after its size was checked: a hostile one must not keep a
process busy. Sizes are those that the list declares; the library never inflates past them.
"""

from __future__ import annotations

import io
import struct
import zipfile
from typing import Final

from voice_ai_service.knowledge.files import refusals

MAX_ENTRIES: Final = 5000
MAX_INFLATED_BYTES: Final = 300 * 1024 * 1024
MAX_RATIO: Final = 200
"""XML of Word shrinks to a tenth, seldom to a fiftieth; a bomb to a thousandth."""
_SMALL_BYTES: Final = 4 * 1024 * 1024
"""Below this an entry may shrink as it likes: an empty table is almost nothing."""
_MAX_LIST_BYTES: Final = 1024 * 1024
_END: Final = b"PK\x05\x06"
_END_BYTES: Final = 22
_MAX_COMMENT_BYTES: Final = 65535
_CONTENT_TYPES: Final = "[Content_Types].xml"
_MAIN_PART: Final = "word/document.xml"


def check_word_document(content: bytes) -> None:
    """
    Raises:
        UnsupportedMedia: It is no Word document, or one with macros.
        InvalidInput: It is damaged, or a bomb.
    """
    entries = _entries(content)
    names = {entry.filename for entry in entries}
    if any(entry.flag_bits & 1 for entry in entries):
        raise refusals.old_word()
    _refuse_bomb(entries)
    lowered = {name.lower() for name in names}
    if any(name.endswith(("vbaproject.bin", "vbadata.xml")) for name in lowered):
        raise refusals.macros()
    if _CONTENT_TYPES not in names:
        raise refusals.unsupported("a ZIP archive")
    if _MAIN_PART not in names:
        raise refusals.unsupported(_office_kind(lowered))
    if _declares_macros(content):
        raise refusals.macros()


def _entries(content: bytes) -> list[zipfile.ZipInfo]:
    tail = content[-(_END_BYTES + _MAX_COMMENT_BYTES) :]
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_BYTES:
        raise refusals.corrupt("archive or Word document")
    count, list_bytes = struct.unpack_from("<HL", tail, at + 10)
    if count > MAX_ENTRIES or list_bytes > _MAX_LIST_BYTES:
        raise refusals.bomb()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.infolist()
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        ValueError,
        OSError,
        struct.error,
        UnicodeError,
    ) as error:
        raise refusals.corrupt("archive or Word document") from error


def _refuse_bomb(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MAX_ENTRIES or sum(entry.file_size for entry in entries) > MAX_INFLATED_BYTES:
        raise refusals.bomb()
    for entry in entries:
        if entry.file_size > _SMALL_BYTES and entry.file_size > MAX_RATIO * max(1, entry.compress_size):
            raise refusals.bomb()


def _declares_macros(content: bytes) -> bool:
    """A `.docm` whose project was renamed still says what it is in its list of parts."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open(_CONTENT_TYPES) as part:
            declared = part.read(_SMALL_BYTES).lower()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError, RuntimeError) as error:
        raise refusals.corrupt("Word document") from error
    return b"macroenabled" in declared or b"vbaproject" in declared


def _office_kind(lowered: set[str]) -> str:
    for folder, what in (("xl/", "an Excel workbook"), ("ppt/", "a PowerPoint presentation")):
        if any(name.startswith(folder) for name in lowered):
            return what
    return "a ZIP archive"
