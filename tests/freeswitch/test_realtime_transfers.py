"""Transfers on a real FreeSWITCH: the shipped runner and strategies over ESL, a caller and a registered telephone.

Both legs' ends are read from FreeSWITCH itself and from both telephones.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry

from realtime_bridge.esl.control import EslCallControl
from realtime_bridge.esl.event_socket import Address
from realtime_bridge.ingress.metrics import IngressMetrics
from realtime_bridge.ingress.server import StreamServer, StreamServerOptions
from realtime_bridge.leg import Leg, WayBack
from realtime_bridge.playout.scheduler import LoopScheduler
from realtime_bridge.playout.trial import EchoCalls
from realtime_bridge.playout.unicast import UnicastPorts
from realtime_bridge.playout.ways import WayMaker, WayName, Ways
from realtime_bridge.transfer.attendant_line import AttendantLines
from realtime_bridge.transfer.outcome import LegState, TransferOutcome, TransferResult
from realtime_bridge.transfer.runner import TransferRunner
from realtime_bridge.transfer.seam import TransferRequest, TransferStyle
from realtime_bridge.transfer.sweeper import LegSweeper
from tests.fakes.cascade_call import Ears, Mouth, Rows
from tests.fakes.ears import Watcher
from tests.fakes.secretaries import TENANT, destination, plan
from tests.fakes.signals import voiced
from tests.fakes.stream_door import MemoryDoor
from tests.fakes.turn_service import tone
from tests.fakes.virtual_time import LoopClock
from tests.freeswitch.bridge_stand_in import BridgeStandIn, bridge_stand_in
from tests.freeswitch.conftest import FALLBACK, FreeSwitch
from tests.freeswitch.desk_phone import DeskPhone, Manners
from tests.freeswitch.realtime import RealtimeCall, realtime_call
from voice_ai_service.calls.call_plan import CallPlan
from voice_ai_service.calls.destinations import DestinationKind
from voice_ai_service.clock import SystemClock
from voice_ai_service.providers.chains import SttChain
from voice_ai_service.providers.tts.cache import PhraseCache
from voice_ai_service.providers.tts.seam import TtsOptions
from voice_ai_service.speech.voice import Voice

pytestmark = [pytest.mark.freeswitch, pytest.mark.timeout(90)]
Result = TransferResult
BLIND, ATTENDED = TransferStyle.BLIND, TransferStyle.ATTENDED
BACK, GONE, NONE, CONNECTED = LegState.WITH_SECRETARY, LegState.GONE, LegState.NONE, LegState.CONNECTED
DESK = destination("recepção", "1002")
QUEUE = replace(destination("fila", "8191"), kind=DestinationKind.QUEUE)


class Losses:
    def on_lost(self, lost_ms: int) -> None: ...


class LoudMouth(Mouth):
    """A tone as long as the words would take."""

    async def stream(self, texts: AsyncIterator[str], options: TtsOptions) -> AsyncGenerator[bytes, None]:
        async for chunk in super().stream(texts, options):
            yield tone(len(chunk) // 16, 600).samples


class CuttableLine:
    """A TCP relay to the event socket: FreeSWITCH is well, nobody reaches it."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._relays: set[asyncio.Task[None]] = set()
        self.port = 0

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._relays, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", 8021)
        self._writers |= {writer, far_writer}
        for one, other in ((reader, far_writer), (far_reader, writer)):
            relay = asyncio.create_task(self._relay(one, other))
            self._relays.add(relay)
            relay.add_done_callback(self._relays.discard)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()


@dataclass
class Speakers:
    """Who speaks to attendants, and understands them: scripted words behind the shipped chains."""

    rows: Rows
    phrases: PhraseCache

    async def recogniser(self, plan: CallPlan) -> SttChain:
        return await self.rows.stt(plan.secretary.domain_uuid)

    async def voice(self, plan: CallPlan, sample_rate_hz: int) -> Voice:
        chain = await self.rows.tts(plan.secretary.domain_uuid)
        return Voice(chain, self.phrases, plan.secretary, sample_rate_hz)


