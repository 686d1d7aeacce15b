"""What comes out of a stream's bytes. A frame of audio is plain `bytes`, 20 ms of the caller, mono."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """What the other side did wrong; counted under this name, and without effect on the audio."""

    ODD_SIZE = "odd_size"
    """A binary message that ends inside a sample; that sample is left out."""
    MALFORMED_TEXT = "malformed_text"
    """Not UTF-8, not a JSON object, or a known type with the wrong content; ignored."""
    UNKNOWN_TEXT = "unknown_text"
    """A JSON object of a type that we do not know; ignored. Audio as text is one."""
    LONG_TEXT = "long_text"
    """A text longer than metadata can be; ignored."""


class Failure(StrEnum):
    """What ends a stream; counted under this name. Each goes with a close code of RFC 6455."""

    TOO_BIG = "too_big"
    """A message longer than two seconds of audio (1009)."""
    PROTOCOL = "protocol"
    """Not WebSocket, or WebSocket against its rules (1002)."""
    WRONG_FORMAT = "wrong_format"
    """Metadata that announces another rate or number of channels than the set-up agreed (1003)."""
    TOO_MANY_FAULTS = "too_many_faults"
    """(1008)"""


@dataclass(frozen=True, slots=True)
class Digits:
    """One of 0-9 * #, or several."""

    digits: str


@dataclass(frozen=True, slots=True)
class Metadata:
    """The text that the PBX's script gave to the module; perhaps not the first message."""


@dataclass(frozen=True, slots=True)
class Pong:
    pass


@dataclass(frozen=True, slots=True)
class Closed:
    """The other side ends the stream. Nothing follows."""

    code: int


@dataclass(frozen=True, slots=True)
class Failed:
    """We end the stream. Nothing follows."""

    failure: Failure


StreamEvent = bytes | Digits | Metadata | Pong | Fault | Closed | Failed
