"""Realtime mode's PBX side on a real FreeSWITCH with mod_audio_stream: the script, the watcher, ESL. The bridge is a
stand-in that speaks the audio socket's wire; the caller is a telephone over SIP and RTP."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from realtime_bridge.call_control import ChannelEvent, ChannelEventKind, RingRequest
from realtime_bridge.esl.control import EslCallControl, UnicastPorts
from tests.fakes.realtime_service import RealtimeService
from tests.fakes.turn_service import Reply, tone
from tests.freeswitch.bridge_stand_in import FRAME_BYTES, BridgeStandIn, bridge_stand_in
from tests.freeswitch.conftest import FALLBACK, REPOSITORY, TONE, FreeSwitch
from tests.freeswitch.desk_phone import DeskPhone, Manners
from tests.freeswitch.phone import Phone
from tests.freeswitch.realtime import RealtimeCall, dial, pbx_control, realtime_call
from voice_ai_service.calls.destinations import Destination, DestinationKind

pytestmark = [pytest.mark.freeswitch, pytest.mark.timeout(60)]
KIND = ChannelEventKind
APOLOGY_HZ, FALLBACK_HZ, OURS_HZ = 440, 1000, 600
OURS = tone(1000, OURS_HZ).samples


@pytest.fixture(autouse=True)
def with_audio_stream(freeswitch: FreeSwitch) -> None:
    if not freeswitch.esl.api("uuid_audio_stream").startswith("-USAGE"):
        pytest.skip("mod_audio_stream is not loaded")


@pytest.fixture
async def bridge() -> AsyncIterator[BridgeStandIn]:
    async with bridge_stand_in() as stand_in:
        yield stand_in


@pytest.fixture
async def control(freeswitch: FreeSwitch) -> AsyncIterator[EslCallControl]:
    async with pbx_control() as found:
        yield found


@pytest.fixture
async def call(bridge: BridgeStandIn, freeswitch: FreeSwitch) -> AsyncIterator[RealtimeCall]:
    async with realtime_call(bridge, fallback=FALLBACK) as found:
        yield found


def left_of(channel_uuid: UUID) -> list[Path]:
    return list(Path("/tmp").glob(f"voice-secretary-{channel_uuid}-*"))


class FileWay:
    """The open module's way: `::play` over the event socket, then the file is played."""

    def __init__(self, call: RealtimeCall, control: EslCallControl) -> None:
        self._call, self._control = call, control

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        async with self._control.events(self._call.caller.channel_uuid) as events:
            playing = asyncio.create_task(self._play(events))
            yield
            playing.cancel()

    async def _play(self, events: AsyncIterator[ChannelEvent]) -> None:
        async for event in events:
            if event.kind is KIND.STREAM and event.name == "play":
                await self._control.play_file(event.channel_uuid, json.loads(event.body)["file"])

    async def send(self, samples: bytes) -> None:
        await self._call.caller.send_file(samples)

    async def clear(self) -> None:
        await self._control.break_playback(self._call.caller.channel_uuid)


async def silent_after(call: RealtimeCall) -> float:
    """When the last sound was heard, once there is none any more."""
    await asyncio.sleep(0.5)
    last = call.phone.last_sound()
    assert last is not None
    return last


async def is_binary_heard(call: RealtimeCall) -> bool:
    """Whether this build of the module plays what comes on the socket."""
    await call.caller.send_audio(OURS[: FRAME_BYTES * 10])
    heard = await call.heard(seconds=0.6)
    await asyncio.sleep(0.3)
    return heard is not None


