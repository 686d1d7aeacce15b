"""Which words of a reply the caller heard, from where in the audio they stand. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

TAIL_MS: Final = 60
"""Text whose audio stopped this close to its end was heard: playout counts in frames of 20 ms."""
MS_PER_CHAR: Final = 60
"""Speech of unknown length: about 16 characters a second, in English as in Portuguese."""


@dataclass(frozen=True, slots=True)
class Piece:
    """
    Attributes:
        at_ms: Where in the reply's audio it begins; None: not known.
    """

    text: str
    at_ms: int | None = None


def text_of(pieces: Iterable[Piece]) -> str:
    return "".join(piece.text for piece in pieces).strip()


def heard_of(pieces: Sequence[Piece], heard_ms: int, audio_ms: int, *, complete: bool) -> str:
    """The words that were heard in full.

    Between places that are known the text is spread evenly over the audio.

    Args:
        heard_ms: How much of the reply reached the ear.
        audio_ms: How much of its audio there is so far.
        complete: Whether that is all of it; else text may be there whose audio is not.
    """
    text = "".join(piece.text for piece in pieces)
    if heard_ms <= 0 or not text:
        return ""
    if complete and heard_ms >= audio_ms - TAIL_MS:
        return text.strip()
    return _whole_words(text, _heard_chars(_anchors(pieces, audio_ms, complete=complete), heard_ms))


def _anchors(pieces: Sequence[Piece], audio_ms: int, *, complete: bool) -> list[tuple[int, int]]:
    """Characters before a place, and its milliseconds; both grow."""
    anchors = [(0, 0)]
    chars = 0
    for piece in pieces:
        if piece.at_ms is not None and chars > anchors[-1][0] and piece.at_ms >= anchors[-1][1]:
            anchors.append((chars, piece.at_ms))
        chars += len(piece.text)
    last_chars, last_ms = anchors[-1]
    end_ms = audio_ms
    if not complete:
        end_ms = max(audio_ms, last_ms + (chars - last_chars) * MS_PER_CHAR)
    anchors.append((chars, max(end_ms, last_ms)))
    return anchors


def _heard_chars(anchors: Sequence[tuple[int, int]], heard_ms: int) -> int:
    heard = 0
    for (chars, at_ms), (next_chars, next_ms) in pairwise(anchors):
        if heard_ms >= max(next_ms - TAIL_MS, at_ms):
            heard = next_chars
        elif heard_ms > at_ms:
            return max(heard, chars + (next_chars - chars) * (heard_ms - at_ms) // (next_ms - at_ms))
        else:
            break
    return heard


def _whole_words(text: str, chars: int) -> str:
    if chars >= len(text):
        return text.strip()
    if not text[chars].isspace():
        while chars > 0 and not text[chars - 1].isspace():
            chars -= 1
    return text[:chars].strip()
