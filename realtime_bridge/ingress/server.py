"""The audio socket: listens, asks the door, hands legs over, drains."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from uuid import UUID

import structlog
from websockets.frames import CloseCode

from realtime_bridge.ingress.connection import ConnectionTimes, StreamConnection
from realtime_bridge.ingress.door import Door
from realtime_bridge.ingress.expected import ExpectedLeg, ExpectedLegs
from realtime_bridge.ingress.handshake import Refusal, StreamRequest
from realtime_bridge.ingress.metrics import IngressMetrics
from realtime_bridge.ingress.socket_leg import SocketLeg
from realtime_bridge.leg import LegFormat
from voice_ai_service.conversations.stream_tickets import RedeemedTicket, TicketRefusal
from voice_ai_service.errors import InvalidInput, VoiceAiError

log = structlog.get_logger()

OnCall = Callable[[SocketLeg, RedeemedTicket], None]
"""A call begins. Runs on the event loop and must not block: whoever takes the call starts its own task."""

_REFUSALS: Final = {
    TicketRefusal.UNKNOWN: Refusal.UNKNOWN_TICKET,
    TicketRefusal.EXPIRED: Refusal.EXPIRED_TICKET,
    TicketRefusal.USED: Refusal.USED_TICKET,
    TicketRefusal.OVER: Refusal.CALL_OVER,
}


@dataclass(frozen=True, slots=True)
class StreamServerOptions:
    """
    Attributes:
        address: `ws://host:port` of this process as the PBX reaches it; for the legs it asks for itself. None: what
            it listens on.
        max_calls: Calls at once; legs that the process asks for itself belong to one and do not count.
        admission_s: For the ticket; mod_audio_stream waits a second for all of the handshake.
        tls: None: plain TCP. With it nothing but TLS is understood.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    address: str | None = None
    max_calls: int = 200
    admission_s: float = 2.0
    times: ConnectionTimes = field(default_factory=ConnectionTimes)
    tls: ssl.SSLContext | None = None


def tls_from(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """Reads files: not for the event loop. None for neither.

    Raises:
        InvalidInput: One without the other, or files that are none.
    """
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        missing = "VOICE_AI_BRIDGE_TLS_CERTIFICATE" if certificate is None else "VOICE_AI_BRIDGE_TLS_KEY"
        raise InvalidInput("TLS needs a certificate and its key", field=missing, fix="Set both, or none")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise InvalidInput(
            "The TLS certificate cannot be used",
            field="VOICE_AI_BRIDGE_TLS_CERTIFICATE",
            fix="PEM files that belong together and that this process may read",
            detail=str(error),
        ) from error
    return context


class StreamServer:
    """Open it with `async with`. Leaving closes what is left; `drain` first and wait for `live` to be 0."""

    def __init__(
        self, door: Door, on_call: OnCall, metrics: IngressMetrics, options: StreamServerOptions | None = None
    ) -> None:
        self.metrics = metrics
        self._options = options or StreamServerOptions()
        self.times = self._options.times
        self._door = door
        self._on_call = on_call
        self._connections: set[StreamConnection] = set()
        self._calls: set[StreamConnection] = set()
        self._admissions: set[asyncio.Task[None]] = set()
        self._draining = False
        self._server: asyncio.Server | None = None
        self._expected: ExpectedLegs | None = None
        metrics.watch(lambda: len(self._connections))

    async def __aenter__(self) -> Self:
        """Raises InvalidInput when the address cannot be listened on."""
        options = self._options
        try:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: StreamConnection(self),
                options.host,
                options.port,
                ssl=options.tls,
                ssl_handshake_timeout=None if options.tls is None else options.times.handshake_s,
                backlog=512,
            )
        except OSError as error:
            raise InvalidInput(
                f"The audio socket could not listen on {options.host}:{options.port}",
                field="VOICE_AI_BRIDGE_PORT",
                fix="Choose a free port of this machine",
                detail=str(error),
            ) from error
        scheme = "ws" if options.tls is None else "wss"
        self._expected = ExpectedLegs(options.address or f"{scheme}://{options.host}:{self.port}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.drain()
        assert self._server is not None  # noqa: S101
        self._server.close()
        for admission in self._admissions:
            admission.cancel()
        await asyncio.gather(*self._admissions, return_exceptions=True)
        await asyncio.gather(*(one.shut(CloseCode.GOING_AWAY) for one in list(self._connections)))
        await self._server.wait_closed()

    @property
    def port(self) -> int:
        assert self._server is not None  # noqa: S101
        number: int = self._server.sockets[0].getsockname()[1]
        return number

    @property
    def live(self) -> int:
        """Calls whose stream is open or being opened; legs that were asked for do not count."""
        return len(self._calls)

    @property
    def draining(self) -> bool:
        return self._draining

    def drain(self) -> None:
        """Take no new calls. Those that live go on, and so do the legs that they ask for."""
        self._draining = True

    def expect(self, leg_uuid: UUID, format: LegFormat) -> ExpectedLeg:  # noqa: A002  the word of Leg
        """A stream that this process will ask the PBX for. Raises Unavailable when too many are waited for."""
        assert self._expected is not None  # noqa: S101
        return self._expected.expect(leg_uuid, format)

    # What connections call

    def made(self, connection: StreamConnection) -> None:
        self._connections.add(connection)

    def asked(self, connection: StreamConnection, request: StreamRequest) -> None:
        assert self._expected is not None  # noqa: S101
        expected = self._expected.take(request.call_uuid, request.token)
        if expected is not None:
            self._open_expected(connection, expected)
        elif self._draining:
            connection.refuse(Refusal.DRAINING)
        elif len(self._calls) >= self._options.max_calls:
            connection.refuse(Refusal.BUSY)
        else:
            self._calls.add(connection)
            admission = asyncio.create_task(self._admit(connection, request), name="stream admission")
            self._admissions.add(admission)
            admission.add_done_callback(self._admitted)

    def gone(self, connection: StreamConnection) -> None:
        self._connections.discard(connection)
        self._calls.discard(connection)

    # Inside

    def _open_expected(self, connection: StreamConnection, expected: ExpectedLeg) -> None:
        leg = connection.open(expected.leg_uuid, expected.format, 1)
        if leg is not None and not expected.arrived(leg):
            connection.abort()

    async def _admit(self, connection: StreamConnection, request: StreamRequest) -> None:
        try:
            await self._ask_the_door(connection, request)
        except Exception:  # a fault of ours ends this connection, and only this
            connection.abort()
            raise

    async def _ask_the_door(self, connection: StreamConnection, request: StreamRequest) -> None:
        try:
            async with asyncio.timeout(self._options.admission_s):
                found = await self._door.redeem(request.call_uuid, request.token)
        except (VoiceAiError, TimeoutError) as error:
            log.error("a ticket could not be checked", error=type(error).__name__)
            connection.refuse(Refusal.UNAVAILABLE)
            return
        if isinstance(found, TicketRefusal):
            connection.refuse(_REFUSALS[found])
            return
        options = found.options
        leg = connection.open(found.channel_uuid, LegFormat(options.sample_rate_hz), options.channels)
        if leg is None:
            await self._door.let_go(found)
            return
        log.info("stream open", call_uuid=str(found.call_uuid), domain_uuid=str(found.domain_uuid))
        self._on_call(leg, found)

    def _admitted(self, admission: asyncio.Task[None]) -> None:
        self._admissions.discard(admission)
        if not admission.cancelled() and (error := admission.exception()) is not None:
            log.error("a stream could not be admitted", exc_info=error)