class TestTheCall:
    async def test_the_callers_audio_comes_as_it_was_said(self, call: RealtimeCall) -> None:
        call.phone.say(tone(2000, 700).samples)
        await asyncio.sleep(1.5)
        frames = list(call.caller.frames)
        assert all(len(samples) == FRAME_BYTES for _, samples in frames)
        assert len(frames) == pytest.approx((frames[-1][0] - frames[0][0]) * 50, abs=4)
        assert call.service.offers == [{"sample_rate_hz": 8000, "playout": "auto", "control": "pbx"}]

    async def test_the_caller_hangs_up(self, call: RealtimeCall) -> None:
        await asyncio.sleep(0.5)
        call.phone.hang_up()
        end = await call.report()
        assert (end.reason, end.hangup_cause) == ("caller_hangup", "NORMAL_CLEARING")
        async with asyncio.timeout(1):
            await call.caller.closed.wait()

    async def test_the_bridge_hangs_up(self, call: RealtimeCall, control: EslCallControl) -> None:
        async with control.events(call.caller.channel_uuid) as events:
            await control.hang_up(call.caller.channel_uuid)
            assert await call.ended(1)
            last = [event async for event in events][-1]
        assert (last.kind, last.cause) == (KIND.HUNG_UP, "NORMAL_CLEARING")
        assert (await call.report()).reason == "secretary_hangup"

    async def test_keys_come_in_order_also_while_something_plays(
        self, call: RealtimeCall, control: EslCallControl
    ) -> None:
        way = FileWay(call, control)
        async with way.open(), control.events(call.caller.channel_uuid) as events:
            await way.send(tone(3000, OURS_HZ).samples)
            assert await call.heard() is not None
            call.phone.press("1*#")
            digits = ""
            async with asyncio.timeout(3):
                while len(digits) < 3:
                    event = await anext(events)
                    digits += event.digit
                    assert event.kind is not KIND.PLAYBACK_STOPPED
        assert digits == "1*#"

    async def test_nothing_is_left_behind(self, call: RealtimeCall, freeswitch: FreeSwitch) -> None:
        call.phone.hang_up()
        await call.report()
        await asyncio.sleep(0.5)
        assert left_of(call.caller.channel_uuid) == []
        # The watcher goes two seconds after its last call.
        await asyncio.sleep(2.5)
        assert freeswitch.esl.api("global_getvar voice_secretary_watcher") == "-ERR no reply"


class TestWaysBack:
    async def test_binary_frames(self, call: RealtimeCall) -> None:
        if not await is_binary_heard(call):
            pytest.skip("this build of mod_audio_stream plays no binary frames")
        sent = time.monotonic()
        await call.caller.send_audio(tone(3000, OURS_HZ).samples)
        heard = await call.heard(sent)
        assert heard is not None
        assert heard - sent <= 0.06
        await asyncio.sleep(0.7)
        cleared = time.monotonic()
        await call.caller.send_clear()
        assert await silent_after(call) - cleared <= 0.06

    async def test_files_over_the_event_socket(self, call: RealtimeCall, control: EslCallControl) -> None:
        way = FileWay(call, control)
        async with way.open():
            sent = time.monotonic()
            await way.send(tone(3000, OURS_HZ).samples)
            heard = await call.heard(sent)
            assert heard is not None
            assert heard - sent <= 0.12
            await asyncio.sleep(0.7)
            cleared = time.monotonic()
            await way.clear()
            assert await silent_after(call) - cleared <= 0.06
            # What was broken off does not swallow what comes next.
            await way.clear()
            again = time.monotonic()
            await way.send(OURS)
            assert await call.heard(again) is not None

    async def test_a_burst_of_files_has_no_holes(self, call: RealtimeCall, control: EslCallControl) -> None:
        way, samples = FileWay(call, control), tone(2000, OURS_HZ).samples
        async with way.open():
            for start in range(0, len(samples), 3200):
                await way.send(samples[start : start + 3200])
            first = await call.heard()
            assert first is not None
            await asyncio.sleep(2.5)
        last = call.phone.last_sound()
        assert last is not None
        assert last - first == pytest.approx(2.0, abs=0.1)

    async def test_unicast(
        self, bridge: BridgeStandIn, freeswitch: FreeSwitch, control: EslCallControl
    ) -> None:
        with udp_socket() as ours, udp_socket() as theirs:
            ports = UnicastPorts("127.0.0.1", theirs.getsockname()[1], "127.0.0.1", ours.getsockname()[1])
            theirs.close()
            async with realtime_call(bridge, playout="unicast") as call:
                await control.start_unicast(call.caller.channel_uuid, ports)
                await asyncio.sleep(0.2)
                sent = time.monotonic()
                await pace(ours, (ports.pbx_host, ports.pbx_port), OURS)
                heard = await call.heard(sent)
                assert heard is not None
                assert heard - sent <= 0.06
                assert await silent_after(call) - sent == pytest.approx(1.0, abs=0.08)
                assert call.phone.pitch_hz(heard, heard + 0.9) == pytest.approx(OURS_HZ, abs=5)


