"""What the party hears, by the far end's own reckoning, and what the playout says that it heard."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from realtime_bridge.leg import LegFormat
from realtime_bridge.playout.playout import Playout
from realtime_bridge.playout.scheduler import next_cushion_s
from tests.fakes.ears import FileEar, LateTimers, PhoneEar, Watcher
from tests.fakes.virtual_time import virtual_time

FORMAT = LegFormat()


def speech(duration_ms: int, first: int = 0) -> bytes:
    """Samples that are all different, so that none can be doubled or lost unseen."""
    return b"".join((first + n).to_bytes(4, "little")[:2] for n in range(1, 8 * duration_ms + 1))


def unpadded(heard: bytes) -> bytes:
    """Without the silence that fills the last frame of a reply; `speech` has no silent sample."""
    while heard.endswith(b"\0\0"):
        heard = heard[:-2]
    return heard


def on_phone(cushion_s: float = 0.02) -> tuple[Playout, PhoneEar, Watcher]:
    loop = asyncio.get_running_loop()
    ear, watcher = PhoneEar(loop.time), Watcher()
    return Playout(ear, FORMAT, loop, watcher, cushion_s=cushion_s), ear, watcher


def on_files(**ways: int) -> tuple[Playout, FileEar, Watcher]:
    loop = asyncio.get_running_loop()
    ear, watcher = FileEar(loop.time, **ways), Watcher()
    return Playout(ear, FORMAT, loop, watcher, cushion_s=0.02), ear, watcher


@virtual_time
async def test_a_burst_of_five_seconds_is_heard_at_once_without_gap_and_without_piling_up() -> None:
    playout, ear, watcher = on_phone()
    reply, said = playout.reply(), speech(5000)
    for piece in range(50):
        reply.write(said[1600 * piece : 1600 * (piece + 1)])
        await asyncio.sleep(0.001)
    reply.finish()
    await reply.done()
    assert ear.audio == said
    assert ear.gaps == 0
    assert ear.heard_at[0] <= 0.027, "the first frame did not wait"
    assert ear.deepest_ms <= 60
    assert watcher.gaps == []
    assert reply.heard_ms == reply.audio_ms == 5000
    assert not reply.interrupted
    assert ear.calls == ["flush"]


@virtual_time
async def test_a_provider_that_trickles_is_heard_as_it_comes_without_a_new_warm_up() -> None:
    playout, ear, watcher = on_phone()
    reply, said = playout.reply(), speech(1000)
    for piece in range(100):
        if piece == 50:
            await asyncio.sleep(0.5)
        sent_before = len(ear.audio)
        reply.write(said[160 * piece : 160 * (piece + 1)])
        await asyncio.sleep(0.010)
        if piece == 51:
            await asyncio.sleep(0.015)
            assert len(ear.audio) > sent_before, "a frame was complete after the gap, and went out"
    reply.finish()
    await reply.done()
    assert ear.audio == said
    assert [starved for _, starved in watcher.gaps] == [True] * len(watcher.gaps)
    assert max(gap for gap, _ in watcher.gaps) > 400


@virtual_time
async def test_the_last_frame_is_filled_with_silence_that_does_not_count() -> None:
    playout, ear, _ = on_phone()
    reply, said = playout.reply(), speech(50)
    reply.write(said + b"\x01")
    reply.finish()
    await reply.done()
    ear.run()
    assert ear.audio == said + bytes(160)
    assert reply.heard_ms == reply.audio_ms == 50


@virtual_time
async def test_late_ticks_are_counted_and_caught_up_without_a_burst() -> None:
    loop = asyncio.get_running_loop()
    ear, watcher = PhoneEar(loop.time), Watcher()
    playout = Playout(
        ear, FORMAT, LateTimers(loop, [0.0, 0.004, 0.019, 0.0, 0.0, 0.095]), watcher, cushion_s=0.03
    )
    reply, said = playout.reply(), speech(4000)
    reply.write(said)
    reply.finish()
    await reply.done()
    await asyncio.sleep(0.1)
    assert ear.audio == said
    assert ear.deepest_ms <= 60
    assert max(watcher.lateness_ms) > 94
    assert watcher.gaps
    assert all(not starved for _, starved in watcher.gaps)
    assert max(gap for gap, _ in watcher.gaps) < 66, "the cushion's part of a stall is not heard"


@virtual_time
async def test_no_gap_while_ticks_are_late_by_less_than_the_cushion() -> None:
    loop = asyncio.get_running_loop()
    for tick_ms in range(0, 20, 3):
        ear, watcher = PhoneEar(loop.time, tick_at=loop.time() + tick_ms / 1000), Watcher()
        timers = LateTimers(loop, [0.0, 0.014, 0.003, 0.0149])
        playout = Playout(ear, FORMAT, timers, watcher, cushion_s=0.015)
        reply = playout.reply()
        reply.write(speech(1000))
        reply.finish()
        await reply.done()
        await asyncio.sleep(0.02)
        assert ear.gaps == 0
        assert watcher.gaps == []
        assert ear.deepest_ms <= 40


def test_calls_that_begin_together_do_not_tick_together() -> None:
    cushions = sorted(next_cushion_s() for _ in range(150))
    assert cushions[0] >= 0.015
    assert cushions[-1] <= 0.030
    assert max(after - before for before, after in pairwise(cushions)) < 0.0004


@virtual_time
async def test_replies_follow_each_other_without_a_gap() -> None:
    playout, ear, _ = on_phone()
    first, second = playout.reply(), playout.reply()
    second.write(speech(200, first=5000))
    second.finish()
    assert playout.current is first
    await asyncio.sleep(0.2)
    assert ear.audio == b""
    first.write(speech(200))
    first.finish()
    await first.done()
    assert playout.current is second
    assert second.heard_ms <= 20
    await second.done()
    assert ear.audio == speech(200) + speech(200, first=5000)
    assert ear.gaps == 0
    assert playout.current is None


@virtual_time
async def test_a_pause_is_silent_within_60_ms_and_goes_on_at_the_same_sample() -> None:
    playout, ear, watcher = on_phone()
    reply, said = playout.reply(), speech(2000)
    reply.write(said)
    reply.finish()
    await asyncio.sleep(0.513)
    playout.pause()
    await asyncio.sleep(0.060)
    heard = ear.audio
    assert not playout.speaking
    await asyncio.sleep(1.0)
    assert ear.audio == heard
    assert abs(reply.heard_ms * 16 - len(heard)) <= 320
    playout.resume()
    await asyncio.sleep(0.030)
    assert len(ear.audio) > len(heard)
    await reply.done()
    assert ear.audio == said
    assert watcher.gaps == []
    assert "clear" not in ear.calls


@virtual_time
async def test_a_pause_on_a_way_with_a_lead_takes_back_what_was_not_heard() -> None:
    playout, ear, _ = on_files(lead_ms=400, latency_ms=46)
    reply, said = playout.reply(), speech(2000)
    reply.write(said)
    reply.finish()
    await asyncio.sleep(0.513)
    playout.pause()
    await asyncio.sleep(0.010)
    heard = ear.audio
    await asyncio.sleep(1.0)
    assert ear.audio == heard
    assert ear.calls == ["clear"]
    assert reply.heard_ms == len(heard) // 16 == 513 + 2 - 46
    playout.resume()
    await reply.done()
    assert unpadded(ear.audio) == said
    assert ear.gaps == 0


@virtual_time
async def test_a_resume_before_the_way_is_silent_waits_for_it() -> None:
    playout, ear, _ = on_files()
    ear.clearing_s = 0.2
    reply, said = playout.reply(), speech(1000)
    reply.write(said)
    reply.finish()
    await asyncio.sleep(0.3)
    playout.pause()
    playout.resume()
    playout.pause()
    playout.resume()
    await reply.done()
    assert unpadded(ear.audio) == said
    assert ear.calls.count("clear") == 1


@virtual_time
async def test_clear_says_what_was_heard_and_drops_the_rest() -> None:
    playout, ear, _ = on_files()
    first, second = playout.reply(), playout.reply()
    first.write(speech(1000))
    first.finish()
    second.write(speech(100))
    first_ended = asyncio.create_task(first.done())
    await asyncio.sleep(0.246)
    await playout.clear()
    await first_ended
    assert first.interrupted
    assert second.interrupted
    assert first.heard_ms == len(ear.audio) // 16 == 202
    assert second.heard_ms == 0
    assert playout.current is None
    second.write(speech(20))
    await asyncio.sleep(1.0)
    assert len(ear.audio) // 16 == 202
    assert first.heard_ms == 202


@virtual_time
async def test_audio_for_a_reply_that_is_over_is_counted() -> None:
    playout, ear, watcher = on_phone()
    reply = playout.reply()
    await playout.clear()
    reply.write(speech(40))
    reply.finish()
    reply.mark("late")
    assert watcher.dropped_ms == 40
    assert reply.audio_ms == 0
    assert ear.calls == [], "nothing had been sent"


@virtual_time
async def test_clear_after_a_pause_lets_the_next_reply_be_heard() -> None:
    playout, ear, _ = on_phone()
    first = playout.reply()
    first.write(speech(1000))
    await asyncio.sleep(0.1)
    playout.pause()
    await playout.clear()
    second = playout.reply()
    second.write(speech(100, first=9000))
    second.finish()
    await second.done()
    assert ear.audio.endswith(speech(100, first=9000))


@virtual_time
async def test_what_may_not_be_interrupted_is_heard_nevertheless() -> None:
    playout, ear, _ = on_files(lead_ms=800)
    notice, greeting = playout.reply(interruptible=False), playout.reply()
    notice.write(speech(500))
    notice.finish()
    greeting.write(speech(500, first=7000))
    await asyncio.sleep(0.1)
    await playout.clear(keep_uninterruptible=True)
    assert greeting.interrupted
    assert not notice.interrupted
    await notice.done()
    assert unpadded(ear.audio) == speech(500)


@virtual_time
async def test_a_way_that_cannot_be_silenced_is_heard_and_counted_as_heard() -> None:
    playout, ear, watcher = on_files()
    ear.broken = True
    reply = playout.reply()
    reply.write(speech(1000))
    await asyncio.sleep(0.1)
    await playout.clear()
    assert watcher.clears_failed == 1
    assert reply.interrupted
    await asyncio.sleep(1.0)
    assert reply.heard_ms == len(ear.audio) // 16


@virtual_time
async def test_marks_are_told_when_they_were_heard_and_never_when_not() -> None:
    playout, _, watcher = on_phone()
    reply = playout.reply()
    reply.mark("begin")
    reply.write(speech(200))
    reply.mark("greeting over")
    reply.write(speech(200))
    reply.mark("never")
    assert watcher.marks == ["begin"]
    await asyncio.sleep(0.180)
    assert watcher.marks == ["begin"]
    await asyncio.sleep(0.060)
    assert watcher.marks == ["begin", "greeting over"]
    await playout.clear()
    await asyncio.sleep(1.0)
    assert watcher.marks == ["begin", "greeting over"]


@virtual_time
async def test_a_reply_without_audio_ends_in_its_turn() -> None:
    playout, _, _ = on_phone()
    first, empty = playout.reply(), playout.reply()
    empty.finish()
    first.write(speech(100))
    await asyncio.sleep(0.2)
    assert not empty.ended
    first.finish()
    await empty.done()
    assert first.ended


@virtual_time
async def test_who_writes_waits_for_room_after_ten_seconds() -> None:
    playout, _, watcher = on_phone()
    reply = playout.reply()
    reply.write(speech(9000))
    await reply.room()
    reply.write(speech(1500))
    writer = asyncio.create_task(reply.room())
    await asyncio.sleep(0.4)
    assert not writer.done()
    await asyncio.sleep(0.2)
    assert writer.done()
    reply.write(speech(25_000))
    reply.write(speech(20))
    assert watcher.dropped_ms == 20, "whoever does not wait loses what does not fit"
    waiting = asyncio.create_task(reply.room())
    await asyncio.sleep(0)
    await playout.clear()
    await waiting


@virtual_time
async def test_close_ends_everything_once() -> None:
    playout, ear, _ = on_files()
    reply = playout.reply()
    reply.write(speech(1000))
    await asyncio.sleep(0.146)
    clearing = asyncio.create_task(playout.clear())
    await asyncio.sleep(0)
    await playout.close()
    await clearing
    assert reply.interrupted
    assert reply.heard_ms == len(ear.audio) // 16
    after = playout.reply()
    assert after.ended
    assert after.interrupted


@virtual_time
async def test_the_reference_is_what_left_while_the_frame_was_taken() -> None:
    playout, _, _ = on_phone()
    reply, said = playout.reply(), speech(300)
    reply.write(said)
    reply.finish()
    references = []
    for late in (0.0, 0.004, 0.0, 0.013, 0.0) * 5:
        await asyncio.sleep(late)
        references.append(playout.reference())
        await asyncio.sleep(0.020 - late)
    heard = b"".join(references)
    assert said in heard
    assert len(heard.strip(b"\0")) <= len(said)
    assert heard.index(said) <= 640
    assert references[-1] == FORMAT.silence
