"""A line and the protocol that is spoken over it, with the audio brought to both sides' formats."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from realtime_bridge.providers.brain_limits import BrainLimits
from realtime_bridge.providers.leg_audio import FromWire, ToWire
from realtime_bridge.providers.vendor import (
    Began,
    Command,
    Fail,
    Opening,
    Renew,
    Send,
    Steps,
    Vendor,
    VendorProtocol,
)
from voice_ai_service.audio.formats import PTIME_MS
from voice_ai_service.clock import Clock
from voice_ai_service.errors import ProviderError
from voice_ai_service.providers.entry import StageTimeouts
from voice_ai_service.providers.wire import faults
from voice_ai_service.providers.wire.line import Address, LineClosed, LineLimits

_READY_S: Final = 3.0
"""Where the row sets no limit."""


class LineLike(Protocol):
    """See `line.Line`."""

    dropped: int

    def send(self, text: str) -> None: ...
    def send_audio(self, text: str) -> None: ...
    async def receive(self) -> str | bytes: ...
    def abort(self) -> None: ...
    async def aclose(self) -> None: ...


OpenLine = Callable[[Address, LineLimits], Awaitable[LineLike]]


class Connection:
    """
    Attributes:
        failure: Why it is of no further use.
    """

    def __init__(self, line: LineLike, protocol: VendorProtocol, leg_rate_hz: int, clock: Clock) -> None:
        self.protocol = protocol
        self.failure: ProviderError | None = None
        self._line = line
        self._rate_hz = leg_rate_hz
        self._clock = clock
        self._to_wire = ToWire(leg_rate_hz, protocol.input)
        self._from_wire = FromWire(protocol.output, leg_rate_hz)
        self._reply_id = ""
        self._received_at = clock.monotonic()
        self._waits_since: float | None = None

    def send(self, text: str) -> None:
        self._line.send(text)

    def hear(self, samples: bytes) -> None:
        """The caller, as long as the vendor is to hear it."""
        for message in self.protocol.audio(self._to_wire.code(samples)):
            self._line.send_audio(message)

    def obey(self, command: Command) -> Steps:
        if isinstance(command, Began):
            self._to_wire = ToWire(self._rate_hz, self.protocol.input)
            command = Began(self._to_wire.code(command.pre_roll), command.over_reply)
        return self.protocol.obey(command)

    def samples(self, reply_id: str, coded: bytes) -> bytes:
        """A reply's audio at the leg's rate."""
        if reply_id != self._reply_id or self._from_wire.wire != self.protocol.output:
            self._reply_id = reply_id
            self._from_wire = FromWire(self.protocol.output, self._rate_hz)
        return self._from_wire.samples(coded)

    async def next(self, patience_s: float) -> str | bytes | None:
        """The next message; None when none came in time. Raises LineClosed."""
        try:
            async with asyncio.timeout(patience_s):
                message = await self._line.receive()
        except TimeoutError:
            return None
        self.touch()
        return message

    def touch(self) -> None:
        """The vendor is not to blame for the silence until now."""
        self._received_at = self._clock.monotonic()

    def silence_s(self) -> float:
        """How long the vendor owes us something; 0 while it does not."""
        if not self.protocol.waiting:
            self._waits_since = None
            return 0.0
        now = self._clock.monotonic()
        if self._waits_since is None:
            self._waits_since = now
        return now - max(self._waits_since, self._received_at)

    def quiet(self) -> Steps:
        """What the protocol makes of a silence that it asked to be told of."""
        quiet_ms = self.protocol.quiet_ms
        if quiet_ms is None or (self._clock.monotonic() - self._received_at) * 1000 < quiet_ms:
            return []
        return self.protocol.quiet()

    def take_dropped(self) -> int:
        """Messages of audio that were lost since the last time."""
        dropped, self._line.dropped = self._line.dropped, 0
        return dropped

    def abort(self) -> None:
        """Without a goodbye, at once; `aclose` frees the rest."""
        self._line.abort()

    async def aclose(self) -> None:
        await self._line.aclose()


async def connected(
    vendor: Vendor, opening: Opening, open_line: OpenLine, *, clock: Clock, limits: BrainLimits
) -> Connection:
    """A connection whose vendor accepted the opening. Raises ProviderError."""
    timeouts = vendor.timeouts
    address = await vendor.address()
    line_limits = LineLimits(timeouts.connect_s, limits.heartbeat_s, int(limits.hear_s * 1000 / PTIME_MS))
    line = await open_line(address, line_limits)
    protocol = vendor.protocol(opening)
    try:
        async with asyncio.timeout(_ready_s(timeouts)):
            await _agree(line, protocol)
    except BaseException as error:
        line.abort()
        await line.aclose()
        if isinstance(error, TimeoutError):
            raise faults.silent(vendor.name, "the session was not ready in time") from error
        if isinstance(error, LineClosed):
            raise closed(vendor, error) from error
        raise
    return Connection(line, protocol, opening.briefing.sample_rate_hz, clock)


def closed(vendor: Vendor, event: LineClosed) -> ProviderError:
    """What the end of a connection means."""
    return vendor.closed(event.code, event.reason) or faults.gone(
        vendor.name, f"closed with {event.code} {event.reason}"
    )


async def _agree(line: LineLike, protocol: VendorProtocol) -> None:
    steps = protocol.opening()
    while True:
        for step in steps:
            match step:
                case Send(text):
                    line.send(text)
                case Fail(error):
                    raise error
                case Renew():
                    raise LineClosed(1000, "it goes away before it came")
                case _:
                    pass  # nobody has spoken yet
        if protocol.ready:
            return
        steps = protocol.receive(await line.receive())


def _ready_s(timeouts: StageTimeouts) -> float:
    return timeouts.first_byte_s or _READY_S
