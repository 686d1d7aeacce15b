"""A model's text made fit for the ear, while it is still being written. Pure.

Markdown, addresses of pages, tags, emoji and control characters are not spoken. A reply has an end: the caller
can always ask for more.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from voice_ai_service.providers.tts.sentences import SentenceSplitter

MAX_SPOKEN_CHARS: Final = 600
"""About forty seconds of speech."""

_LINK: Final = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_URL: Final = re.compile(r"\(?\b(?:https?://|www\.)[^\s)]+\)?", re.IGNORECASE)
_FENCE: Final = re.compile(r"```\w*")
_HEADING: Final = re.compile(r"^[ \t]*(?:#{1,6}|[-*+•]|>)[ \t]+", re.MULTILINE)
_RULE: Final = re.compile(r"^[ \t]*[-*_=|:\s]{3,}$", re.MULTILINE)
_EMPHASIS: Final = re.compile(r"[*`~\[\]{}\\]|(?<!\w)_+|_+(?!\w)|#(?=\w)")
_TAG: Final = re.compile(r"</?[A-Za-z][^<>]*>")
_ROW_EDGE: Final = re.compile(r"^[ \t]*\|[ \t]*|[ \t]*\|[ \t]*$", re.MULTILINE)
_CELL: Final = re.compile(r"[ \t]*\|[ \t]*")
_LINE_END: Final = re.compile(r"(?P<mark>[.!?…,;:])?[ \t]*\n\s*")
_SPACE: Final = re.compile(r"\s+")
_BEFORE_MARK: Final = re.compile(r"\s+(?=[.,;:!?…])")
_UNSPOKEN: Final = frozenset(("Cc", "Cf", "Co", "Cs", "Cn", "So", "Sk"))


def speakable(text: str) -> str:
    """The text without what only the eye understands; empty when nothing is left to say."""
    text = _URL.sub("", _LINK.sub(r"\1", _FENCE.sub("", text)))
    text = _HEADING.sub("", _RULE.sub("", _TAG.sub(" ", text)))
    text = _CELL.sub(", ", _ROW_EDGE.sub("", _EMPHASIS.sub("", text)))
    text = "".join(char for char in text if _is_spoken(char))
    text = _LINE_END.sub(_as_pause, text.strip())
    text = _BEFORE_MARK.sub("", _SPACE.sub(" ", text)).strip(" ,;:")
    return text if any(char.isalnum() for char in text) else ""


def _is_spoken(char: str) -> bool:
    return char in "\n\t°" or (char not in "<>|" and unicodedata.category(char) not in _UNSPOKEN)


class SpeakableStream:
    """Deltas in, sentences out (a clause where the first sentence is long), until the reply is long enough."""

    def __init__(self, max_chars: int = MAX_SPOKEN_CHARS) -> None:
        self._splitter = SentenceSplitter()
        self._left = max_chars
        self._said = False

    @property
    def said(self) -> bool:
        """Whether any piece was given out."""
        return self._said

    def push(self, delta: str) -> list[str]:
        """Pieces that are complete with this delta."""
        return self._take(self._splitter.feed(delta))

    def finish(self) -> list[str]:
        """What is left when the text has ended."""
        return self._take(self._splitter.finish())

    def _take(self, pieces: list[str]) -> list[str]:
        taken: list[str] = []
        for piece in pieces:
            text = speakable(piece)
            if not text or self._left <= 0:
                continue
            if len(text) > self._left:
                text = _shortened(text, self._left) if not self._said else ""
                self._left = 0
            if text:
                self._left -= len(text) + 1
                self._said = True
                taken.append(text)
        return taken


def _as_pause(match: re.Match[str]) -> str:
    return f"{match['mark']} " if match["mark"] else ". "


def _shortened(text: str, longest: int) -> str:
    """The whole sentences that fit; without any, the whole words."""
    window = text[:longest]
    end = max(window.rfind(mark) for mark in (". ", "! ", "? "))
    if end > 0:
        return window[: end + 1]
    return window[: window.rfind(" ")].rstrip(" ,;:") + "." if " " in window else window
