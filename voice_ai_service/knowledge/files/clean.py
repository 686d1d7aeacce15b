"""Characters as they come out of files, made fit for storing, searching and speaking. Pure."""

from __future__ import annotations

import codecs
import re
import unicodedata
from typing import Final

from voice_ai_service.errors import UnsupportedMedia
from voice_ai_service.knowledge.files import refusals

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff0-\uffff"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
"""Control characters, soft hyphens, what has no width, what turns the direction of writing, tags that nobody sees (in
which instructions to language models are hidden), and halves of characters that no database takes."""
_BREAKS: Final = re.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_SPACE: Final = re.compile(r"\s+")
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_MAX_CONTROL_SHARE: Final = 0.002
_SAMPLE_BYTES: Final = 65536


def decoded(content: bytes) -> str:
    """The text in a file whose encoding nobody tells: a byte order mark, UTF-8, UTF-16 without a mark, Windows-1252.

    Raises:
        UnsupportedMedia: This is no text.
    """
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return _strictly(content[len(mark) :], encoding)
    sample = content[:_SAMPLE_BYTES]
    if b"\0" in sample:
        return _strictly(content, _unmarked_utf16(sample))
    if len(_CONTROL.findall(sample)) > _MAX_CONTROL_SHARE * len(sample) + 1:
        raise refusals.unsupported("not text")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        # Latin-1 is Windows-1252 to the letter in all that people write; what 1252 leaves open is dropped later.
        return content.decode("cp1252", errors="replace").replace("\ufffd", " ")


def lines_of(text: str) -> list[str]:
    """Lines, each cleaned as `one_line` does; empty ones are kept."""
    return [one_line(line) for line in _BREAKS.sub("\n", text).split("\n")]


def one_line(text: str) -> str:
    """Composed characters (NFC), nothing unseen, single spaces, no breaks."""
    return _SPACE.sub(" ", _UNSEEN.sub("", unicodedata.normalize("NFC", _BREAKS.sub(" ", text)))).strip()


def _strictly(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise refusals.unsupported("not text") from error


def _unmarked_utf16(sample: bytes) -> str:
    """By where the zero bytes are: text in Latin letters has them in every second place.

    Raises:
        UnsupportedMedia: They are anywhere.
    """
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if odd > 0.4 * half and even < 0.05 * half + 1:
        return "utf-16-le"
    if even > 0.4 * half and odd < 0.05 * half + 1:
        return "utf-16-be"
    raise refusals.unsupported("not text")


def is_text(content: bytes) -> bool:
    """Whether `decoded` would take it."""
    try:
        decoded(content)
    except UnsupportedMedia:
        return False
    return True
