"""What the ear decides, frame by frame. Times count from the leg's first sample."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class UtteranceEnd(StrEnum):
    SILENCE = "silence"
    MODEL = "model"
    """The end-of-turn model was sure before the silence was long enough."""
    TOO_LONG = "too_long"
    FORCED = "forced"


@dataclass(frozen=True, slots=True)
class Onset:
    """Speech began at `at_ms`; `pre_roll` is the audio from some 300 ms before it up to now."""

    at_ms: int
    pre_roll: bytes


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence since `since_ms`, long enough to speculate on the end."""

    since_ms: int


@dataclass(frozen=True, slots=True)
class Resumed:
    at_ms: int


@dataclass(frozen=True, slots=True)
class Ended:
    """
    Attributes:
        speech_start_ms, speech_end_ms: First and last speech frame.
        at_ms: When it was decided; `at_ms - speech_end_ms` is the end-of-turn delay.
    """

    reason: UtteranceEnd
    speech_start_ms: int
    speech_end_ms: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class Discarded:
    """What began was too short to be an utterance."""


EarEvent = Onset | Pause | Resumed | Ended | Discarded
