"""The way back over UDP, on loopback: it is open only when FreeSWITCH's own audio arrives."""

from __future__ import annotations

import asyncio
import socket
from uuid import UUID

import pytest

from realtime_bridge.leg import LegFormat
from realtime_bridge.playout.unicast import UnicastPorts, UnicastWay
from tests.fakes.unicast_pbx import UnicastPbx
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.errors import InvalidInput, Unavailable
from voice_ai_service.settings import Settings

CHANNEL = UUID("11111111-2222-3333-4444-555555555555")
PORTS = UnicastPorts(first=43100, last=43199)


class Losses:
    def __init__(self) -> None:
        self.lost_ms = 0

    def on_lost(self, lost_ms: int) -> None:
        self.lost_ms += lost_ms


def way_to(pbx: UnicastPbx, losses: Losses, rate_hz: int = 8000, ports: UnicastPorts = PORTS) -> UnicastWay:
    return UnicastWay(CHANNEL, LegFormat(rate_hz), pbx, ports, losses)


async def test_frames_arrive_as_they_were_sent() -> None:
    pbx, losses = UnicastPbx(), Losses()
    way = way_to(pbx, losses)
    await way.open()
    frames = [bytes([number]) * 320 for number in range(1, 51)]
    for frame in frames:
        way.send(frame)
        await asyncio.sleep(0)
    assert await pbx.heard_all(50) == b"".join(frames)
    await way.clear()
    way.flush()
    assert losses.lost_ms == 0
    await way.close()
    await pbx.close()
    way.send(frames[0])
    assert losses.lost_ms == 20


async def test_each_channel_has_ports_of_its_own_within_the_range() -> None:
    pbx = UnicastPbx()
    ways = [way_to(pbx, Losses()) for _ in range(10)]
    for way in ways:
        await way.open()
    used = [port for path in pbx.paths for port in (path.our_port, path.pbx_port)]
    assert len(set(used)) == 20
    assert all(43100 <= port <= 43199 for port in used)
    for way in ways:
        await way.close()
    await pbx.close()


async def test_a_channel_of_another_rate_gets_its_own() -> None:
    pbx = UnicastPbx(rate_hz=8000)
    way = way_to(pbx, Losses(), rate_hz=16000)
    await way.open()
    tone = PcmAudio(b"\x00\x10\x00\xf0" * 160, 16000)
    for _ in range(5):
        way.send(tone.samples)
    assert len(await pbx.heard_all(5)) == 5 * 320
    await way.close()
    await pbx.close()


async def test_a_port_that_freeswitch_cannot_bind_is_followed_by_another() -> None:
    pbx = UnicastPbx()
    pbx.fail_first = 1
    way = way_to(pbx, Losses())
    await way.open()
    assert len({path.pbx_port for path in pbx.paths}) == 2
    await way.close()
    await pbx.close()


async def test_a_freeswitch_that_sends_nothing_is_no_way_back() -> None:
    pbx = UnicastPbx(silent=True)
    way = way_to(pbx, Losses())
    with pytest.raises(Unavailable):
        await way.open()
    await way.close()
    await pbx.close()


async def test_a_range_that_is_used_up_says_so() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        pbx = UnicastPbx()
        way = way_to(pbx, Losses(), ports=UnicastPorts(first=port, last=port))
        with pytest.raises(Unavailable, match="UDP port"):
            await way.open()
        assert pbx.paths == []


def test_a_range_that_ends_before_it_begins_is_refused_at_start() -> None:
    assert UnicastPorts.of(Settings()) == UnicastPorts()
    with pytest.raises(InvalidInput, match="range"):
        UnicastPorts.of(Settings(bridge_unicast_first_port=5000, bridge_unicast_last_port=4999))


async def test_a_far_end_that_is_gone_costs_frames_and_nothing_else() -> None:
    pbx, losses = UnicastPbx(), Losses()
    way = way_to(pbx, losses)
    await way.open()
    await pbx.close()
    async with asyncio.timeout(5):
        while not losses.lost_ms:
            way.send(bytes(320))
            await asyncio.sleep(0.002)
    await way.close()
