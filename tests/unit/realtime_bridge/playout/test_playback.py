"""The way back over files, against a channel that plays what it is told to, when it is told to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime_bridge.call_control import ChannelEvent, ChannelEventKind
from realtime_bridge.leg import LegFormat
from realtime_bridge.playout.playback import PlaybackWay
from realtime_bridge.playout.playout import Playout
from tests.fakes.ears import Watcher
from tests.fakes.file_channel import FileChannel
from tests.fakes.virtual_time import virtual_time
from voice_ai_service.errors import Unavailable

CHANNEL = UUID("11111111-2222-3333-4444-555555555555")
FORMAT = LegFormat()


class Losses:
    def __init__(self) -> None:
        self.lost_ms = 0

    def on_lost(self, lost_ms: int) -> None:
        self.lost_ms += lost_ms


def speech(duration_ms: int, first: int = 1) -> bytes:
    return b"".join((first + n).to_bytes(2, "little") for n in range(8 * duration_ms))


@asynccontextmanager
async def opened(channel: FileChannel) -> AsyncIterator[tuple[Playout, PlaybackWay, Losses]]:
    loop, losses = asyncio.get_running_loop(), Losses()
    way = PlaybackWay(CHANNEL, FORMAT, channel, channel, scheduler=loop, observer=losses)
    await way.open()
    playout = Playout(way, FORMAT, loop, Watcher())
    yield playout, way, losses
    await playout.close()
    await way.close()


@virtual_time
async def test_a_long_reply_is_heard_whole_in_order_and_without_a_gap_between_its_files() -> None:
    channel = FileChannel(CHANNEL)
    async with opened(channel) as (playout, way, losses):
        reply, said = playout.reply(), speech(7000)
        reply.write(said)
        reply.finish()
        await asyncio.sleep(0.060)
        assert reply.heard_ms > 0
        await reply.done()
        await asyncio.sleep(0.1)
        assert bytes(channel.played) == said
        assert max(channel.gaps_s) < 1e-6
        assert len(channel.files) <= 9, "every new file costs us a frame of the caller"
        assert losses.lost_ms == 0
        assert way.latency_ms == pytest.approx(45, abs=5)


@virtual_time
async def test_the_first_words_do_not_wait_for_the_rest() -> None:
    channel = FileChannel(CHANNEL)
    async with opened(channel) as (playout, _, _):
        started = channel.now
        reply = playout.reply()
        reply.write(speech(20))
        await asyncio.sleep(0.030)
        reply.write(speech(400))
        await asyncio.sleep(0.080)
        first = channel.told[0]["data"]
        assert isinstance(first, dict)
        assert len(channel.ordered) >= 1
        assert channel.now - started < 0.120


@virtual_time
async def test_a_provider_no_faster_than_speech_is_heard_whole() -> None:
    channel = FileChannel(CHANNEL)
    async with opened(channel) as (playout, _, losses):
        reply, said = playout.reply(), speech(3000)
        for piece in range(0, len(said), 640):
            reply.write(said[piece : piece + 640])
            await asyncio.sleep(0.040)
        reply.finish()
        await reply.done()
        await asyncio.sleep(0.2)
        assert bytes(channel.played) == said
        assert losses.lost_ms == 0


@virtual_time
async def test_clear_stops_the_sound_and_says_what_was_heard() -> None:
    channel = FileChannel(CHANNEL)
    async with opened(channel) as (playout, _, _):
        reply = playout.reply()
        reply.write(speech(5000))
        await asyncio.sleep(1.5)
        await playout.clear()
        assert channel.breaks == 1
        heard_ms = len(channel.played) // 16
        assert abs(reply.heard_ms - heard_ms) <= 10
        await asyncio.sleep(3)
        assert len(channel.played) // 16 == heard_ms
        after = playout.reply()
        after.write(speech(300, first=20000))
        after.finish()
        await after.done()
        await asyncio.sleep(0.1)
        assert bytes(channel.played[-4800:]) == speech(300, first=20000)
        assert len(channel.played) // 16 == heard_ms + 300


@virtual_time
async def test_a_file_that_is_named_after_the_clear_is_not_played() -> None:
    channel = FileChannel(CHANNEL, naming_s=0.1)
    async with opened(channel) as (playout, _, losses):
        reply = playout.reply()
        reply.write(speech(1000))
        await asyncio.sleep(0.050)
        await playout.clear()
        assert len(channel.files) == 1
        await asyncio.sleep(1)
        assert channel.ordered == []
        assert channel.breaks == 0, "nothing was playing: a break might end what is none of ours"
        assert reply.heard_ms == 0 or channel.naming_s > 0.045
        assert losses.lost_ms == 0


@virtual_time
async def test_a_file_that_starts_after_the_break_is_stopped_again() -> None:
    channel = FileChannel(CHANNEL)
    async with opened(channel) as (playout, _, _):
        reply = playout.reply()
        reply.write(speech(1000))
        await asyncio.sleep(0.3)
        await playout.clear()
        file = channel.ordered[0]
        early = ChannelEvent(ChannelEventKind.PLAYBACK_STARTED, CHANNEL, file=file, at=channel.now - 0.01)
        channel.put(early)
        await asyncio.sleep(0.010)
        assert channel.breaks == 1, "it was told late, but it had begun before the break"
        channel.put(ChannelEvent(ChannelEventKind.PLAYBACK_STARTED, CHANNEL, file=file, at=channel.now))
        await asyncio.sleep(0.010)
        assert channel.breaks == 2


@virtual_time
async def test_a_pause_resumes_where_the_ear_was() -> None:
    channel = FileChannel(CHANNEL, naming_s=0.02, starting_s=0.025)
    async with opened(channel) as (playout, _, _):
        reply, said = playout.reply(), speech(4000)
        reply.write(said)
        reply.finish()
        await asyncio.sleep(1.7)
        playout.pause()
        await asyncio.sleep(1)
        heard = len(channel.played)
        playout.resume()
        await reply.done()
        await asyncio.sleep(0.2)
        seam = said.index(bytes(channel.played[heard : heard + 320]))
        assert abs(seam - heard) <= 10 * 16
        assert bytes(channel.played).rstrip(b"\0").endswith(said[-3200:].rstrip(b"\0"))


@virtual_time
async def test_without_the_event_socket_the_way_says_so() -> None:
    channel = FileChannel(CHANNEL, connected=False)
    way = PlaybackWay(
        CHANNEL, FORMAT, channel, channel, scheduler=asyncio.get_running_loop(), observer=Losses()
    )
    with pytest.raises(Unavailable):
        await way.open()
    await way.close()


@virtual_time
async def test_audio_that_nobody_makes_a_file_of_is_counted() -> None:
    channel = FileChannel(CHANNEL, names_nothing=True)
    async with opened(channel) as (playout, _, losses):
        reply = playout.reply()
        reply.write(speech(6000))
        await asyncio.sleep(5)
        assert losses.lost_ms >= 2000


@virtual_time
async def test_a_pbx_that_refuses_the_file_is_counted_and_the_next_one_plays() -> None:
    channel = FileChannel(CHANNEL)
    async with opened(channel) as (playout, _, losses):
        channel.broken = True
        first = playout.reply()
        first.write(speech(100))
        first.finish()
        await asyncio.sleep(0.3)
        channel.broken = False
        assert losses.lost_ms == 100
        second = playout.reply()
        second.write(speech(100, first=9000))
        second.finish()
        await asyncio.sleep(0.3)
        assert bytes(channel.played) == speech(100, first=9000)


@virtual_time
async def test_a_pbx_that_cannot_be_silenced_is_reported_to_the_playout() -> None:
    channel = FileChannel(CHANNEL)
    async with opened(channel) as (playout, way, _):
        playout.reply().write(speech(1000))
        await asyncio.sleep(0.2)
        channel.broken = True
        with pytest.raises(Unavailable):
            await way.clear()


@pytest.mark.parametrize(
    "file",
    [
        "/tmp/other-channel_0.tmp.r8",
        f"/tmp/../etc/{CHANNEL}_0.tmp.r8",
        f"/tmp/x y/{CHANNEL}_0.tmp.r8",
        f"/tmp/{CHANNEL}_0.tmp.r8\nexecute-app-name: system",
        f"{CHANNEL}_0.tmp.r8",
        f"/tmp/{CHANNEL}_0.wav",
        f"tone_stream://{CHANNEL}_0.tmp.r8",
    ],
)
def test_a_file_that_is_not_this_channels_is_never_played(file: str) -> None:
    @virtual_time
    async def run() -> None:
        channel = FileChannel(CHANNEL, names_nothing=True)
        async with opened(channel) as (playout, _, losses):
            playout.reply().write(speech(100))
            await asyncio.sleep(0.070)
            body = json.dumps({"chunk": "0", "file": file})
            channel.put(ChannelEvent(ChannelEventKind.STREAM, CHANNEL, name="play", body=body))
            await asyncio.sleep(0.010)
            assert channel.ordered == []
            assert losses.lost_ms == 100

    run()


@settings(deadline=None)
@given(st.one_of(st.text(), st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.dumps)))
def test_any_body_of_an_event_is_survived(body: str) -> None:
    @virtual_time
    async def run() -> None:
        channel = FileChannel(CHANNEL)
        async with opened(channel) as (playout, _, _):
            for name in ("play", "json", ""):
                channel.put(ChannelEvent(ChannelEventKind.STREAM, CHANNEL, name=name, body=body))
            reply = playout.reply()
            reply.write(speech(100))
            reply.finish()
            await reply.done()
            await asyncio.sleep(0.1)
            assert bytes(channel.played) == speech(100)

    run()
