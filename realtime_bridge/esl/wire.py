"""FreeSWITCH's event socket as bytes: messages in, commands out. No socket here.

A message is a block of `Name: value` lines, an empty line, and `Content-Length` bytes of body. An event travels as such
a body: again lines, an empty line, and perhaps a body of its own. Values inside an event are percent-encoded by
FreeSWITCH (switch_event.c, switch_event_serialize): they are decoded one by one, after the split. One that decodes
first lets a caller whose name is `x%0AUnique-ID: ...` write headers of his own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

MAX_HEAD_BYTES = 64 * 1024
MAX_BODY_BYTES = 16 * 1024 * 1024
"""`show channels` of a busy PBX has some megabytes; more than this is no event socket."""


class WireFault(Exception):
    """The other side does not speak the event socket's protocol."""


@dataclass(frozen=True, slots=True)
class Message:
    """
    Attributes:
        headers: Of the message itself, as they came: FreeSWITCH does not encode these.
    """

    content_type: str
    headers: dict[str, str]
    body: bytes


class PbxEvent:
    """One event. Header names are compared as FreeSWITCH spells them; values are decoded when they are asked for."""

    __slots__ = ("_raw", "at", "body")

    def __init__(self, payload: bytes, at: float = 0.0) -> None:
        head, _, rest = payload.partition(b"\n\n")
        self._raw = dict(_lines(head))
        self.at = at
        length = self._raw.get(b"Content-Length", b"")
        self.body = (rest[: int(length)] if length.isdigit() else b"").decode("utf-8", "replace")

    def get(self, name: str) -> str:
        """The value, decoded; empty where there is none."""
        raw = self._raw.get(name.encode(), b"")
        return "" if raw == b"_undef_" else unquote_to_bytes(raw).decode("utf-8", "replace")

    @property
    def name(self) -> str:
        """CHANNEL_ANSWER and so on; the subclass where the event is a CUSTOM one."""
        name = self.get("Event-Name")
        return self.get("Event-Subclass") if name == "CUSTOM" else name


class MessageReader:
    """Messages from a stream of bytes that may be cut anywhere."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._head: dict[str, str] | None = None
        self._wanted = 0

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that these bytes complete.

        Raises:
            WireFault: no event socket on the other side; nothing can be read any more.
        """
        self._buffer += data
        while (message := self._next()) is not None:
            yield message

    def _next(self) -> Message | None:
        if self._head is None and not self._read_head():
            return None
        if self._head is None or len(self._buffer) < self._wanted:
            return None
        body = bytes(self._buffer[: self._wanted])
        del self._buffer[: self._wanted]
        head, self._head = self._head, None
        return Message(head.get("Content-Type", ""), head, body)

    def _read_head(self) -> bool:
        while self._buffer.startswith(b"\n"):
            del self._buffer[:1]
        end = self._buffer.find(b"\n\n")
        if end < 0 or end > MAX_HEAD_BYTES:
            if len(self._buffer) > MAX_HEAD_BYTES:
                raise WireFault("a head that does not end")
            return False
        lines = _lines(bytes(self._buffer[:end]))
        head = {name.decode("utf-8", "replace"): value.decode("utf-8", "replace") for name, value in lines}
        del self._buffer[: end + 2]
        length = head.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit()) or int(length) > MAX_BODY_BYTES:
            raise WireFault("an impossible Content-Length")
        self._head, self._wanted = head, int(length)
        return True


def _lines(head: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and value of each line, the first of a name last, so that a dictionary keeps it.

    FreeSWITCH writes its own headers before those that come from the call.
    """
    for line in reversed(head.split(b"\n")):
        name, separator, value = line.partition(b":")
        if separator:
            yield name, value.strip()
