"""mod_audio_stream's wire without a socket: bytes in, what came out of them; and the bytes of what is said.

`websockets`' protocol object does RFC 6455, this does what the module puts into it: headerless L16 in binary
messages of any multiple of 20 ms, JSON in text messages, in any order.
"""

from __future__ import annotations

from typing import Final

from websockets.exceptions import PayloadTooBig
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from realtime_bridge.ingress.audio_frames import AudioFrames
from realtime_bridge.ingress.events import Closed, Failed, Failure, Fault, Pong, StreamEvent
from realtime_bridge.ingress.texts import read_text
from realtime_bridge.leg import LegFormat

MAX_MESSAGE_BYTES: Final = 128 * 1024
"""Two seconds of stereo at 16 kHz; the module's longest buffer is one."""
MAX_FAULTS: Final = 200
"""In one call; a sender that is wrong in every message is not worth listening to."""

_CLOSE_CODES: Final = {
    Failure.TOO_BIG: CloseCode.MESSAGE_TOO_BIG,
    Failure.PROTOCOL: CloseCode.PROTOCOL_ERROR,
    Failure.WRONG_FORMAT: CloseCode.UNSUPPORTED_DATA,
    Failure.TOO_MANY_FAULTS: CloseCode.POLICY_VIOLATION,
}


class StreamCodec:
    """An open stream. Whatever is called, `data_to_send` may have something afterwards."""

    __slots__ = (
        "_channels",
        "_faults",
        "_format",
        "_frames",
        "_over",
        "_parts",
        "_parts_are_text",
        "_protocol",
    )

    def __init__(self, protocol: ServerProtocol, format: LegFormat, channels: int) -> None:  # noqa: A002
        self._protocol = protocol
        self._format = format
        self._channels = channels
        self._frames = AudioFrames(format, channels)
        self._parts: list[bytes] = []
        self._parts_are_text = False
        self._faults = 0
        self._over = False

    @property
    def is_open(self) -> bool:
        return self._protocol._state is OPEN

    def receive(self, data: bytes) -> list[StreamEvent]:
        """Everything that is complete now. After `Closed` or `Failed` there is nothing more."""
        self._protocol.receive_data(data)
        events: list[StreamEvent] = []
        for frame in self._protocol.events_received():
            if self._over:
                break
            self._read(frame, events)  # type: ignore[arg-type]  # requests were before
        if self._protocol.parser_exc is not None and not self._over:
            too_big = isinstance(self._protocol.parser_exc, PayloadTooBig)
            self._fail(Failure.TOO_BIG if too_big else Failure.PROTOCOL, events)
        return events

    def audio(self, frame: bytes) -> None:
        """One binary message."""
        self._protocol.send_binary(frame)

    def text(self, payload: bytes) -> None:
        self._protocol.send_text(payload)

    def ping(self) -> None:
        self._protocol.send_ping(b"")

    def close(self, code: int) -> None:
        """Begin to end it; again, or after the other side did, does nothing."""
        self._over = True
        if self.is_open:
            self._protocol.send_close(code)

    def data_to_send(self) -> list[bytes]:
        """An empty one is the end: close after it."""
        return self._protocol.data_to_send()

    def _read(self, frame: Frame, events: list[StreamEvent]) -> None:
        opcode = frame.opcode
        if opcode is Opcode.BINARY and frame.fin:
            self._hear(bytes(frame.data), events)
        elif opcode is Opcode.PONG:
            events.append(Pong())
        elif opcode is Opcode.CLOSE:
            self._over = True
            received = self._protocol.close_rcvd
            events.append(Closed(CloseCode.NO_STATUS_RCVD if received is None else received.code))
        elif opcode is Opcode.TEXT and frame.fin:
            self._understand(bytes(frame.data), events)
        elif opcode is not Opcode.PING:
            self._collect(frame, events)

    def _collect(self, frame: Frame, events: list[StreamEvent]) -> None:
        """One piece of a fragmented message; the protocol object limits their sum and keeps their order."""
        if frame.opcode is not Opcode.CONT:
            self._parts_are_text = frame.opcode is Opcode.TEXT
        if frame.data:
            self._parts.append(bytes(frame.data))
        if frame.fin:
            message, self._parts = b"".join(self._parts), []
            if self._parts_are_text:
                self._understand(message, events)
            else:
                self._hear(message, events)

    def _hear(self, message: bytes, events: list[StreamEvent]) -> None:
        if self._frames.odd(message):
            self._fault(Fault.ODD_SIZE, events)
        if not self._over:
            events.extend(self._frames.split(message))

    def _understand(self, payload: bytes, events: list[StreamEvent]) -> None:
        event = read_text(payload, self._format.sample_rate_hz, self._channels)
        if isinstance(event, Fault):
            self._fault(event, events)
        elif isinstance(event, Failed):
            self._fail(event.failure, events)
        else:
            events.append(event)

    def _fault(self, fault: Fault, events: list[StreamEvent]) -> None:
        events.append(fault)
        self._faults += 1
        if self._faults > MAX_FAULTS:
            self._fail(Failure.TOO_MANY_FAULTS, events)

    def _fail(self, failure: Failure, events: list[StreamEvent]) -> None:
        self._over = True
        events.append(Failed(failure))
        if self.is_open:
            self._protocol.fail(_CLOSE_CODES[failure])
