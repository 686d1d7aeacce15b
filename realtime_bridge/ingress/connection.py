"""One TCP connection: the clock, the buffers and the end of a stream. What its bytes mean is the codec's."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from typing import Final, Protocol, cast
from uuid import UUID

import structlog
from websockets.frames import CloseCode

from realtime_bridge.ingress.codec import StreamCodec
from realtime_bridge.ingress.events import Closed, Digits, Failed, Fault, Pong, StreamEvent
from realtime_bridge.ingress.handshake import Handshake, Refusal, StreamRequest
from realtime_bridge.ingress.metrics import IngressMetrics
from realtime_bridge.ingress.socket_leg import SocketLeg
from realtime_bridge.leg import LegEnd, LegFormat

_KERNEL_SEND_BYTES: Final = 16 * 1024
"""The kernel doubles it: about a second of 16 kHz. Left alone it would hide minutes of audio from us."""
_HIGH_WATER_BYTES: Final = 8 * 1024

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ConnectionTimes:
    """
    Attributes:
        handshake_s: From the connection to the end of its request.
        ping_every_s: Between two pings. Three without a sign of life end the leg as lost; so do three without a
            pong, once the other side has shown that it sends any.
        stall_s: How long the other side may read nothing while we have something for it.
        close_s: How long we wait for the answer to our goodbye.
    """

    handshake_s: float = 5.0
    ping_every_s: float = 4.0
    stall_s: float = 4.0
    close_s: float = 1.0


class House(Protocol):
    """Who decides whether a stream is opened."""

    metrics: IngressMetrics
    times: ConnectionTimes

    def made(self, connection: StreamConnection) -> None: ...

    def asked(self, connection: StreamConnection, request: StreamRequest) -> None:
        """Answers later with `open` or `refuse`."""
        ...

    def gone(self, connection: StreamConnection) -> None: ...


class StreamConnection(asyncio.Protocol):
    """Made by the event loop's server. Implements `socket_leg.Line`.

    Everything of a frame happens inside `data_received` and `send_audio`: no task, no queue. A listener that raises
    ends its own connection (the event loop closes it), no other.
    """

    _transport: asyncio.Transport

    def __init__(self, house: House) -> None:
        self._house = house
        self._loop = asyncio.get_running_loop()
        self._handshake: Handshake | None = Handshake()
        self._codec: StreamCodec | None = None
        self.leg: SocketLeg | None = None
        self.blocked = False
        self._timer: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._gone: asyncio.Future[None] = self._loop.create_future()
        self._quiet_pings = 0
        self._unanswered_pings = 0
        self._answers_pings = False

    # What the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one without saying so
        raw = transport.get_extra_info("socket")
        if raw is not None and raw.family in (socket.AF_INET, socket.AF_INET6):
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_SEND_BYTES)
        self._transport.set_write_buffer_limits(high=_HIGH_WATER_BYTES)
        self._timer = self._loop.call_later(self._house.times.handshake_s, self._too_slow)
        self._house.made(self)

    def data_received(self, data: bytes) -> None:
        if self._codec is not None:
            self._quiet_pings = 0
            self._take(self._codec.receive(data))
            self._answer_pending()
        elif self._handshake is not None:
            self._shake(self._handshake, data)

    def eof_received(self) -> None:
        """The transport closes itself; `connection_lost` follows."""

    def pause_writing(self) -> None:
        self.blocked = True
        if self._stall is None:
            self._stall = self._loop.call_later(self._house.times.stall_s, self._stalled)

    def resume_writing(self) -> None:
        self.blocked = False
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
        if self.leg is not None:
            self.leg.way_back.unblocked()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._timer, self._stall):
            if timer is not None:
                timer.cancel()
        self._timer = self._stall = None
        if self.leg is not None:
            self.leg.end(LegEnd.LOST)
        if not self._gone.done():
            self._gone.set_result(None)
        self._house.gone(self)

    # What the house answers

    def open(self, leg_uuid: UUID, format: LegFormat, channels: int) -> SocketLeg | None:  # noqa: A002
        """Answer 101. None: the other side does not wait any more."""
        handshake = self._handshake
        if handshake is None or self._transport.is_closing():
            return None
        self._handshake = None
        self._codec = handshake.accept(format, channels)
        self.leg = SocketLeg(leg_uuid, format, self, self._house.metrics)
        self._write(handshake.data_to_send())
        if early := handshake.early:
            self._take(self._codec.receive(early))
            self._answer_pending()
        self._timer = self._loop.call_later(self._house.times.ping_every_s, self._ping)
        return self.leg

    def refuse(self, refusal: Refusal) -> None:
        """Answer with an HTTP error, and close."""
        if self._handshake is not None:
            self._handshake.refuse(refusal)
            self._count_refusal(self._handshake, refusal)

    # What the leg sends

    @property
    def is_open(self) -> bool:
        codec = self._codec
        return codec is not None and codec.is_open and not self._transport.is_closing()

    def send_audio(self, frame: bytes) -> None:
        assert self._codec is not None  # noqa: S101
        self._codec.audio(frame)
        self._send_pending()

    def send_text(self, payload: bytes) -> None:
        assert self._codec is not None  # noqa: S101
        self._codec.text(payload)
        self._send_pending()

    async def shut(self, code: int = CloseCode.NORMAL_CLOSURE) -> None:
        """Raises nothing: whatever the other side does, the socket is gone when this returns."""
        if self.leg is not None:
            self.leg.end(LegEnd.OURS)
        if self._codec is None:
            self._transport.abort()
        elif self._codec.is_open:
            self._codec.close(code)
            self._send_pending()
        try:
            async with asyncio.timeout(self._house.times.close_s):
                await asyncio.shield(self._gone)
        except TimeoutError:
            self._transport.abort()
            await asyncio.shield(self._gone)

    def abort(self) -> None:
        """Cut it without a word."""
        self._transport.abort()

    # Inside

    def _shake(self, handshake: Handshake, data: bytes) -> None:
        found = handshake.receive(data)
        if isinstance(found, Refusal):
            self._count_refusal(handshake, found)
        elif found is not None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            self._house.asked(self, found)

    def _count_refusal(self, handshake: Handshake, refusal: Refusal) -> None:
        self._handshake = None
        self._house.metrics.refused.labels(refusal.reason).inc()
        log.warning("a stream was refused", reason=refusal.reason)
        self._write(handshake.data_to_send())
        self._transport.close()

    def _take(self, events: list[StreamEvent]) -> None:
        leg = self.leg
        assert leg is not None  # noqa: S101
        for event in events:
            if type(event) is bytes:
                if leg.ended is None:
                    leg.hear(event)
            else:
                self._note(leg, event)

    def _note(self, leg: SocketLeg, event: StreamEvent) -> None:
        match event:
            case Digits(digits):
                if leg.ended is None:
                    leg.press(digits)
            case Pong():
                self._answers_pings, self._unanswered_pings = True, 0
            case Fault():
                self._house.metrics.faults.labels(event.value).inc()
            case Failed(failure):
                self._house.metrics.faults.labels(failure.value).inc()
                log.warning("a stream broke its rules", leg_uuid=str(leg.leg_uuid), failure=failure.value)
                leg.end(LegEnd.REFUSED)
            case Closed():
                leg.end(LegEnd.CLOSED)

    def _send_pending(self) -> None:
        assert self._codec is not None  # noqa: S101
        self._write(self._codec.data_to_send())

    def _answer_pending(self) -> None:
        """Pongs and the goodbye that the codec made while it read. Whoever pings and does not read gets none."""
        assert self._codec is not None  # noqa: S101
        pieces = self._codec.data_to_send()
        if pieces:
            self._write([piece for piece in pieces if not piece] if self.blocked else pieces)

    def _write(self, pieces: list[bytes]) -> None:
        for piece in pieces:
            if self._transport.is_closing():
                return  # uvloop raises where asyncio only forgets
            if piece:
                self._transport.write(piece)
            else:
                self._transport.close()

    def _ping(self) -> None:
        self._timer = None
        allowed = 3
        if self._quiet_pings >= allowed or (self._answers_pings and self._unanswered_pings >= allowed):
            self._lose("unheard")
            return
        self._quiet_pings += 1
        self._unanswered_pings += 1
        if self.is_open and not self.blocked:
            assert self._codec is not None  # noqa: S101
            self._codec.ping()
            self._send_pending()
        self._timer = self._loop.call_later(self._house.times.ping_every_s, self._ping)

    def _stalled(self) -> None:
        self._stall = None
        self._lose("not_reading")

    def _too_slow(self) -> None:
        self._timer = None
        self._house.metrics.refused.labels("too_slow").inc()
        self._transport.abort()

    def _lose(self, fault: str) -> None:
        self._house.metrics.faults.labels(fault).inc()
        if self.leg is not None:
            log.warning("a stream was lost", leg_uuid=str(self.leg.leg_uuid), reason=fault)
        self._transport.abort()
