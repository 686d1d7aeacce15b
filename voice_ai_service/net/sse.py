"""Server-sent events (WHATWG HTML 9.2) from bytes as they come. No I/O."""

from __future__ import annotations

from typing import Final

MAX_EVENT_BYTES: Final = 1024 * 1024
_BOM: Final = b"\xef\xbb\xbf"


class SseTooLong(ValueError):
    """An event is longer than any of a vendor's should be."""


class SseParser:
    """Gives each event's data. Types, ids and comments are of no interest here: vendors repeat them in the data."""

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_bytes = max_event_bytes
        self._rest = b""
        self._data: list[bytes] = []
        self._held_bytes = 0
        self._after_return = False
        self._at_start = True

    def feed(self, piece: bytes) -> list[bytes]:
        """The data of the events that end in this piece. Raises SseTooLong."""
        if self._after_return and piece:
            self._after_return = False
            piece = piece.removeprefix(b"\n")
        if b"\r" in piece:
            self._after_return = piece.endswith(b"\r")
            piece = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = (self._rest + piece).split(b"\n") if self._rest else piece.split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > self._max_bytes:
            raise SseTooLong
        return self._events(lines)

    def _events(self, lines: list[bytes]) -> list[bytes]:
        events = []
        for line in lines:
            if self._at_start:
                self._at_start = False
                line = line.removeprefix(_BOM)
            if line.startswith(b"data:"):
                self._hold(line[5:].removeprefix(b" "))
            elif line == b"data":
                self._hold(b"")
            elif not line and self._data:
                events.append(self._data[0] if len(self._data) == 1 else b"\n".join(self._data))
                self._data, self._held_bytes = [], 0
        return events

    def _hold(self, value: bytes) -> None:
        self._held_bytes += len(value) + 1
        if self._held_bytes > self._max_bytes:
            raise SseTooLong
        self._data.append(value)