@dataclass
class Exchange:
    """A caller on hold with the secretary, and what puts them through."""

    call: RealtimeCall
    control: EslCallControl
    runner: TransferRunner
    sweeper: LegSweeper
    pbx: FreeSwitch
    ears: Ears
    line: CuttableLine

    @property
    def caller_uuid(self) -> UUID:
        return self.call.caller.channel_uuid

    def request(self, style: TransferStyle = BLIND, **changes: object) -> TransferRequest:
        asked = TransferRequest(
            caller_uuid=self.caller_uuid,
            destination=DESK,
            plan=plan(destinations=(DESK, QUEUE)),
            tenant=TENANT,
            domain_name="demo.local",
            language="pt-BR",
            style=style,
            caller_number="+5511987654321",
            subject="boleto",
            ring_s=8,
        )
        return replace(asked, **changes)  # type: ignore[arg-type]

    async def put_through(self, style: TransferStyle = BLIND, **changes: object) -> TransferOutcome:
        return await self.runner.run(self.request(style, **changes))

    async def check(self, outcome: TransferOutcome) -> None:
        """What the outcome says is so on FreeSWITCH: no leg is left ringing, parked or with music."""
        caller = await self.control.exists(self.caller_uuid)
        assert caller is (outcome.caller in (BACK, CONNECTED))
        if outcome.attendant_uuid is not None:
            attendant = await self.control.exists(outcome.attendant_uuid)
            assert attendant is (outcome.attendant is CONNECTED)
        if outcome.caller is BACK:
            await asyncio.sleep(0.3)
            quiet = time.monotonic()
            assert await self.call.heard(quiet, 0.7) is None, "the caller still hears music"
            frames = len(self.call.caller.frames)
            await asyncio.sleep(0.3)
            assert len(self.call.caller.frames) - frames >= 10, "the caller's stream does not go on"
            assert not self.call.caller.closed.is_set()
        assert self.sweeper.owed == 0


@asynccontextmanager
async def streams() -> AsyncIterator[StreamServer]:
    server = StreamServer(
        MemoryDoor(), lambda *_: None, IngressMetrics(CollectorRegistry()), StreamServerOptions(port=0)
    )
    async with server:
        yield server


@pytest.fixture
async def bridge() -> AsyncIterator[BridgeStandIn]:
    async with bridge_stand_in() as stand_in:
        yield stand_in


@pytest.fixture
async def exchange(bridge: BridgeStandIn, freeswitch: FreeSwitch) -> AsyncIterator[Exchange]:
    if not freeswitch.esl.api("uuid_audio_stream").startswith("-USAGE"):
        pytest.skip("mod_audio_stream is not loaded")
    clock, ears, line = SystemClock(), Ears(["sim, pode passar"]), CuttableLine()
    await line.mend()
    async with (
        EslCallControl(Address(port=line.port)) as control,
        streams() as server,
        realtime_call(bridge, fallback=FALLBACK) as call,
    ):
        await connected(control)
        scheduler = LoopScheduler(asyncio.get_running_loop())
        ways = WayMaker(control, UnicastPorts(), scheduler, Losses())

        name = await _way(control, server, ways)

        async def open_way(leg: Leg) -> WayBack:
            way = ways.make(name, leg)  # type: ignore[arg-type]  # every leg here is a SocketLeg
            await way.open()
            return way

        speakers = Speakers(Rows(LoopClock(), (ears,), (LoudMouth(),), None), PhraseCache(1_000_000))
        lines = AttendantLines(control, server.expect, open_way, speakers, lambda: scheduler, Watcher())
        sweeper = LegSweeper(control, clock)
        sweeping = asyncio.create_task(sweeper.run())
        runner = TransferRunner(control, clock, sweeper, attendants=lines)
        try:
            yield Exchange(call, control, runner, sweeper, freeswitch, ears, line)
        finally:
            sweeping.cancel()
            await asyncio.gather(sweeping, return_exceptions=True)
    await line.cut()


_found: list[WayName] = []


async def _way(control: EslCallControl, server: StreamServer, ways: WayMaker) -> WayName:
    """The one that this build of the module plays, tried once."""
    if not _found:
        decision = await Ways("auto", EchoCalls(control, server).open, ways).decide()
        assert decision.way is not None, "nothing that is sent to a leg is heard"
        _found.append(decision.way)
        print(f"the way back is {decision.way}")  # noqa: T201
    return _found[0]


async def connected(control: EslCallControl, within_s: float = 10) -> None:
    async with asyncio.timeout(within_s):
        while not control.connected:
            await asyncio.sleep(0.02)


async def talks(one: Exchange, desk: DeskPhone) -> None:
    """What either says the other hears."""
    await asyncio.sleep(0.3)
    for speaker, listener in ((one.call.phone, desk), (desk, one.call.phone)):
        said = time.monotonic()
        speaker.say(voiced(600, 8000).samples)
        heard = await asyncio.to_thread(listener.wait_for_sound, 2, said)
        assert heard is not None, f"{listener.user} does not hear {speaker.user}"
        await asyncio.sleep(1.0)