@contextmanager
def udp_socket() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        yield found


async def pace(out: socket.socket, to: tuple[str, int], samples: bytes) -> None:
    began = time.monotonic()
    for index in range(0, len(samples), FRAME_BYTES):
        out.sendto(samples[index : index + FRAME_BYTES], to)
        await asyncio.sleep(max(0.0, began + (index // FRAME_BYTES + 1) * 0.02 - time.monotonic()))


@contextmanager
def bridge_process() -> Iterator[tuple[subprocess.Popen[str], int]]:
    command = [sys.executable, "-m", "tests.freeswitch.bridge_stand_in", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as process:
        assert process.stdout is not None
        try:
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


async def assert_rescued(phone: Phone, since: float, within_s: float = 3.0) -> None:
    """The apology, in time, and then the fallback's tone."""
    heard = await asyncio.to_thread(phone.wait_for_sound, within_s + 1, since)
    assert heard is not None, "the caller hears nothing"
    assert heard - since <= within_s
    await asyncio.sleep(max(0.0, heard + 3 - time.monotonic()))
    assert phone.pitch_hz(heard + 0.1, heard + 1.3) == pytest.approx(APOLOGY_HZ, abs=5)
    assert phone.pitch_hz(heard + 2.2, heard + 2.8) == pytest.approx(FALLBACK_HZ, abs=5)


class TestRescue:
    @pytest.mark.parametrize(("blow", "within_s"), [(signal.SIGKILL, 1.0), (signal.SIGSTOP, 3.0)])
    async def test_a_bridge_that_dies_or_hangs(
        self, freeswitch: FreeSwitch, blow: signal.Signals, within_s: float
    ) -> None:
        with bridge_process() as (process, port), RealtimeService() as service, Phone() as phone:
            service.stream_url = lambda uuid: f"ws://127.0.0.1:{port}/stream/{uuid}"
            assert await dial(phone, service, fallback=FALLBACK) == 200
            await asyncio.sleep(2.2)
            os.kill(process.pid, blow)
            await assert_rescued(phone, time.monotonic(), within_s)
            assert [end.reason for end in service.ends()] == ["fallback"]
            assert left_of(service.received[0][1].call_uuid) == []  # type: ignore[attr-defined]

    async def test_a_socket_that_the_bridge_closes(self, call: RealtimeCall) -> None:
        await call.caller.socket.close(1011)
        await assert_rescued(call.phone, time.monotonic(), 1.0)

    async def test_a_bridge_that_is_not_there(self, freeswitch: FreeSwitch) -> None:
        with RealtimeService() as service, Phone() as phone:
            assert await dial(phone, service, fallback=FALLBACK) == 200
            assert phone.answered_at is not None
            await assert_rescued(phone, phone.answered_at)

    async def test_a_bridge_that_accepts_and_says_nothing(self, freeswitch: FreeSwitch) -> None:
        with socket.create_server(("127.0.0.1", 0)) as mute, RealtimeService() as service, Phone() as phone:
            service.stream_url = lambda uuid: f"ws://127.0.0.1:{mute.getsockname()[1]}/stream/{uuid}"
            assert await dial(phone, service, fallback=FALLBACK) == 200
            assert phone.answered_at is not None
            await assert_rescued(phone, phone.answered_at)

    async def test_an_address_that_is_none(self, freeswitch: FreeSwitch) -> None:
        with RealtimeService() as service, Phone() as phone:
            service.stream_url = lambda _uuid: "ws://127.0.0.1:1/' ; hupall"
            assert await dial(phone, service, fallback=FALLBACK) == 200
            assert phone.answered_at is not None
            await assert_rescued(phone, phone.answered_at)

    async def test_without_a_telephone_to_ring_the_service_goes_on_in_turns(
        self, bridge: BridgeStandIn, freeswitch: FreeSwitch
    ) -> None:
        async with realtime_call(bridge) as call:
            call.service.replies = [Reply(action={"type": "hangup", "reason": "completed"})]
            await call.caller.socket.close(1011)
            gone = time.monotonic()
            heard = await call.heard(gone)
            assert heard is not None
            assert heard - gone <= 1.0
            # The apology, then the greeting of turn mode.
            await asyncio.sleep(3.5)
            assert call.service.offers[1:] == [None]
            call.phone.say(tone(1200, 500).samples)
            assert await call.ended(8)
            ends = {end.reason for end in call.service.ends()}
            assert len(call.service.turns()) == 1
        assert "fallback" in ends

    async def test_service_and_bridge_dead_together(
        self, bridge: BridgeStandIn, freeswitch: FreeSwitch
    ) -> None:
        with Phone() as phone:
            with RealtimeService(stream_url=bridge.url) as service:
                assert await dial(phone, service, fallback=FALLBACK) == 200
                caller = await bridge.caller()
            await caller.socket.close(1011)
            await assert_rescued(phone, time.monotonic(), 1.0)

    async def test_many_calls_have_one_watcher(self, bridge: BridgeStandIn, freeswitch: FreeSwitch) -> None:
        phones = [Phone() for _ in range(5)]
        with RealtimeService(stream_url=bridge.url) as service:
            try:
                for phone in phones:
                    phone.__enter__()
                found = await asyncio.gather(*(dial(phone, service, fallback=FALLBACK) for phone in phones))
                assert found == [200] * 5
                callers = [await bridge.caller() for _ in phones]
                await asyncio.sleep(1.5)
                await asyncio.gather(*(caller.socket.close(1011) for caller in callers))
                gone = time.monotonic()
                await asyncio.gather(*(assert_rescued(phone, gone, 1.0) for phone in phones))
            finally:
                for phone in phones:
                    phone.__exit__(None, None, None)


def to_tone() -> Destination:
    return Destination(uuid4(), "x", (), DestinationKind.QUEUE, TONE)


class TestTransfer:
    async def test_two_legs_are_connected_and_end_together(
        self, call: RealtimeCall, control: EslCallControl, freeswitch: FreeSwitch
    ) -> None:
        caller, agent = call.caller.channel_uuid, uuid4()
        async with control.events(agent) as events:
            await control.ring(RingRequest(agent, to_tone(), "127.0.0.1", caller, caller_name="Ana"))
            kinds = [(await anext(events)).kind]
            while kinds[-1] is not KIND.ANSWERED:
                kinds.append((await anext(events)).kind)
            await control.bridge(caller, agent)
            assert (await anext(events)).kind is KIND.BRIDGED
            since = time.monotonic()
            await control.stop_stream(caller)
            # Longer than the watcher waits for life signs.
            await asyncio.sleep(3.2)
            assert call.phone.pitch_hz(since + 0.3, since + 3) == pytest.approx(FALLBACK_HZ, abs=5)
            assert (await call.report()).reason == "transferred"
            await control.hang_up(agent)
            assert await call.ended(1)

    async def test_music_is_heard_and_ends(self, call: RealtimeCall, control: EslCallControl) -> None:
        caller = call.caller.channel_uuid
        # A bridge that has spoken already: the module may go on to write silence.
        await call.caller.send_audio(OURS[: FRAME_BYTES * 10])
        await asyncio.sleep(0.6)
        since = time.monotonic()
        await control.start_music(caller)
        assert await call.heard(since, 2) is not None
        await control.stop_music(caller)
        await asyncio.sleep(0.3)
        quiet = time.monotonic()
        assert await call.heard(quiet, 1) is None

    async def test_nobody_there(self, call: RealtimeCall, control: EslCallControl) -> None:
        agent = uuid4()
        destination = Destination(uuid4(), "x", (), DestinationKind.EXTENSION, "4711")
        async with control.events(agent) as events:
            await control.ring(RingRequest(agent, destination, "demo.local", call.caller.channel_uuid))
            found = [event async for event in events]
        assert found[-1].kind is KIND.HUNG_UP
        assert found[-1].cause in ("USER_NOT_REGISTERED", "SUBSCRIBER_ABSENT")
        assert await control.available(destination, "demo.local") is False


class TestTheEventSocketItself:
    async def test_the_module_is_loaded_again_under_a_live_call(
        self, call: RealtimeCall, control: EslCallControl
    ) -> None:
        abilities = await control.abilities()
        assert abilities.audio_stream
        assert "FreeSWITCH" in abilities.version
        assert await control.exists(call.caller.channel_uuid)
        assert not await control.exists(UUID(int=1))


@pytest.fixture
def users(freeswitch: FreeSwitch) -> None:
    if freeswitch.esl.api("user_exists id 1002 demo.local") != "true":
        pytest.skip("no user 1002@demo.local")


EXTENSION = Destination(uuid4(), "x", (), DestinationKind.EXTENSION, "1002")


@pytest.mark.usefixtures("users")
class TestAnExtension:
    async def test_answers_and_both_hear_each_other(
        self, call: RealtimeCall, control: EslCallControl
    ) -> None:
        caller, agent = call.caller.channel_uuid, uuid4()
        with DeskPhone(Manners(answers_after_s=0.3)) as phone:
            assert await control.available(EXTENSION, "demo.local") is True
            async with control.events(agent) as events:
                request = RingRequest(agent, EXTENSION, "demo.local", caller, "+5511999", "Ana Sá")
                await control.ring(request)
                kinds = []
                async with asyncio.timeout(3):
                    while KIND.ANSWERED not in kinds:
                        kinds.append((await anext(events)).kind)
                assert kinds == [KIND.RINGING, KIND.ANSWERED]
                assert phone.caller_name == "Ana Sá"
                await control.bridge(caller, agent)
                await control.stop_stream(caller)
                assert (await anext(events)).kind is KIND.BRIDGED
                call.phone.say(tone(1500, 700).samples)
                phone.say(tone(1500, 900).samples)
                since = time.monotonic()
                await asyncio.sleep(1.2)
                assert phone.pitch_hz(since + 0.3, since + 1.1) == pytest.approx(700, abs=5)
                assert call.phone.pitch_hz(since + 0.3, since + 1.1) == pytest.approx(900, abs=5)
                call.phone.hang_up()
                assert await asyncio.to_thread(phone.wait_for_end, 2)
        assert phone.ended_by == "far"

    @pytest.mark.parametrize(("status", "cause"), [(486, "USER_BUSY"), (603, "CALL_REJECTED")])
    async def test_does_not_want(
        self, call: RealtimeCall, control: EslCallControl, status: int, cause: str
    ) -> None:
        agent = uuid4()
        with DeskPhone(Manners(declines=status)):
            async with control.events(agent) as events:
                await control.ring(RingRequest(agent, EXTENSION, "demo.local", call.caller.channel_uuid))
                async with asyncio.timeout(5):
                    found = [event async for event in events]
        assert (found[-1].kind, found[-1].cause) == (KIND.HUNG_UP, cause)

    async def test_does_not_answer(self, call: RealtimeCall, control: EslCallControl) -> None:
        agent = uuid4()
        with DeskPhone(Manners(answers_after_s=None)) as phone:
            async with control.events(agent) as events:
                request = RingRequest(agent, EXTENSION, "demo.local", call.caller.channel_uuid, ring_s=2)
                await control.ring(request)
                async with asyncio.timeout(6):
                    found = [event async for event in events]
            assert phone.cancelled == 1
        assert (found[-1].kind, found[-1].cause) == (KIND.HUNG_UP, "NO_ANSWER")
        assert await control.exists(call.caller.channel_uuid)

    async def test_the_secretary_gives_up_ringing(self, call: RealtimeCall, control: EslCallControl) -> None:
        agent = uuid4()
        with DeskPhone(Manners(answers_after_s=None)) as phone:
            async with control.events(agent) as events:
                await control.ring(RingRequest(agent, EXTENSION, "demo.local", call.caller.channel_uuid))
                async with asyncio.timeout(3):
                    while not phone.rang_at:
                        await asyncio.sleep(0.02)
                await control.hang_up(agent)
                async with asyncio.timeout(3):
                    found = [event async for event in events]
            assert phone.cancelled == 1
        assert found[-1].kind is KIND.HUNG_UP
