"""The way back over FreeSWITCH's own `unicast`: raw L16 over UDP, no module needed, nothing buffered at the far end.

FreeSWITCH binds a port for the channel, writes what comes there to the channel frame by frame, and sends the
channel's audio to us, which is how we see that it works: its reply to the command says nothing. The channel must be
parked, and without `send_silence_when_idle`: both would write.
"""

from __future__ import annotations

import asyncio
import errno
import random
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol, Self
from uuid import UUID

import structlog

from realtime_bridge.call_control import UnicastPath
from realtime_bridge.leg import LegFormat
from realtime_bridge.playout.observer import WayObserver
from voice_ai_service.audio.formats import PTIME_MS
from voice_ai_service.audio.resample import StreamResampler
from voice_ai_service.errors import InvalidInput, Unavailable
from voice_ai_service.settings import Settings

_TRIES: Final = 3
_ANSWER_S: Final = 0.5
"""FreeSWITCH sends the channel's audio every 20 ms from the moment on in which it took the command."""
_LATENCY_MS: Final = 20
"""Our frame is written to the channel when it comes, and leaves with the next RTP packet."""
_PACKET_BYTES: Final = 4096
_RECEIVE_BYTES: Final = 4096
"""The caller's audio also comes here and is not read: the kernel drops it."""
_RATES_HZ: Final = (8000, 16000, 24000, 32000, 48000)

_log = structlog.get_logger()


class UnicastStarter(Protocol):
    """The PBX's verb that this way needs; raises Unavailable, NotFound, InvalidInput."""

    async def start_unicast(self, channel_uuid: UUID, ports: UnicastPath) -> None: ...


@dataclass(frozen=True, slots=True)
class UnicastPorts:
    """
    Attributes:
        our_host: This machine, as FreeSWITCH reaches it.
        pbx_host: An address that FreeSWITCH can bind.
        first, last: UDP ports, used on both machines; at most one a call.
    """

    our_host: str = "127.0.0.1"
    pbx_host: str = "127.0.0.1"
    first: int = 40000
    last: int = 40999

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Raises InvalidInput for a range that ends before it begins."""
        first, last = settings.bridge_unicast_first_port, settings.bridge_unicast_last_port
        if last < first:
            raise InvalidInput(
                "the range of ports ends before it begins",
                field="VOICE_AI_BRIDGE_UNICAST_LAST_PORT",
                fix=f"{first} or more",
            )
        return cls(settings.bridge_unicast_host, settings.bridge_unicast_pbx_host, first, last)

    def shuffled(self) -> Iterator[int]:
        """All of them, beginning anywhere: processes that share a range seldom ask for the same one."""
        size = self.last - self.first + 1
        start = random.randrange(size)  # noqa: S311
        return (self.first + (start + step) % size for step in range(size))


class UnicastWay:
    """Implements `realtime_bridge.leg.WayBack` for one parked channel. After `close` it cannot be opened again."""

    lead_ms = 0
    latency_ms = _LATENCY_MS

    def __init__(
        self,
        channel_uuid: UUID,
        leg_format: LegFormat,
        starter: UnicastStarter,
        ports: UnicastPorts,
        observer: WayObserver,
    ) -> None:
        self._channel_uuid = channel_uuid
        self._format = leg_format
        self._starter = starter
        self._ports = ports
        self._observer = observer
        self._socket: socket.socket | None = None
        self._resampler: StreamResampler | None = None

    async def open(self) -> None:
        """Raises Unavailable when no port is free, or FreeSWITCH sends nothing; NotFound when the channel is gone."""
        for _ in range(_TRIES):
            ours = self._bound()
            path = UnicastPath(
                self._ports.pbx_host, self._free_elsewhere(), self._ports.our_host, ours.getsockname()[1]
            )
            try:
                ours.connect((path.pbx_host, path.pbx_port))  # nobody else is listened to
                await self._starter.start_unicast(self._channel_uuid, path)
                rate_hz = await _first_rate(ours)
            except BaseException:
                ours.close()
                raise
            if rate_hz is not None:
                self._take(ours, rate_hz)
                return
            ours.close()
        raise Unavailable("FreeSWITCH's unicast sends nothing")

    def send(self, frame: bytes) -> None:
        if self._socket is None:
            self._observer.on_lost(PTIME_MS)
            return
        if self._resampler is not None:
            frame = self._resampler.process(frame)
        try:
            self._socket.send(frame)
        except OSError:  # the kernel's buffer is full, or the far port is closed: this frame is gone
            self._observer.on_lost(PTIME_MS)

    def flush(self) -> None:
        """Every frame is on its way already."""

    async def clear(self) -> None:
        """What was sent was taken up already."""

    async def close(self) -> None:
        """FreeSWITCH has no command that ends it: it ends with the channel, or when it is not parked any more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _take(self, ours: socket.socket, rate_hz: int) -> None:
        self._socket = ours
        if rate_hz != self._format.sample_rate_hz:
            self._resampler = StreamResampler(self._format.sample_rate_hz, rate_hz)

    def _bound(self) -> socket.socket:
        for port in self._ports.shuffled():
            ours = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                ours.setblocking(False)
                ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
                ours.bind((self._ports.our_host, port))
            except OSError:
                ours.close()
                continue
            return ours
        raise Unavailable("no UDP port is free for the way back", fix="a wider range of ports")

    def _free_elsewhere(self) -> int:
        """A port for FreeSWITCH: where it runs on this machine, one that nobody has at this moment."""
        for port in self._ports.shuffled():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trial:
                try:
                    trial.bind((self._ports.pbx_host, port))
                except OSError as error:
                    if error.errno != errno.EADDRNOTAVAIL:  # which is: that address is another machine's
                        continue
            return port
        raise Unavailable("no UDP port is free for FreeSWITCH", fix="a wider range of ports")


async def _first_rate(ours: socket.socket) -> int | None:
    """The rate of the channel's own audio, from its first packet of 20 ms; None: none came, or it is no L16."""
    try:
        async with asyncio.timeout(_ANSWER_S):
            packet = await asyncio.get_running_loop().sock_recv(ours, _PACKET_BYTES)
    except TimeoutError:
        return None
    rate_hz = len(packet) * 1000 // (2 * PTIME_MS)
    return rate_hz if rate_hz in _RATES_HZ else None
