"""The line to who was rung, on a clock that jumps: shipped playout, ear and chains; the leg is in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from realtime_bridge.leg import Leg, LegFormat, WayBack
from realtime_bridge.transfer.attendant_line import AttendantLines
from realtime_bridge.transfer.seam import AttendantLine, AttendantPressed, AttendantSaid
from tests.fakes.cascade_call import Ears, Mouth, Rows, down
from tests.fakes.ears import PhoneEar, Watcher
from tests.fakes.live_call import CallerLeg
from tests.fakes.pbx import FakePbx
from tests.fakes.secretaries import TENANT, plan
from tests.fakes.virtual_time import LoopClock, virtual_time
from voice_ai_service.calls.call_plan import CallPlan
from voice_ai_service.errors import NotFound, ProviderError, Unavailable
from voice_ai_service.providers.chains import SttChain
from voice_ai_service.providers.tts.cache import PhraseCache
from voice_ai_service.speech.voice import Voice

ATTENDANT = UUID("bbbbbbbb-0000-4000-8000-000000000002")


@dataclass
class Expected:
    leg: CallerLeg
    comes: bool = True
    url: str = "ws://bridge/attendant"
    cancelled: bool = False

    async def arrives(self, timeout_s: float = 3.0) -> Leg:
        if not self.comes:
            await asyncio.sleep(timeout_s)
            raise Unavailable("The leg's stream did not come")
        return self.leg

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class Place:
    """An attendant whose leg is parked, and everybody who works on it."""

    pbx: FakePbx
    ears: Ears = field(default_factory=lambda: Ears(["sim"]))
    mouth: Mouth = field(default_factory=Mouth)
    leg: CallerLeg = field(default_factory=lambda: CallerLeg(ATTENDANT))
    phrases: PhraseCache = field(default_factory=lambda: PhraseCache(1_000_000))
    comes: bool = True

    def __post_init__(self) -> None:
        self.rows = Rows(LoopClock(), (self.ears,), (self.mouth,), None)
        self.ear = PhoneEar(asyncio.get_running_loop().time, self.leg.format)
        self.expected = Expected(self.leg, self.comes)
        channel = self.pbx.call_in(ATTENDANT)
        channel.stream = None

    async def recogniser(self, plan: CallPlan) -> SttChain:
        return await self.rows.stt(plan.secretary.domain_uuid)

    async def voice(self, plan: CallPlan, sample_rate_hz: int) -> Voice:
        chain = await self.rows.tts(plan.secretary.domain_uuid)
        return Voice(chain, self.phrases, plan.secretary, sample_rate_hz)

    def expect(self, channel_uuid: UUID, format: LegFormat) -> Expected:  # noqa: A002
        return self.expected

    async def open_way(self, leg: Leg) -> WayBack:
        await self.ear.open()
        return self.ear

    @asynccontextmanager
    async def line(self) -> AsyncIterator[AttendantLine]:
        lines = AttendantLines(
            self.pbx,
            self.expect,
            self.open_way,
            self,
            asyncio.get_running_loop,
            Watcher(),
        )
        streaming = asyncio.create_task(self.leg.stream())
        try:
            async with lines.line(ATTENDANT, plan=plan(), tenant=TENANT, language="pt-BR") as line:
                yield line
        finally:
            streaming.cancel()
            await asyncio.gather(streaming, return_exceptions=True)
            await self.phrases.aclose()

    def check_let_go(self) -> None:
        assert self.leg.ended is not None, "the socket was left open"
        channel = self.pbx.channels.get(ATTENDANT)
        assert channel is None or channel.stream is None, "the leg is streamed on"


@virtual_time
async def test_what_is_said_is_heard_before_it_counts_as_said() -> None:
    async with FakePbx() as pbx:
        place = Place(pbx)
        async with place.line() as line:
            assert pbx.channels[ATTENDANT].stream == "ws://bridge/attendant"
            began = asyncio.get_running_loop().time()
            await line.say("Chamada de Ana, sobre o boleto.", "pt-BR")
            took_s = asyncio.get_running_loop().time() - began
            assert took_s == pytest.approx(len("Chamada de Ana, sobre o boleto.") * 0.05, abs=0.3)
        place.check_let_go()


@virtual_time
async def test_a_voice_that_is_cut_off_is_silent_and_can_speak_again() -> None:
    async with FakePbx() as pbx:
        place = Place(pbx)
        async with place.line() as line:
            saying = asyncio.create_task(
                line.say("Uma frase bem longa que ninguém ouve até o fim." * 3, "pt-BR")
            )
            await asyncio.sleep(0.5)
            saying.cancel()
            await asyncio.gather(saying, return_exceptions=True)
            assert saying.cancelled()
            await line.say("Certo.", "pt-BR")
        place.check_let_go()


@virtual_time
async def test_words_and_keys_come_in_order() -> None:
    async with FakePbx() as pbx:
        place = Place(pbx, Ears(["quem fala", "sim"]))
        async with place.line() as line:
            heard = line.heard()
            place.leg.say(900)
            assert await anext(heard) == AttendantSaid("quem fala", "pt-BR")
            place.leg.press("51")
            assert [await anext(heard), await anext(heard)] == [AttendantPressed("5"), AttendantPressed("1")]
            place.leg.say(900)
            assert await anext(heard) == AttendantSaid("sim", "pt-BR")
            place.leg.end()
            with pytest.raises(StopAsyncIteration):
                await anext(heard)
        place.check_let_go()


@virtual_time
async def test_speech_that_nobody_recognises_is_no_answer() -> None:
    async with FakePbx() as pbx:
        place = Place(pbx, Ears([down()]))
        async with place.line() as line:
            place.leg.say(900)
            assert await anext(line.heard()) == AttendantSaid("")


@virtual_time
async def test_silence_says_nothing() -> None:
    async with FakePbx() as pbx:
        place = Place(pbx)
        async with place.line() as line:
            reading = asyncio.ensure_future(anext(line.heard()))
            await asyncio.sleep(20)
            assert not reading.done()
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        assert place.ears.audio == []


@virtual_time
async def test_a_voice_that_fails_is_told() -> None:
    async with FakePbx() as pbx:
        place = Place(pbx, mouth=Mouth(fails=[down()] * 5))
        async with place.line() as line:
            with pytest.raises(ProviderError):
                await line.say("Chamada de Ana.", "pt-BR")
        place.check_let_go()


@virtual_time
async def test_a_stream_that_does_not_come_opens_no_line() -> None:
    async with FakePbx() as pbx:
        place = Place(pbx, comes=False)
        with pytest.raises(Unavailable):
            async with place.line():
                raise AssertionError("there is no line")
        assert place.expected.cancelled


@virtual_time
async def test_a_leg_that_is_gone_opens_no_line() -> None:
    async with FakePbx() as pbx:
        place = Place(pbx)
        pbx.party_hangs_up(ATTENDANT)
        with pytest.raises(NotFound):
            async with place.line():
                raise AssertionError("there is no line")
        assert place.expected.cancelled


@virtual_time
async def test_a_way_back_that_does_not_open_leaves_nothing_open() -> None:
    async with FakePbx() as pbx:
        place = Place(pbx)

        async def refuse(leg: Leg) -> WayBack:
            raise Unavailable("This way back needs a PBX")

        place.open_way = refuse  # type: ignore[method-assign]
        with pytest.raises(Unavailable):
            async with place.line():
                raise AssertionError("there is no line")
        place.check_let_go()
