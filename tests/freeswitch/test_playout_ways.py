"""Playing out on a real FreeSWITCH, on a call that the PBX has with itself: what was said comes back to be measured."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from realtime_bridge.esl.control import EslCallControl
from realtime_bridge.ingress.metrics import IngressMetrics
from realtime_bridge.ingress.server import StreamServer, StreamServerOptions
from realtime_bridge.leg import LegEnd
from realtime_bridge.playout.playout import Playout
from realtime_bridge.playout.scheduler import LoopScheduler
from realtime_bridge.playout.trial import EchoCalls, EchoLeg
from realtime_bridge.playout.unicast import UnicastPorts
from realtime_bridge.playout.ways import WayMaker, WayName, Ways
from tests.fakes.ears import Watcher
from tests.fakes.stream_door import MemoryDoor
from tests.freeswitch.conftest import FreeSwitch
from tests.freeswitch.realtime import pbx_control

pytestmark = [pytest.mark.freeswitch, pytest.mark.timeout(60)]
STEP_MS = 200
STEPS_HZ = tuple(range(500, 3000, 250))
"""Each step of the staircase has a pitch of its own: order, gaps and repeats are seen."""


def staircase() -> bytes:
    at = np.arange(8 * STEP_MS) / 8000
    return b"".join((8000 * np.sin(2 * np.pi * hz * at)).astype("<i2").tobytes() for hz in STEPS_HZ)


@dataclass
class Echo:
    """Frame by frame what came back: the pitch of a step, or None for silence and for what is between two steps."""

    frames: list[bytes] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def on_audio(self, frame: bytes) -> None:
        self.frames.append(frame)
        self.times.append(time.monotonic())

    def on_digits(self, digits: str) -> None: ...

    def on_end(self, end: LegEnd) -> None: ...

    def pitches(self) -> list[int | None]:
        return [_pitch(frame) for frame in self.frames]

    def last_sound(self) -> float:
        return max((at for at, hz in zip(self.times, self.pitches(), strict=True) if hz), default=0.0)

    def first_sound_after(self, since: float) -> float:
        pairs = zip(self.times, self.pitches(), strict=True)
        return min((at for at, hz in pairs if hz and at > since), default=0.0)


def _pitch(frame: bytes) -> int | None:
    samples = np.frombuffer(frame, dtype="<i2").astype(float)
    if np.sqrt(np.mean(samples**2)) < 500:
        return None
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), 1600))
    found = float(np.argmax(spectrum)) * 5
    nearest = min(STEPS_HZ, key=lambda hz: abs(hz - found))
    return nearest if abs(nearest - found) < 60 else None


class Losses:
    lost_ms = 0

    def on_lost(self, lost_ms: int) -> None:
        self.lost_ms += lost_ms


@pytest.fixture
async def maker(freeswitch: FreeSwitch) -> AsyncIterator[tuple[EslCallControl, WayMaker, EchoCalls]]:
    if not freeswitch.esl.api("uuid_audio_stream").startswith("-USAGE"):
        pytest.skip("mod_audio_stream is not loaded")
    if freeswitch.esl.api("module_exists mod_loopback") != "true":
        pytest.skip("mod_loopback is not loaded")
    async with pbx_control() as control:
        server = StreamServer(
            MemoryDoor(), lambda *_: None, IngressMetrics(CollectorRegistry()), StreamServerOptions(port=0)
        )
        async with server:
            scheduler = LoopScheduler(asyncio.get_running_loop())
            yield control, WayMaker(control, UnicastPorts(), scheduler, Losses()), EchoCalls(control, server)


@asynccontextmanager
async def speaking(
    made: tuple[EslCallControl, WayMaker, EchoCalls], name: WayName
) -> AsyncIterator[tuple[Playout, Echo, EchoLeg]]:
    _, maker, calls = made
    async with calls.open(silence=name is not WayName.UNICAST) as leg:
        echo = Echo()
        leg.listen(echo)
        way = maker.make(name, leg)
        await way.open()
        playout = Playout(way, leg.format, maker.scheduler, Watcher())
        await asyncio.sleep(0.3)
        yield playout, echo, leg
        await playout.close()
        await way.close()


async def usable(made: tuple[EslCallControl, WayMaker, EchoCalls], name: WayName) -> None:
    decision = await Ways(name, made[2].open, made[1]).decide()
    if not decision.proven:
        pytest.skip(f"this module does not play what comes by {name}")


async def test_a_trial_finds_a_way_that_is_heard(maker: tuple[EslCallControl, WayMaker, EchoCalls]) -> None:
    decision = await Ways("auto", maker[2].open, maker[1]).decide()
    assert decision.proven
    assert decision.way in (WayName.SOCKET, WayName.PLAYBACK)
    delay_ms = decision.delays_ms[decision.way]
    assert delay_ms is not None
    assert delay_ms < 250
    print(decision)  # noqa: T201


@pytest.mark.parametrize("name", list(WayName))
async def test_what_is_said_is_heard_in_order(
    maker: tuple[EslCallControl, WayMaker, EchoCalls], name: WayName
) -> None:
    await usable(maker, name)
    async with speaking(maker, name) as (playout, echo, _):
        began, reply = time.monotonic(), playout.reply()
        reply.write(staircase())
        reply.finish()
        await reply.done()
        await asyncio.sleep(0.3)
        heard = [hz for hz in echo.pitches() if hz]
        order = [hz for at, hz in enumerate(heard) if at == 0 or heard[at - 1] != hz]
        assert order == list(STEPS_HZ)
        assert all(6 <= heard.count(hz) <= 11 for hz in STEPS_HZ)
        first = echo.first_sound_after(began) - began
        assert first < 0.25
        print(f"{name}: first sound back after {first * 1000:.0f} ms, {len(heard)} of 100 frames")  # noqa: T201


@pytest.mark.parametrize("name", list(WayName))
async def test_clear_is_silent_at_once_and_knows_what_was_heard(
    maker: tuple[EslCallControl, WayMaker, EchoCalls], name: WayName
) -> None:
    await usable(maker, name)
    async with speaking(maker, name) as (playout, echo, _):
        reply = playout.reply()
        reply.write(staircase())
        await asyncio.sleep(1.25)
        cleared = time.monotonic()
        await playout.clear()
        heard_ms = reply.heard_ms
        await asyncio.sleep(0.7)
        silent_ms = (echo.last_sound() - cleared) * 1000
        assert silent_ms <= 60 + 60, "60 ms and the way back through the PBX to us"
        told = [hz for hz in echo.pitches() if hz]
        last = STEPS_HZ.index(told[-1]) * STEP_MS
        assert last - 60 <= heard_ms <= last + STEP_MS + 60
        print(f"{name}: {silent_ms:.0f} ms after the clear the last sound came back; heard {heard_ms} ms")  # noqa: T201


@pytest.mark.parametrize("name", list(WayName))
async def test_a_pause_goes_on_where_it_was(
    maker: tuple[EslCallControl, WayMaker, EchoCalls], name: WayName
) -> None:
    await usable(maker, name)
    async with speaking(maker, name) as (playout, echo, _):
        reply = playout.reply()
        reply.write(staircase())
        reply.finish()
        await asyncio.sleep(0.9)
        playout.pause()
        paused = time.monotonic()
        await asyncio.sleep(0.8)
        assert echo.last_sound() - paused < 0.15
        playout.resume()
        await reply.done()
        await asyncio.sleep(0.3)
        heard = [hz for hz in echo.pitches() if hz]
        order = [hz for at, hz in enumerate(heard) if at == 0 or heard[at - 1] != hz]
        assert order == list(STEPS_HZ)
        assert all(6 <= heard.count(hz) <= 12 for hz in STEPS_HZ)