class TestBlind:
    async def test_somebody_answers_and_either_end_ends_both(self, exchange: Exchange) -> None:
        with DeskPhone(Manners(answers_after_s=1.0)) as desk:
            running = asyncio.create_task(exchange.put_through())
            ringing = time.monotonic()
            assert await exchange.call.heard(ringing, 3) is not None, "no music"
            outcome = await running
            assert (outcome.result, outcome.caller, outcome.attendant) == (
                Result.CONNECTED,
                CONNECTED,
                CONNECTED,
            )
            await exchange.check(outcome)
            await talks(exchange, desk)
            assert exchange.call.caller.closed.is_set(), "the secretary still listens"
            desk.hang_up()
            assert await exchange.call.ended(2)
            assert not await exchange.control.exists(exchange.caller_uuid)

    async def test_the_caller_ends_the_connected_call(self, exchange: Exchange) -> None:
        with DeskPhone(Manners()) as desk:
            outcome = await exchange.put_through()
            assert outcome.connected
            exchange.call.phone.hang_up()
            assert await asyncio.to_thread(desk.wait_for_end, 2)
            assert outcome.attendant_uuid is not None
            assert not await exchange.control.exists(outcome.attendant_uuid)

    @pytest.mark.parametrize(
        ("manners", "result", "within_s"),
        [
            (Manners(declines=486), Result.BUSY, 2.0),
            (Manners(declines=603), Result.REFUSED, 2.0),
            (Manners(declines=480), Result.UNREACHABLE, 2.0),
            (Manners(answers_after_s=None), Result.NO_ANSWER, 10.0),
        ],
        ids=["busy", "declined", "do not disturb", "no answer"],
    )
    async def test_nobody_takes_it_and_the_caller_is_back(
        self, exchange: Exchange, manners: Manners, result: TransferResult, within_s: float
    ) -> None:
        with DeskPhone(manners) as desk:
            began = time.monotonic()
            outcome = await exchange.put_through()
            assert time.monotonic() - began <= within_s
            assert (outcome.result, outcome.caller, outcome.attendant) == (result, BACK, GONE)
            await exchange.check(outcome)
            assert desk.answered_at is None
            # In the same conversation: the next one who is rung gets the caller.
            desk.manners = Manners()
            again = await exchange.put_through()
            assert again.connected
            await talks(exchange, desk)

    async def test_a_telephone_that_is_not_there(self, exchange: Exchange) -> None:
        began = time.monotonic()
        outcome = await exchange.put_through()
        assert time.monotonic() - began <= 2.0
        assert (outcome.result, outcome.caller, outcome.attendant) == (Result.UNREACHABLE, BACK, NONE)
        await exchange.check(outcome)

    @pytest.mark.parametrize("after_s", [0.0, 0.02, 0.1, 1.0])
    async def test_the_caller_hangs_up_and_nothing_rings_on(self, exchange: Exchange, after_s: float) -> None:
        with DeskPhone(Manners(answers_after_s=None)) as desk:
            running = asyncio.create_task(exchange.put_through())
            await asyncio.sleep(after_s)
            exchange.call.phone.hang_up()
            outcome = await running
            assert (outcome.result, outcome.caller) == (Result.CALLER_GONE, GONE)
            assert outcome.attendant in (GONE, NONE)
            await asyncio.sleep(1.5)
            if outcome.attendant_uuid is not None:
                assert not await exchange.control.exists(outcome.attendant_uuid)
            assert desk.cancelled == len(desk.rang_at), "the telephone rings on"

    async def test_through_the_dial_plan(self, exchange: Exchange) -> None:
        outcome = await exchange.put_through(destination=QUEUE)
        assert (outcome.result, outcome.caller, outcome.attendant) == (Result.CONNECTED, CONNECTED, CONNECTED)
        since = time.monotonic()
        await asyncio.sleep(1.2)
        assert exchange.call.phone.pitch_hz(since + 0.2, since + 1.1) == pytest.approx(1000, abs=5)
        exchange.call.phone.hang_up()
        await asyncio.sleep(1)
        assert outcome.attendant_uuid is not None
        assert not await exchange.control.exists(outcome.attendant_uuid)


