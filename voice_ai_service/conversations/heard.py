"""How much of a text the caller heard. Pure."""

from __future__ import annotations

from typing import Final

_TAIL_MS: Final = 60
"""A reply that stopped this close to its end was heard whole: the PBX counts in packets of 20 ms."""


def heard_text(said: str, played_ms: int | None, audio_ms: int) -> str | None:
    """The words of `said` that were played in full, judged by the share of the audio that was played.

    Args:
        said: The whole text.
        played_ms: How much of its audio was played; None when the PBX never said.
        audio_ms: The audio's length; 0 when there was none.

    Returns:
        A prefix of `said` that ends with a whole word; None when nobody knows.
    """
    if played_ms is None:
        return None
    if not said or played_ms <= 0 or audio_ms <= 0:
        return ""
    if played_ms >= audio_ms - _TAIL_MS:
        return said
    cut = len(said) * played_ms // audio_ms
    if not said[cut].isspace():
        cut = _start_of_word(said, cut)
    return said[:cut].rstrip()


def _start_of_word(text: str, index: int) -> int:
    while index > 0 and not text[index - 1].isspace():
        index -= 1
    return index
