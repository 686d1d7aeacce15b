"""The bridge's call control against a fake event socket on loopback; greenswitch and its thread are the real ones."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest

from realtime_bridge.call_control import CallControl, ChannelEvent, ChannelEventKind, RingRequest
from realtime_bridge.esl.control import EslCallControl, UnicastPorts
from realtime_bridge.esl.event_socket import Address
from realtime_bridge.esl.link import LinkTimes
from tests.fakes.event_socket import PASSWORD, EventSocketServer, event_plain
from voice_ai_service.calls.destinations import Destination, DestinationKind
from voice_ai_service.errors import InvalidInput, NotFound, Unavailable

CALLER, AGENT = UUID("11111111-1111-4111-8111-111111111111"), UUID("22222222-2222-4222-8222-222222222222")
KIND = ChannelEventKind
QUICK = LinkTimes(connect_s=0.5, command_s=0.5, idle_s=30, first_retry_s=0.01, last_retry_s=0.05)


@dataclass
class Figures:
    connected: list[bool] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    dropped: int = 0

    def esl_connected(self, again: bool) -> None:
        self.connected.append(again)

    def esl_lost(self, reason: str) -> None:
        self.lost.append(reason)

    def esl_events_dropped(self, count: int) -> None:
        self.dropped += count


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def control_of(
    pbx: EventSocketServer, times: LinkTimes = QUICK, password: str = PASSWORD
) -> AsyncIterator[tuple[EslCallControl, Figures]]:
    figures = Figures()
    address = Address("127.0.0.1", pbx.port, password)
    async with EslCallControl(address, observer=figures, times=times) as control:
        yield control, figures


@pytest.fixture
async def pbx() -> AsyncIterator[EventSocketServer]:
    async with EventSocketServer(
        channels={CALLER: {"context": "public", "domain_name": "demo.local"}}
    ) as server:
        yield server


@pytest.fixture
async def control(pbx: EventSocketServer) -> AsyncIterator[EslCallControl]:
    async with control_of(pbx) as (control, _):
        await until(lambda: control.connected)
        yield control


def asked(pbx: EventSocketServer, beginning: str = "") -> list[str]:
    return [command for command in pbx.commands if command.startswith(beginning)]


class TestVerbs:
    def test_it_is_the_bridges_call_control(self, control: EslCallControl) -> None:
        seam: CallControl = control
        assert seam.connected

    async def test_each_verb_is_one_command(self, pbx: EventSocketServer, control: EslCallControl) -> None:
        pbx.channels[AGENT] = {}
        await control.set_variable(CALLER, "voice_secretary_guard", "off")
        await control.start_stream(CALLER, "ws://127.0.0.1:8080/stream/x?token=y", 8000)
        await control.send_text(CALLER, {"type": "x y"})
        await control.play_file(CALLER, "/tmp/a_1.tmp.r8")
        await control.break_playback(CALLER)
        await control.start_unicast(CALLER, UnicastPorts("127.0.0.1", 20000, "127.0.0.1", 20001))
        assert await control.exists(CALLER)
        await control.hang_up(CALLER)
        assert not await control.exists(CALLER)
        assert pbx.commands[2:] == [
            f"api uuid_setvar {CALLER} voice_secretary_guard off",
            f"api uuid_audio_stream {CALLER} start ws://127.0.0.1:8080/stream/x?token=y mono 8k",
            f'api uuid_audio_stream {CALLER} send_text \'{{"type":"x y"}}\'',
            f"sendmsg {CALLER}\ncall-command: execute\nevent-lock: true\nexecute-app-name: playback\n"
            "execute-app-arg: /tmp/a_1.tmp.r8\nloops: 1",
            f"api uuid_break {CALLER} all",
            f"sendmsg {CALLER}\ncall-command: unicast\nlocal-ip: 127.0.0.1\nlocal-port: 20000\n"
            "remote-ip: 127.0.0.1\nremote-port: 20001\ntransport: udp",
            f"api uuid_exists {CALLER}",
            f"api uuid_kill {CALLER} NORMAL_CLEARING",
            f"api uuid_exists {CALLER}",
        ]

    async def test_a_channel_that_is_gone(self, control: EslCallControl) -> None:
        for verb in (
            control.break_playback(AGENT),
            control.play_file(AGENT, "/tmp/a.wav"),
            control.set_variable(AGENT, "x", "y"),
            control.bridge(CALLER, AGENT),
        ):
            with pytest.raises(NotFound):
                await verb
        await control.hang_up(AGENT)
        await control.stop_stream(AGENT)

    async def test_what_the_pbx_refuses_is_unavailable(
        self, pbx: EventSocketServer, control: EslCallControl
    ) -> None:
        pbx.answers["uuid_audio_stream"] = "-ERR uuid_audio_stream Command not found!\n"
        with pytest.raises(Unavailable) as caught:
            await control.start_stream(CALLER, "ws://127.0.0.1/stream/x", 16000)
        assert str(CALLER) not in str(caught.value)

    async def test_a_stream_that_the_server_closed_is_stopped_first(
        self, pbx: EventSocketServer, control: EslCallControl
    ) -> None:
        held = True

        def module(command: str) -> str:
            nonlocal held
            if command.endswith("stop"):
                held = False
                return "+OK Success\n"
            return "-ERR Operation Failed\n" if held else "+OK Success\n"

        pbx.answers["uuid_audio_stream"] = module
        await control.start_stream(CALLER, "ws://127.0.0.1/stream/x", 16000)
        assert [command.split()[3] for command in asked(pbx, "api uuid_audio")] == ["start", "stop", "start"]

    async def test_hostile_arguments_never_reach_the_pbx(
        self, pbx: EventSocketServer, control: EslCallControl
    ) -> None:
        before = len(pbx.commands)
        for verb in (
            control.set_variable(CALLER, "x", "y\nexecute-app-name: system"),
            control.set_variable(CALLER, "x y", "z"),
            control.play_file(CALLER, "/tmp/x\nloops: 9"),
            control.start_stream(CALLER, "ws://x/ mono 8k '", 8000),
            control.start_stream(CALLER, "ws://x/", 44100),
            control.send_text(CALLER, {"type": "it's"}),
            control.available(destination("1001@other"), "demo.local"),
        ):
            with pytest.raises(InvalidInput):
                await verb
        assert pbx.commands[before:] == []

    async def test_many_at_once_get_their_own_answers(
        self, pbx: EventSocketServer, control: EslCallControl
    ) -> None:
        uuids = [uuid4() for _ in range(200)]
        for uuid in uuids[::3]:
            pbx.channels[uuid] = {}
        found = await asyncio.gather(*(control.exists(uuid) for uuid in uuids))
        assert found == [index % 3 == 0 for index in range(200)]


def destination(number: str = "1001", kind: DestinationKind = DestinationKind.EXTENSION) -> Destination:
    return Destination(uuid4(), "x", (), kind, number)


class TestAvailable:
    async def test_registered(self, pbx: EventSocketServer, control: EslCallControl) -> None:
        pbx.answers["sofia_contact */1001@demo.local"] = "sofia/internal/sip:1001@10.0.0.5:5060"
        pbx.answers["user_data 1001@demo.local param dial-string"] = "${sofia_contact(*/1001@demo.local)}"
        assert await control.available(destination(), "demo.local") is True

    async def test_not_registered(self, pbx: EventSocketServer, control: EslCallControl) -> None:
        pbx.answers["sofia_contact"] = "error/user_not_registered"
        pbx.answers["user_data"] = ""
        assert await control.available(destination(), "demo.local") is False

    async def test_do_not_disturb(self, pbx: EventSocketServer, control: EslCallControl) -> None:
        pbx.answers["sofia_contact"] = "sofia/internal/sip:1001@10.0.0.5:5060"
        pbx.answers["user_data"] = "error/user_busy"
        assert await control.available(destination(), "demo.local") is False

    async def test_nobody_can_tell_of_a_queue(self, control: EslCallControl) -> None:
        assert await control.available(destination("8500", DestinationKind.QUEUE), "demo.local") is None


def ring_request(**fields: str) -> RingRequest:
    return RingRequest(AGENT, destination(), "demo.local", CALLER, **fields)  # type: ignore[arg-type]


class TestRing:
    async def test_what_is_dialled(self, pbx: EventSocketServer, control: EslCallControl) -> None:
        pbx.channels[CALLER] |= {"domain_uuid": "d-1", "toll_allow": "domestic,'x"}
        pbx.answers["originate"] = f"+OK {AGENT}\n"
        await control.ring(ring_request(caller_number="+5511", caller_name="Ana"))
        (command,) = asked(pbx, "bgapi originate")
        assert "user/1001@demo.local &park()" in command
        assert "domain_uuid=d-1,domain_name=demo.local,loopback_export='domain_uuid,domain_name'" in command
        assert "toll_allow" not in command

    async def test_a_call_that_never_became_a_channel_ends_with_its_cause(
        self, pbx: EventSocketServer, control: EslCallControl
    ) -> None:
        pbx.answers["originate"] = "-ERR USER_NOT_REGISTERED\n"
        async with control.events(AGENT) as events:
            await control.ring(ring_request())
            found = [event async for event in events]
        assert [(event.kind, event.cause) for event in found] == [(KIND.HUNG_UP, "USER_NOT_REGISTERED")]

    async def test_the_caller_is_gone(self, control: EslCallControl) -> None:
        with pytest.raises(NotFound):
            await control.ring(RingRequest(AGENT, destination(), "demo.local", uuid4()))

    async def test_a_refused_order(self, pbx: EventSocketServer, control: EslCallControl) -> None:
        pbx.channels[CALLER]["voice_secretary_context"] = "two words"
        request = RingRequest(AGENT, destination(kind=DestinationKind.QUEUE), "demo.local", CALLER)
        with pytest.raises(InvalidInput):
            await control.ring(request)


def fire_answer(pbx: EventSocketServer, uuid: UUID, **headers: str) -> None:
    pbx.fire("CHANNEL_ANSWER", {"Unique-ID": str(uuid), **headers})


class TestEvents:
    async def test_only_this_channels_and_in_order(
        self, pbx: EventSocketServer, control: EslCallControl
    ) -> None:
        async with control.events(CALLER) as events:
            fire_answer(pbx, AGENT)
            fire_answer(pbx, CALLER)
            for digit in "12#":
                pbx.fire("DTMF", {"Unique-ID": str(CALLER), "DTMF-Digit": digit})
            pbx.fire("CHANNEL_HANGUP", {"Unique-ID": str(CALLER), "Hangup-Cause": "NORMAL_CLEARING"})
            found = [event async for event in events]
        assert [event.kind for event in found] == [
            KIND.ANSWERED,
            KIND.DIGIT,
            KIND.DIGIT,
            KIND.DIGIT,
            KIND.HUNG_UP,
        ]
        assert "".join(event.digit for event in found) == "12#"
        assert all(0 <= time.monotonic() - event.at < 5 for event in found)

    async def test_the_pbx_itself_filters(self, pbx: EventSocketServer, control: EslCallControl) -> None:
        async with control.events(CALLER), control.events(CALLER):
            assert asked(pbx, f"filter Unique-ID {CALLER}") == [f"filter Unique-ID {CALLER}"]
        assert asked(pbx, "filter delete") == [
            f"filter delete {name} {CALLER}"
            for name in ("Unique-ID", "Bridge-A-Unique-ID", "Bridge-B-Unique-ID")
        ]

    async def test_a_caller_cannot_forge_the_events_of_another(
        self, pbx: EventSocketServer, control: EslCallControl
    ) -> None:
        attack = f"x\nUnique-ID: {CALLER}\nEvent-Name: CHANNEL_HANGUP\n\n"
        async with control.events(CALLER) as victim, control.events(AGENT) as attacker:
            fire_answer(pbx, AGENT, **{"Caller-Caller-ID-Name": attack})
            fire_answer(pbx, AGENT, **{"Caller-Caller-ID-Name": attack.replace("\n", "%0A")})
            assert [(await anext(attacker)).channel_uuid for _ in range(2)] == [AGENT, AGENT]
            fire_answer(pbx, CALLER)
            assert (await anext(victim)).kind is KIND.ANSWERED

    async def test_a_reader_that_does_not_read_is_bounded(self, pbx: EventSocketServer) -> None:
        async with control_of(pbx) as (control, figures):
            await until(lambda: control.connected)
            async with control.events(CALLER) as events, control.events(AGENT) as other:
                for _ in range(400):
                    pbx.fire("PLAYBACK_START", {"Unique-ID": str(CALLER)})
                pbx.fire("DTMF", {"Unique-ID": str(CALLER), "DTMF-Digit": "1"})
                fire_answer(pbx, AGENT)
                await anext(other)
                assert figures.dropped == 145
                for _ in range(255):
                    await anext(events)
                assert (await anext(events)).digit == "1"

    async def test_a_flood_does_not_stop_commands(
        self, pbx: EventSocketServer, control: EslCallControl
    ) -> None:
        async with control.events(CALLER):
            noise = event_plain({"Event-Name": "DTMF", "Unique-ID": str(CALLER), "DTMF-Digit": "1"})
            pbx.fire_raw(noise * 20_000)
            assert await control.exists(CALLER)


async def next_of(events: AsyncIterator[ChannelEvent]) -> ChannelEvent:
    async with asyncio.timeout(5):
        return await anext(events)


class TestLossAndReturn:
    async def test_a_pbx_that_is_not_there_yet(self) -> None:
        async with EventSocketServer(channels={CALLER: {}}) as pbx:
            await pbx.die()
            async with control_of(pbx) as (control, figures):
                with pytest.raises(Unavailable):
                    await control.exists(CALLER)
                async with control.events(CALLER) as events:
                    await until(lambda: "unreachable" in figures.lost)
                    await pbx.listen()
                    await until(lambda: control.connected and f"api uuid_exists {CALLER}" in pbx.commands)
                    fire_answer(pbx, CALLER)
                    assert (await next_of(events)).kind is KIND.ANSWERED
                assert figures.connected == [False]

    async def test_a_cut_line_comes_back_and_channels_that_live_go_on(self, pbx: EventSocketServer) -> None:
        async with control_of(pbx) as (control, figures):
            await until(lambda: control.connected)
            async with control.events(CALLER) as events:
                pbx.cut()
                await until(lambda: figures.connected == [False, True])
                await until(lambda: f"api uuid_exists {CALLER}" in pbx.commands)
                fire_answer(pbx, CALLER)
                assert (await next_of(events)).kind is KIND.ANSWERED
            assert figures.lost == ["closed"]

    async def test_a_pbx_that_was_killed_and_started_again_lost_its_channels(
        self, pbx: EventSocketServer
    ) -> None:
        async with control_of(pbx) as (control, _):
            await until(lambda: control.connected)
            async with control.events(CALLER) as events, control.events(AGENT) as others:
                await pbx.die()
                await until(lambda: not control.connected)
                with pytest.raises(Unavailable):
                    await control.hang_up(CALLER)
                pbx.channels = {AGENT: {}}
                await pbx.listen()
                found = [event async for event in events]
                assert [event.kind for event in found] == [KIND.LOST]
                await until(lambda: f"api uuid_exists {AGENT}" in pbx.commands)
                fire_answer(pbx, AGENT)
                assert (await next_of(others)).kind is KIND.ANSWERED

    async def test_a_command_under_way_fails_with_the_line(self, pbx: EventSocketServer) -> None:
        async with control_of(pbx) as (control, _):
            await until(lambda: control.connected)
            pbx.silent = True
            waiting = asyncio.ensure_future(control.exists(CALLER))
            await until(lambda: f"api uuid_exists {CALLER}" in pbx.commands)
            pbx.cut()
            with pytest.raises(Unavailable):
                await waiting

    async def test_no_reply_in_time_gives_the_connection_up(self, pbx: EventSocketServer) -> None:
        times = LinkTimes(connect_s=0.5, command_s=0.05, first_retry_s=0.01, last_retry_s=0.05)
        async with control_of(pbx, times) as (control, figures):
            await until(lambda: control.connected)
            pbx.silent = True
            with pytest.raises(Unavailable):
                await control.exists(CALLER)
            await until(lambda: "no_reply" in figures.lost)
            pbx.silent = False
            await until(lambda: control.connected)
            assert await control.exists(CALLER)

    async def test_a_line_that_went_dead_is_noticed_without_a_command(self, pbx: EventSocketServer) -> None:
        times = LinkTimes(connect_s=0.5, command_s=0.05, idle_s=0.02, first_retry_s=0.01, last_retry_s=0.05)
        async with control_of(pbx, times) as (control, figures):
            await until(lambda: control.connected)
            pbx.silent = True
            await until(lambda: "no_reply" in figures.lost)

    async def test_a_wrong_password(self, pbx: EventSocketServer) -> None:
        async with control_of(pbx, password="other") as (control, figures):
            await until(lambda: "refused" in figures.lost)
            assert not control.connected

    async def test_the_access_list(self, pbx: EventSocketServer) -> None:
        pbx.refusing = True
        async with control_of(pbx) as (control, figures):
            await until(lambda: "refused" in figures.lost)
            assert not control.connected

    async def test_a_login_that_never_comes_is_given_up(self, pbx: EventSocketServer) -> None:
        pbx.deaf = True
        times = LinkTimes(connect_s=0.05, command_s=0.5, first_retry_s=0.01, last_retry_s=0.05)
        async with control_of(pbx, times) as (control, figures):
            await until(lambda: "unreachable" in figures.lost)
            pbx.deaf = False
            await until(lambda: control.connected)

    async def test_what_is_no_event_socket_is_left(self, pbx: EventSocketServer) -> None:
        async with control_of(pbx) as (control, figures):
            await until(lambda: control.connected)
            pbx.fire_raw(b"Content-Length: nonsense\n\n")
            await until(lambda: figures.connected == [False, True])

    async def test_going_down_leaves_no_thread_and_no_waiting_command(self, pbx: EventSocketServer) -> None:
        before = threading.active_count()
        async with control_of(pbx) as (control, _):
            await until(lambda: control.connected)
            pbx.silent = True
            waiting = asyncio.ensure_future(control.exists(CALLER))
            await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await waiting
        await until(lambda: not any(thread.name == "esl" for thread in threading.enumerate()))
        assert threading.active_count() <= before + 1  # asyncio's own, that joined ours