class TestAttended:
    async def test_a_key_of_the_attendant(self, exchange: Exchange) -> None:
        with DeskPhone(Manners()) as desk:
            running = asyncio.create_task(exchange.put_through(ATTENDED))
            assert await asyncio.to_thread(desk.wait_for_sound, 5) is not None, "no briefing"
            await asyncio.sleep(0.5)
            desk.press("1")
            outcome = await running
            assert (outcome.result, outcome.caller, outcome.attendant) == (
                Result.CONNECTED,
                CONNECTED,
                CONNECTED,
            )
            await exchange.check(outcome)
            await talks(exchange, desk)

    async def test_a_spoken_yes_after_the_question(self, exchange: Exchange) -> None:
        with DeskPhone(Manners()) as desk:
            running = asyncio.create_task(exchange.put_through(ATTENDED))
            await self._briefed(desk)
            desk.say(voiced(800, 8000).samples)
            outcome = await running
            assert outcome.result is Result.CONNECTED
            assert exchange.ears.audio, "nobody listened to the answer"
            await talks(exchange, desk)
            desk.hang_up()
            assert await exchange.call.ended(2)

    @pytest.mark.parametrize(
        ("words", "result"), [("agora não", Result.REFUSED), ("quem fala", Result.NOT_ACCEPTED)]
    )
    async def test_anything_but_a_yes(self, exchange: Exchange, words: str, result: TransferResult) -> None:
        exchange.ears.heard[:] = [words]
        with DeskPhone(Manners()) as desk:
            running = asyncio.create_task(exchange.put_through(ATTENDED))
            await self._briefed(desk)
            desk.say(voiced(800, 8000).samples)
            outcome = await running
            assert (outcome.result, outcome.caller, outcome.attendant) == (result, BACK, GONE)
            assert await asyncio.to_thread(desk.wait_for_end, 2)
            await exchange.check(outcome)

    async def test_silence_is_no_yes(self, exchange: Exchange) -> None:
        with DeskPhone(Manners()) as desk:
            outcome = await exchange.put_through(ATTENDED)
            assert (outcome.result, outcome.caller, outcome.attendant) == (Result.NOT_ACCEPTED, BACK, GONE)
            assert await asyncio.to_thread(desk.wait_for_end, 2)
            await exchange.check(outcome)

    @pytest.mark.parametrize("who", ["caller", "attendant"])
    async def test_somebody_hangs_up_during_the_briefing(self, exchange: Exchange, who: str) -> None:
        with DeskPhone(Manners()) as desk:
            running = asyncio.create_task(exchange.put_through(ATTENDED))
            assert await asyncio.to_thread(desk.wait_for_sound, 5) is not None
            hung_up = time.monotonic()
            (exchange.call.phone if who == "caller" else desk).hang_up()
            outcome = await running
            assert time.monotonic() - hung_up <= 2.0
            if who == "caller":
                assert (outcome.result, outcome.caller, outcome.attendant) == (Result.CALLER_GONE, GONE, GONE)
                assert await asyncio.to_thread(desk.wait_for_end, 2), "the attendant is left on the line"
            else:
                assert (outcome.result, outcome.caller, outcome.attendant) == (
                    Result.ATTENDANT_GONE,
                    BACK,
                    GONE,
                )
                await exchange.check(outcome)

    async def _briefed(self, desk: DeskPhone) -> None:
        """Until the question is being put."""
        assert await asyncio.to_thread(desk.wait_for_sound, 5) is not None, "no briefing"
        while True:
            last = desk.last_sound() or 0.0
            if time.monotonic() - last > 0.6:
                return
            await asyncio.sleep(0.05)


class TestTheEventSocketIsCut:
    @pytest.mark.parametrize("style", [BLIND, ATTENDED])
    async def test_what_could_not_be_ended_is_ended_when_it_is_back(
        self, exchange: Exchange, style: TransferStyle
    ) -> None:
        """While it rings (blind), and while the attendant is told (attended)."""
        with DeskPhone(Manners(answers_after_s=None if style is BLIND else 0.3)) as desk:
            running = asyncio.create_task(exchange.put_through(style))
            while not (desk.rang_at if style is BLIND else desk.heard and desk.last_sound()):
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.3)  # FreeSWITCH tells of it
            cut = time.monotonic()
            await exchange.line.cut()
            outcome = await running
            assert time.monotonic() - cut <= 2.0
            assert outcome.result is Result.LOST
            assert outcome.caller_is_back
            assert outcome.attendant is LegState.UNKNOWN
            await exchange.line.mend()
            await connected(exchange.control)
            deadline = time.monotonic() + 5
            while exchange.sweeper.owed:
                assert time.monotonic() < deadline, "it is not ended"
                await asyncio.sleep(0.05)
            assert outcome.attendant_uuid is not None
            assert not await exchange.control.exists(outcome.attendant_uuid)
            await asyncio.sleep(0.5)
            assert desk.cancelled if style is BLIND else desk.ended_at
            quiet = time.monotonic()
            assert await exchange.call.heard(quiet, 0.7) is None, "the caller still hears music"
            assert await exchange.control.exists(exchange.caller_uuid)
