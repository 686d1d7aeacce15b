"""A leg on an open stream, and the way back on the same socket."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, Protocol
from uuid import UUID

from realtime_bridge.ingress.metrics import IngressMetrics
from realtime_bridge.ingress.texts import CLEAR_AUDIO, as_text
from realtime_bridge.leg import LegEnd, LegFormat, LegListener
from voice_ai_service.errors import Unavailable

EARLY_FRAMES: Final = 100
"""Two seconds before anybody listens."""
EARLY_DIGITS: Final = 32
UNSENT_FRAMES: Final = 25
"""Half a second for a socket that does not take it; what is older is of no use to the caller's ear."""
SOCKET_LEAD_MS: Final = 0
"""The playout's own cushion, 15 to 30 ms, bridges a late moment of this process."""
SOCKET_LATENCY_MS: Final = 10
"""Median from our `send` to the module's first RTP packet with it."""


class Line(Protocol):
    """The connection under a leg."""

    @property
    def is_open(self) -> bool: ...

    @property
    def blocked(self) -> bool:
        """The other side does not read: nothing more may be sent until it does."""
        ...

    def send_audio(self, frame: bytes) -> None: ...

    def send_text(self, payload: bytes) -> None: ...

    async def shut(self) -> None:
        """Say goodbye, wait for the answer a moment, close. Again waits for the same."""
        ...


class SocketWay:
    """Binary L16 frames on the leg's own socket, and the clear command. Implements `realtime_bridge.leg.WayBack`."""

    __slots__ = ("_line", "_metrics", "_unsent", "latency_ms", "lead_ms")

    def __init__(self, line: Line, metrics: IngressMetrics) -> None:
        self._line = line
        self._metrics = metrics
        self._unsent: deque[bytes] = deque()
        self.lead_ms = SOCKET_LEAD_MS
        self.latency_ms = SOCKET_LATENCY_MS

    async def open(self) -> None:
        """Raises Unavailable when the socket is closed already. Whether the module plays what it gets, only the
        installation knows: the open upstream one does not, and says nothing.
        """
        if not self._line.is_open:
            raise Unavailable("The stream is closed")

    def send(self, frame: bytes) -> None:
        if self._unsent or self._line.blocked:
            self._keep(frame)
        elif self._line.is_open:
            self._metrics.frames.sent += 1
            self._line.send_audio(frame)

    def flush(self) -> None:
        """Every frame is on its way already."""

    async def clear(self) -> None:
        """Returns when the command is on its way: it overtakes nothing, and nothing follows it but what is new."""
        self._unsent.clear()
        if self._line.is_open:
            self._line.send_text(CLEAR_AUDIO)

    async def close(self) -> None:
        """The socket is the leg's."""
        self._unsent.clear()

    def unblocked(self) -> None:
        """The other side reads again."""
        while self._unsent and not self._line.blocked and self._line.is_open:
            self._metrics.frames.sent += 1
            self._line.send_audio(self._unsent.popleft())

    def _keep(self, frame: bytes) -> None:
        if not self._line.is_open:
            return
        if len(self._unsent) >= UNSENT_FRAMES:
            self._unsent.popleft()
            self._metrics.frames.unsent_dropped += 1
        self._unsent.append(frame)


class SocketLeg:
    """Implements `realtime_bridge.leg.Leg`.

    Attributes:
        way_back: Carries frames to the same party, where the other side plays binary messages.
    """

    __slots__ = (
        "_digits",
        "_early",
        "_end",
        "_line",
        "_listener",
        "_metrics",
        "format",
        "leg_uuid",
        "way_back",
    )

    def __init__(self, leg_uuid: UUID, format: LegFormat, line: Line, metrics: IngressMetrics) -> None:  # noqa: A002
        self.leg_uuid = leg_uuid
        self.format = format
        self.way_back = SocketWay(line, metrics)
        self._line = line
        self._metrics = metrics
        self._listener: LegListener | None = None
        self._early: deque[bytes] = deque()
        self._digits = ""
        self._end: LegEnd | None = None

    def listen(self, listener: LegListener) -> None:
        """May be called again: the later listener takes over."""
        self._listener = listener
        while self._early:
            listener.on_audio(self._early.popleft())
        if digits := self._digits:
            self._digits = ""
            listener.on_digits(digits)
        if self._end is not None:
            listener.on_end(self._end)

    def tell(self, message: dict[str, object]) -> None:
        if not self._line.is_open:
            return
        if self._line.blocked:
            self._metrics.texts_dropped.inc()
            return
        self._line.send_text(as_text(message))

    async def close(self) -> None:
        await self._line.shut()

    def hear(self, frame: bytes) -> None:
        self._metrics.frames.heard += 1
        listener = self._listener
        if listener is not None:
            listener.on_audio(frame)
            return
        if len(self._early) >= EARLY_FRAMES:
            self._early.popleft()
            self._metrics.frames.early_dropped += 1
        self._early.append(frame)

    def press(self, digits: str) -> None:
        if self._listener is not None:
            self._listener.on_digits(digits)
        else:
            self._digits = (self._digits + digits)[:EARLY_DIGITS]

    def end(self, end: LegEnd) -> None:
        """The first reason counts."""
        if self._end is not None:
            return
        self._end = end
        self._metrics.ended.labels(end.value).inc()
        if self._listener is not None:
            self._listener.on_end(end)

    @property
    def ended(self) -> LegEnd | None:
        return self._end


OnLeg = Callable[[SocketLeg], None]
