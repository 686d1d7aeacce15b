"""AWS's binary event stream (`application/vnd.amazon.eventstream`) from bytes as they come. No I/O.

A message: total length, length of the headers, CRC-32 of these two, headers, payload, CRC-32 of all before it; all
numbers big-endian. Source: AWS, "Event stream encoding".
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

MAX_MESSAGE_BYTES: Final = 16 * 1024 * 1024
_PRELUDE_BYTES: Final = 12
_CRC_BYTES: Final = 4
_FIXED_BYTES: Final = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Header types without a length of their own: true, false, byte, short, integer, long, timestamp, UUID."""
_BYTES, _TEXT = 6, 7


class EventStreamBroken(ValueError):
    """What came is no message, or was changed on its way."""


@dataclass(frozen=True, slots=True)
class EventMessage:
    """`headers`: only those that are text, such as `:event-type`; the protocol needs no others."""

    headers: Mapping[str, str]
    payload: bytes


class EventStreamParser:
    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> list[EventMessage]:
        """The messages that end in this piece. Raises EventStreamBroken; nothing that follows can be read then."""
        held = self._rest + piece if self._rest else piece
        messages, at = [], 0
        while len(held) - at >= _PRELUDE_BYTES:
            total = _checked_length(held[at : at + _PRELUDE_BYTES])
            if len(held) - at < total:
                break
            messages.append(_message(held[at : at + total]))
            at += total
        self._rest = held[at:]
        return messages

    @property
    def clean(self) -> bool:
        """Whether the last message ended where the pieces did."""
        return not self._rest


def encode_message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """A message whose headers are all text, as clients send them."""
    packed = b"".join(
        len(name.encode()).to_bytes(1, "big")
        + name.encode()
        + _TEXT.to_bytes(1, "big")
        + len(value.encode()).to_bytes(2, "big")
        + value.encode()
        for name, value in headers.items()
    )
    total = _PRELUDE_BYTES + len(packed) + len(payload) + _CRC_BYTES
    prelude = total.to_bytes(4, "big") + len(packed).to_bytes(4, "big")
    message = prelude + zlib.crc32(prelude).to_bytes(4, "big") + packed + payload
    return message + zlib.crc32(message).to_bytes(4, "big")


def _checked_length(prelude: bytes) -> int:
    total, headers = int.from_bytes(prelude[:4], "big"), int.from_bytes(prelude[4:8], "big")
    if zlib.crc32(prelude[:8]) != int.from_bytes(prelude[8:], "big"):
        raise EventStreamBroken("the prelude was changed")
    if total > MAX_MESSAGE_BYTES or total < _PRELUDE_BYTES + headers + _CRC_BYTES:
        raise EventStreamBroken("lengths that cannot be")
    return total


def _message(raw: bytes) -> EventMessage:
    if zlib.crc32(raw[:-_CRC_BYTES]) != int.from_bytes(raw[-_CRC_BYTES:], "big"):
        raise EventStreamBroken("the message was changed")
    payload_at = _PRELUDE_BYTES + int.from_bytes(raw[4:8], "big")
    return EventMessage(_headers(raw[_PRELUDE_BYTES:payload_at]), raw[payload_at:-_CRC_BYTES])


def _headers(raw: bytes) -> Mapping[str, str]:
    found, at = {}, 0
    try:
        while at < len(raw):
            name_end = at + 1 + raw[at]
            name, kind = raw[at + 1 : name_end].decode(), raw[name_end]
            at = name_end + 1
            if kind in _FIXED_BYTES:
                at += _FIXED_BYTES[kind]
                continue
            if kind not in (_BYTES, _TEXT):
                raise EventStreamBroken("a header of a kind that there is not")
            value_at = at + 2
            at = value_at + int.from_bytes(raw[at:value_at], "big")
            if kind == _TEXT:
                found[name] = raw[value_at:at].decode()
    except (IndexError, UnicodeDecodeError) as error:
        raise EventStreamBroken("a header cannot be read") from error
    if at != len(raw):
        raise EventStreamBroken("a header is longer than its place")
    return found
