"""Text messages, theirs and ours. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from realtime_bridge.ingress.events import Digits, Failed, Failure, Fault, Metadata

MAX_TEXT_BYTES: Final = 16 * 1024
"""Twice as much as mod_audio_stream lets metadata have."""
CLEAR_AUDIO: Final = b'{"type":"clearAudio"}'
"""The fork's command: what was sent and was not played yet is dropped."""

_DIGITS: Final = re.compile(r"[0-9*#]{1,32}")
_RATE_NAMES: Final = ("sample_rate_hz", "sampleRate", "sample_rate")
_METADATA_TYPES: Final = (None, "metadata")
_MIXES: Final = {"mono": 1, "mixed": 1, "stereo": 2}

TextEvent = Digits | Metadata | Fault | Failed


def read_text(payload: bytes, sample_rate_hz: int, channels: int) -> TextEvent:
    """What a text message means on a stream of this rate and number of channels."""
    if len(payload) > MAX_TEXT_BYTES:
        return Fault.LONG_TEXT
    try:
        message = json.loads(payload.decode())
    except (ValueError, RecursionError):
        return Fault.MALFORMED_TEXT
    if not isinstance(message, dict):
        return Fault.MALFORMED_TEXT
    match message.get("type"):
        case "dtmf":
            return _digits(message)
        case kind if kind in _METADATA_TYPES:
            return _metadata(message, sample_rate_hz, channels)
        case _:
            return Fault.UNKNOWN_TEXT


def as_text(message: Mapping[str, object]) -> bytes:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"), default=str).encode()


def _digits(message: dict[str, Any]) -> TextEvent:
    pressed = message.get("digit", message.get("digits"))
    if not isinstance(pressed, str) or _DIGITS.fullmatch(pressed) is None:
        return Fault.MALFORMED_TEXT
    return Digits(pressed)


def _metadata(message: dict[str, Any], sample_rate_hz: int, channels: int) -> TextEvent:
    """A rate that is announced must be the agreed one: played at another, speech is slow or a chipmunk's."""
    try:
        rates = [_rate_hz(message[name]) for name in _RATE_NAMES if name in message]
        announced = [_channels(message[name]) for name in ("channels", "mix") if name in message]
    except ValueError:
        return Fault.MALFORMED_TEXT
    if any(rate != sample_rate_hz for rate in rates) or any(count != channels for count in announced):
        return Failed(Failure.WRONG_FORMAT)
    return Metadata()


def _rate_hz(value: object) -> int:
    """A number, or as the module's command spells it: `8k`."""
    if isinstance(value, str):
        return int(value[:-1]) * 1000 if value.endswith("k") else int(value)
    return _whole_number(value)


def _channels(value: object) -> int:
    if isinstance(value, str):
        if value not in _MIXES:
            raise ValueError("no mix of the module's")
        return _MIXES[value]
    return _whole_number(value)


def _whole_number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("no whole number")
    return value
