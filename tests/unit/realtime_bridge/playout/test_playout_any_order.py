"""Whatever happens in whatever order: no sample is doubled or lost, and what is said to be heard was heard."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from realtime_bridge.leg import LegFormat
from realtime_bridge.playout.playing import Playing
from realtime_bridge.playout.playout import Playout
from tests.fakes.ears import FileEar, LateTimers, PhoneEar, Watcher
from tests.fakes.virtual_time import virtual_time


@dataclass(frozen=True)
class Reply:
    interruptible: bool


@dataclass(frozen=True)
class Write:
    samples: int
    half: bool


@dataclass(frozen=True)
class Sleep:
    ms: float


@dataclass(frozen=True)
class Clear:
    keep_uninterruptible: bool
    wait: bool


Act = Reply | Write | Sleep | Clear | str

_ACT: st.SearchStrategy[Act] = st.one_of(
    st.builds(Sleep, st.floats(0, 150)),
    st.builds(Sleep, st.sampled_from([1.0, 7.0, 33.0, 250.0])),
    st.builds(Write, st.integers(1, 6000), st.booleans()),
    st.builds(Write, st.integers(1, 300), st.booleans()),
    st.builds(Clear, st.booleans(), st.booleans()),
    st.sampled_from(["pause", "resume"]),
    st.sampled_from(["finish", "mark", "reference"]),
    st.builds(Reply, st.booleans()),
)
ACTS: st.SearchStrategy[list[Act]] = st.lists(_ACT, min_size=3, max_size=30).map(
    lambda acts: [Reply(interruptible=False), Write(5000, half=True), *acts]
)
LATENESS = st.lists(st.sampled_from([0.0, 0.0, 0.003, 0.018, 0.07]), min_size=1, max_size=5)


class Speaker:
    """Writes samples that are all different and never silent, and remembers them reply by reply."""

    def __init__(self, playout: Playout) -> None:
        self._playout = playout
        self._next = 1
        self.said: list[tuple[Playing, bytearray]] = []
        self.clearing: list[asyncio.Task[None]] = []
        self.marked = 0

    async def act(self, act: Act) -> None:
        match act:
            case Reply(interruptible):
                self.said.append((self._playout.reply(interruptible=interruptible), bytearray()))
            case Sleep(ms):
                await asyncio.sleep(ms / 1000)
            case Clear(keep_uninterruptible, wait):
                task = asyncio.create_task(self._playout.clear(keep_uninterruptible=keep_uninterruptible))
                self.clearing.append(task)
                if wait:
                    await task
            case "pause":
                self._playout.pause()
            case "resume":
                self._playout.resume()
            case "reference":
                assert len(self._playout.reference()) == 320
            case _ if self.said:
                self._say(act)

    def _say(self, act: Act) -> None:
        playing, said = self.said[-1]
        match act:
            case Write(samples, half) if not (playing.interrupted or playing.finished):
                spoken = b"".join((self._next + n).to_bytes(2, "little") for n in range(samples))
                spoken = bytes(byte or 1 for byte in spoken)
                self._next = (self._next + samples) % 60000 or 1
                cut = len(spoken) // 2 + half
                playing.write(spoken[:cut])
                playing.write(spoken[cut:])
                said += spoken
            case "finish":
                playing.finish()
            case "mark":
                playing.mark("mark")
                self.marked += 1


async def play(playout: Playout, acts: list[Act]) -> Speaker:
    speaker = Speaker(playout)
    for act in acts:
        await speaker.act(act)
        for playing, said in speaker.said:
            assert 0 <= playing.heard_ms <= playing.audio_ms <= len(said) // 16
    await asyncio.gather(*speaker.clearing)
    return speaker


async def come_to_an_end(playout: Playout, speaker: Speaker) -> None:
    playout.resume()
    for playing, _ in speaker.said:
        playing.finish()
    async with asyncio.timeout(600):
        for playing, _ in speaker.said:
            await playing.done()
    assert playout.current is None


def without_silence(heard: bytes) -> bytes:
    return b"".join(heard[at : at + 2] for at in range(0, len(heard), 2) if heard[at : at + 2] != b"\0\0")


@settings(deadline=None)
@given(
    acts=ACTS, lateness=LATENESS, lead_ms=st.sampled_from([0, 60, 400, 1200]), clearing_ms=st.integers(0, 90)
)
def test_on_a_way_with_a_lead(acts: list[Act], lateness: list[float], lead_ms: int, clearing_ms: int) -> None:
    @virtual_time
    async def run() -> None:
        loop = asyncio.get_running_loop()
        ear = FileEar(loop.time, lead_ms=lead_ms)
        ear.clearing_s = clearing_ms / 1000
        playout = Playout(ear, LegFormat(), LateTimers(loop, lateness), Watcher())
        speaker = await play(playout, acts)
        await come_to_an_end(playout, speaker)
        await asyncio.sleep(1)
        expected = b"".join(bytes(said[: playing.heard_bytes]) for playing, said in speaker.said)
        assert without_silence(ear.audio) == expected
        for playing, said in speaker.said:
            assert playing.interrupted or playing.heard_bytes == len(said)

    run()


@settings(deadline=None)
@given(acts=ACTS, lateness=LATENESS, tick_ms=st.integers(0, 19))
def test_on_a_way_with_a_buffer_of_its_own(acts: list[Act], lateness: list[float], tick_ms: int) -> None:
    @virtual_time
    async def run() -> None:
        loop = asyncio.get_running_loop()
        ear = PhoneEar(loop.time, tick_at=tick_ms / 1000)
        watcher = Watcher()
        playout = Playout(ear, LegFormat(), LateTimers(loop, lateness), watcher)
        speaker = await play(playout, acts)
        await come_to_an_end(playout, speaker)
        await asyncio.sleep(1)
        assert ear.deepest_ms <= 60
        left = without_silence(ear.audio)
        for playing, said in speaker.said:
            heard = next((n for n in range(len(said), -1, -2) if left.startswith(bytes(said[:n]))), 0)
            left = left[heard:]
            assert abs(heard - playing.heard_bytes) <= 640
            assert playing.interrupted or heard == playing.heard_bytes == len(said)
        assert left == b"", "nothing is heard twice or out of order"
        assert len(watcher.marks) <= speaker.marked

    run()


@settings(deadline=None)
@given(acts=ACTS)
def test_a_close_at_any_time_ends_every_reply(acts: list[Act]) -> None:
    @virtual_time
    async def run() -> None:
        loop = asyncio.get_running_loop()
        ear = FileEar(loop.time)
        playout = Playout(ear, LegFormat(), loop, Watcher())
        speaker = await play(playout, acts)
        await playout.close()
        heard = [playing.heard_ms for playing, _ in speaker.said]
        await asyncio.sleep(1)
        for playing, _ in speaker.said:
            await playing.done()
        assert heard == [playing.heard_ms for playing, _ in speaker.said]

    run()
