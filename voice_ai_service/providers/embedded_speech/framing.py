"""What this process and its speech workers say to each other, as bytes; no I/O here.

A frame is two big-endian 32-bit lengths, then a JSON object, then raw bytes (audio). `kind` and `request` are
in every JSON object; what else there is, `messages.py` says.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

MAX_BODY_BYTES: Final = 4 * 1024 * 1024
MAX_PAYLOAD_BYTES: Final = 32 * 1024 * 1024

_LENGTHS: Final = struct.Struct("!II")


class FrameError(Exception):
    """The other side broke the framing; nothing that follows can be understood."""


@dataclass(frozen=True, slots=True)
class Frame:
    """
    Attributes:
        kind: The message's name.
        request: Number of the request it belongs to.
        body: Its fields.
        payload: Audio or nothing.
    """

    kind: str
    request: int
    body: Mapping[str, Any] = field(default_factory=dict)
    payload: bytes = b""


def encode(frame: Frame) -> bytes:
    """Raises FrameError when the frame is larger than the other side would take."""
    text = json.dumps(
        {**frame.body, "kind": frame.kind, "request": frame.request}, separators=(",", ":")
    ).encode()
    if len(text) > MAX_BODY_BYTES or len(frame.payload) > MAX_PAYLOAD_BYTES:
        raise FrameError(f"a {frame.kind} frame of {len(text)} + {len(frame.payload)} bytes is too large")
    return _LENGTHS.pack(len(text), len(frame.payload)) + text + frame.payload


class FrameReader:
    """Bytes in, in any pieces; whole frames out."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def between_frames(self) -> bool:
        """Whether the stream may end here."""
        return not self._buffer

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Raises FrameError; the reader is of no use after that."""
        self._buffer += data
        while len(self._buffer) >= _LENGTHS.size:
            body_bytes, payload_bytes = _LENGTHS.unpack_from(self._buffer)
            if body_bytes > MAX_BODY_BYTES or payload_bytes > MAX_PAYLOAD_BYTES:
                raise FrameError("a frame says it is larger than frames may be")
            end = _LENGTHS.size + body_bytes + payload_bytes
            if len(self._buffer) < end:
                return
            text = bytes(self._buffer[_LENGTHS.size : _LENGTHS.size + body_bytes])
            payload = bytes(self._buffer[_LENGTHS.size + body_bytes : end])
            del self._buffer[:end]
            yield _parse(text, payload)


def _parse(text: bytes, payload: bytes) -> Frame:
    try:
        body = json.loads(text)
    except (UnicodeDecodeError, ValueError) as error:
        raise FrameError("a frame's body is no JSON") from error
    if not isinstance(body, dict):
        raise FrameError("a frame's body is no object")
    kind, request = body.pop("kind", None), body.pop("request", None)
    if not isinstance(kind, str) or not isinstance(request, int):
        raise FrameError("a frame has no kind or no request")
    return Frame(kind, request, body, payload)
