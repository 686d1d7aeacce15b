"""An utterance as vendors give it, in segments, brought to one transcript."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from voice_ai_service.providers.stt.seam import (
    FinalTranscript,
    PartialTranscript,
    SttEvent,
    Transcript,
    Word,
)


class Segments:
    """Segments of one utterance in, partial transcripts of the whole utterance out."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._settled: list[Transcript] = []

    def add(self, event: SttEvent) -> PartialTranscript | None:
        """All that was said so far; None when the event says nothing new. A settled segment does not change."""
        if isinstance(event, FinalTranscript):
            if not event.transcript.text:
                return None
            self._settled.append(event.transcript)
            return PartialTranscript(self.whole(), stable=True)
        if not event.transcript.text:
            return None
        return PartialTranscript(joined([*self._settled, event.transcript], self._language), event.stable)

    def whole(self) -> Transcript:
        return joined(self._settled, self._language)


def joined(segments: Sequence[Transcript], language: str) -> Transcript:
    """One transcript of several; empty without any. The confidence is the mean, weighed by the texts' lengths."""
    if len(segments) == 1:
        return segments[0]
    judged = [(part.confidence, len(part.text)) for part in segments if part.confidence is not None]
    length = sum(size for _, size in judged)
    confidence = sum(sure * size for sure, size in judged) / length if length else None
    return Transcript(
        " ".join(part.text for part in segments),
        segments[0].language if segments else language,
        None if confidence is None else round(confidence, 3),
        tuple(word for part in segments for word in part.words),
    )


def heard(text: object, language: str, confidence: object = None, words: Iterable[Word] = ()) -> Transcript:
    """From a vendor's fields: what is not of its kind is as good as absent."""
    plain = " ".join(text.split()) if isinstance(text, str) else ""
    return Transcript(plain, language, share(confidence) if plain else None, tuple(words) if plain else ())


def share(value: object) -> float | None:
    """A number from 0 to 1, or None."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return round(min(1.0, max(0.0, float(value))), 3)


def word(raw: Mapping[str, Any], text: str, *, ms_per_unit: float = 1000.0) -> Word | None:
    """A word with `start` and `end`, in seconds unless told otherwise; None without them."""
    start, end, spoken = _time(raw.get("start")), _time(raw.get("end")), raw.get(text)
    if not isinstance(spoken, str) or start is None or end is None:
        return None
    return Word(spoken, round(start * ms_per_unit), round(end * ms_per_unit))


def words(listed: Iterable[Mapping[str, Any]], text: str, *, ms_per_unit: float = 1000.0) -> tuple[Word, ...]:
    found = (word(raw, text, ms_per_unit=ms_per_unit) for raw in listed)
    return tuple(one for one in found if one is not None)


def _time(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value) if value >= 0 else None
