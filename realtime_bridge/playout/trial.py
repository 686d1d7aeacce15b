"""Trying a way back: the PBX calls itself, says back what it is told, and we listen for our own tone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID, uuid4

import numpy as np

from realtime_bridge.leg import Leg, LegEnd, LegFormat, WayBack
from realtime_bridge.playout.playing import Playing
from realtime_bridge.playout.playout import Playout
from realtime_bridge.playout.scheduler import Scheduler
from voice_ai_service.errors import NotFound, Unavailable

TONE_HZ: Final = 1000
TONE_MS: Final = 400
_AMPLITUDE: Final = 8000
_LEAST_RMS: Final = 400
_LEAST_SHARE: Final = 0.5
"""Of a frame's energy, at the tone's frequency."""
_ENOUGH_FRAMES: Final = 8
_PATIENCE_S: Final = 2.0


class EchoPbx(Protocol):
    """The PBX's verbs that a trial needs; they raise Unavailable, NotFound, InvalidInput."""

    async def call_itself(self, channel_uuid: UUID, *, silence: bool) -> None:
        """A parked channel that hears what it is told. `silence`: it writes silence while nothing else is."""
        ...

    async def start_stream(self, channel_uuid: UUID, url: str, sample_rate_hz: int) -> None: ...

    async def hang_up(self, channel_uuid: UUID) -> None: ...


class EchoLeg(Leg, Protocol):
    @property
    def way_back(self) -> WayBack:
        """The one on the leg's own socket."""
        ...


class LegToCome(Protocol):
    @property
    def url(self) -> str: ...

    async def arrives(self) -> EchoLeg:
        """Raises Unavailable."""
        ...

    def cancel(self) -> None: ...


class LegsToCome(Protocol):
    """`realtime_bridge.ingress.expected.ExpectedLegs` is one."""

    def expect(self, leg_uuid: UUID, format: LegFormat, /) -> LegToCome: ...  # noqa: A002


@dataclass(frozen=True, slots=True)
class EchoCalls:
    pbx: EchoPbx
    legs: LegsToCome

    @asynccontextmanager
    async def open(self, *, silence: bool) -> AsyncIterator[EchoLeg]:
        """A call of the PBX with itself; gone at the end.

        Raises:
            Unavailable: The PBX is away, has no mod_loopback or no mod_audio_stream, or its stream does not reach us.
        """
        channel_uuid = uuid4()
        await self.pbx.call_itself(channel_uuid, silence=silence)
        try:
            leg_format = LegFormat()
            coming = self.legs.expect(channel_uuid, leg_format)
            try:
                await self.pbx.start_stream(channel_uuid, coming.url, leg_format.sample_rate_hz)
                leg = await coming.arrives()
            finally:
                coming.cancel()
            try:
                yield leg
            finally:
                await leg.close()
        finally:
            with suppress(
                Unavailable, NotFound
            ):  # it hangs up by itself when its stream is gone, or is gone already
                await self.pbx.hang_up(channel_uuid)


async def try_way(way: WayBack, leg: Leg, scheduler: Scheduler) -> float | None:
    """Whether what is sent this way is heard.

    Returns:
        Milliseconds until the first of our tone came back, through the PBX twice; None: it did not come.
    """
    try:
        await way.open()
    except (Unavailable, NotFound):
        await way.close()
        return None
    listener = _Listener(scheduler, leg.format)
    leg.listen(listener)
    playout = Playout(way, leg.format, scheduler, _Nobody())
    try:
        reply = playout.reply()
        sent_at = scheduler.time()
        reply.write(_tone(leg.format))
        reply.finish()
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                await listener.enough.wait()
        await playout.clear()
        return (listener.first_at - sent_at) * 1000 if listener.enough.is_set() else None
    finally:
        await playout.close()
        await way.close()


def _tone(leg_format: LegFormat) -> bytes:
    at = np.arange(leg_format.sample_rate_hz * TONE_MS // 1000) / leg_format.sample_rate_hz
    return (_AMPLITUDE * np.sin(2 * np.pi * TONE_HZ * at)).astype("<i2").tobytes()


class _Listener:
    def __init__(self, scheduler: Scheduler, leg_format: LegFormat) -> None:
        self._scheduler = scheduler
        at = np.arange(leg_format.frame_bytes // 2) / leg_format.sample_rate_hz
        self._wave = np.exp(-2j * np.pi * TONE_HZ * at)
        self._heard = 0
        self.first_at = 0.0
        self.enough = asyncio.Event()

    def on_audio(self, frame: bytes) -> None:
        samples = np.frombuffer(frame, dtype="<i2").astype(np.float64)
        energy = float(samples @ samples)
        if energy < _LEAST_RMS**2 * len(samples):
            return
        if 2 * abs(samples @ self._wave) ** 2 / (len(samples) * energy) < _LEAST_SHARE:
            return
        self._heard += 1
        if self._heard == 1:
            self.first_at = self._scheduler.time()
        elif self._heard == _ENOUGH_FRAMES:
            self.enough.set()

    def on_digits(self, digits: str) -> None: ...

    def on_end(self, end: LegEnd) -> None: ...


class _Nobody:
    def on_mark(self, playing: Playing, name: str) -> None: ...

    def on_tick(self, lateness_ms: float) -> None: ...

    def on_gap(self, gap_ms: float, *, starved: bool) -> None: ...

    def on_dropped(self, dropped_ms: int) -> None: ...

    def on_clear_failed(self) -> None: ...
