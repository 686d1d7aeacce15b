"""A whole live call on a clock that jumps: the shipped session, ear, playout, cascade and transfers around a caller
who is made of frames, an exchange in memory and providers that do what they are told.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from prometheus_client import CollectorRegistry

from realtime_bridge.leg import Leg, LegEnd, LegFormat, LegListener, WayBack
from realtime_bridge.providers.cascade import CascadeBrain
from realtime_bridge.providers.cascade_parts import CascadeOptions, CascadeParts
from realtime_bridge.providers.seam import Brain
from realtime_bridge.session.call import Call
from realtime_bridge.session.figures import CallFigures
from realtime_bridge.session.host import CallHost, HostParts, open_session_host
from realtime_bridge.session.parts import (
    CallVerbs,
    EndOfTurn,
    MakeBrain,
    SessionOptions,
    SessionParts,
    Tapes,
    Tools,
)
from realtime_bridge.session.registry import CallRegistry
from realtime_bridge.session.view import CallView
from realtime_bridge.tools.runner import ToolRunner
from realtime_bridge.transfer.runner import TransferRunner
from realtime_bridge.transfer.sweeper import LegSweeper
from tests.fakes.cascade_call import Ears, Mouth, Rows
from tests.fakes.chat_model import ScriptedChatModel
from tests.fakes.ears import PhoneEar
from tests.fakes.journal import MemoryJournal
from tests.fakes.pbx import FakePbx
from tests.fakes.secretaries import CALL, DOMAIN, MONDAY_NOON, TENANT, call, plan
from tests.fakes.signals import voiced
from tests.fakes.virtual_time import LoopClock
from voice_ai_service.calls.call_plan import CallPlan
from voice_ai_service.calls.secretary import Secretary
from voice_ai_service.conversations.conversation import Conversation
from voice_ai_service.conversations.repository import MessageVectors
from voice_ai_service.conversations.sessions import CallSessions
from voice_ai_service.conversations.stream_tickets import RedeemedTicket, StreamOptions
from voice_ai_service.db.cache import MemoryCache
from voice_ai_service.dialogue.call_state import CallState, TurnRecord
from voice_ai_service.dialogue.dialogue import Dialogue
from voice_ai_service.dialogue.errands import Errands
from voice_ai_service.dialogue.toolbox import ToolKit
from voice_ai_service.errors import Unavailable, VoiceAiError
from voice_ai_service.metrics import Metrics
from voice_ai_service.providers.tts.cache import PhraseCache
from voice_ai_service.speech.voice import Voice
from voice_ai_service.tenancy.tenant import Tenant
from voice_ai_service.tracing import NoTracer

CHANNEL = UUID("aaaaaaaa-0000-4000-8000-000000000001")
SILENCE = bytes(320)
GREETING = "Olá! Você ligou para Padaria Sol. Como posso ajudar?"


class WallClock(LoopClock):
    """The loop's time; it is noon on a Monday when it is made."""

    def __init__(self) -> None:
        self._made_at = self.monotonic()

    def now(self) -> datetime:
        return MONDAY_NOON + timedelta(seconds=self.monotonic() - self._made_at)


class CallerLeg:
    """The caller's audio path; frames come every 20 ms, silence or what is to be said."""

    def __init__(self, leg_uuid: UUID = CHANNEL) -> None:
        self.leg_uuid = leg_uuid
        self.format = LegFormat()
        self.told: list[dict[str, object]] = []
        self.ended: LegEnd | None = None
        self._listener: LegListener | None = None
        self._to_say: list[bytes] = []

    def listen(self, listener: LegListener) -> None:
        self._listener = listener
        if self.ended is not None:
            listener.on_end(self.ended)

    def tell(self, message: dict[str, object]) -> None:
        if self.ended is None:
            self.told.append(json.loads(json.dumps(message)))

    async def close(self) -> None:
        self.end(LegEnd.OURS)

    def end(self, end: LegEnd = LegEnd.CLOSED) -> None:
        if self.ended is None:
            self.ended = end
            if self._listener is not None:
                self._listener.on_end(end)

    def press(self, digits: str) -> None:
        assert self._listener is not None
        self._listener.on_digits(digits)

    def say(self, ms: int) -> None:
        samples = voiced(ms, 8000).samples
        self._to_say += [samples[at : at + 320] for at in range(0, len(samples) - 319, 320)]

    async def stream(self) -> None:
        while self.ended is None:
            if self._listener is not None:
                self._listener.on_audio(self._to_say.pop(0) if self._to_say else SILENCE)
            await asyncio.sleep(0.02)

    def of(self, kind: str) -> list[dict[str, object]]:
        return [message for message in self.told if message["type"] == kind]


class CallersPbx(FakePbx):
    """Whose channels and streams are the legs of this test."""

    def __init__(self) -> None:
        super().__init__()
        self.legs: dict[UUID, CallerLeg] = {}

    def _end(self, channel_uuid: UUID, cause: str) -> None:
        super()._end(channel_uuid, cause)
        if channel_uuid in self.legs:
            self.legs[channel_uuid].end()

    async def stop_stream(self, channel_uuid: UUID) -> None:
        await super().stop_stream(channel_uuid)
        if channel_uuid in self.legs:
            self.legs[channel_uuid].end()


@dataclass
class Archive:
    """Stores conversations; `away` so many times first."""

    stored: list[Conversation] = field(default_factory=list)
    away: int = 0

    async def store(self, conversation: Conversation, vectors: MessageVectors | None = None) -> UUID:
        if self.away:
            self.away -= 1
            raise Unavailable("the database is not reachable")
        self.stored.append(conversation)
        return uuid4()


@dataclass
class KeptTapes:
    """A recorder in memory."""

    frames: list[tuple[bytes, bytes]] = field(default_factory=list)
    made: int = 0

    def tape(self, state: CallState, sample_rate_hz: int) -> KeptTapes:
        self.made += 1
        return self

    def frame(self, caller: bytes, secretary: bytes) -> None:
        self.frames.append((caller, secretary))

    async def finish(self) -> str | None:
        return "call.wav"


@dataclass
class Folders:
    tidied: list[UUID] = field(default_factory=list)

    async def tidy(self, domain_uuid: UUID, call_uuid: UUID, keep: Sequence[str] = ()) -> bool:
        self.tidied.append(call_uuid)
        return True


@dataclass
class OneTenant:
    """Directory, tenants, ways and voices of one secretary."""

    rows: Rows
    phrases: PhraseCache
    the_plan: CallPlan
    tenant: Tenant = TENANT
    failure: VoiceAiError | None = None
    ears: list[PhoneEar] = field(default_factory=list)

    async def for_version(self, domain_uuid: UUID, secretary_uuid: UUID, version: int) -> CallPlan:
        if self.failure is not None:
            raise self.failure
        return self.the_plan

    async def by_uuid(self, domain_uuid: UUID) -> Tenant:
        return self.tenant

    async def open(self, leg: Leg, options: StreamOptions) -> WayBack:
        ear = PhoneEar(asyncio.get_running_loop().time, leg.format)
        await ear.open()
        self.ears.append(ear)
        return ear

    async def voice(self, secretary: Secretary, sample_rate_hz: int) -> Voice:
        chain = await self.rows.tts(secretary.domain_uuid)
        return Voice(chain, self.phrases, secretary, sample_rate_hz)


class Brains:
    """The cascade, after whatever brains a test puts before it."""

    def __init__(self, parts: CascadeParts, *, options: CascadeOptions | None = None) -> None:
        self._parts = parts
        self._options = options
        self.first: list[Callable[[CallView], Brain]] = []
        self.cascades = 1
        self.failure: VoiceAiError | None = None
        self.verbs: CallVerbs | None = None
        self.kit = ToolKit((), Errands())

    async def in_order(
        self, view: CallView, sample_rate_hz: int, verbs: CallVerbs
    ) -> tuple[Sequence[MakeBrain], Tools]:
        if self.failure is not None:
            raise self.failure
        self.verbs = verbs
        makers: list[MakeBrain] = [lambda make=make: make(view) for make in self.first]  # type: ignore[misc]
        makers += [self._cascade(view, sample_rate_hz)] * self.cascades
        return makers, ToolRunner(self.kit)

    def _cascade(self, view: CallView, sample_rate_hz: int) -> MakeBrain:
        return lambda: CascadeBrain(self._parts, view, sample_rate_hz, options=self._options, tools=self.kit)


class LiveCall:
    """One caller and the secretary; see `live_call`."""

    def __init__(
        self, host: CallHost, leg: CallerLeg, pbx: CallersPbx, place: OneTenant, brains: Brains
    ) -> None:
        self.host = host
        self.leg = leg
        self.pbx = pbx
        self.place = place
        self.brains = brains
        self.archive: Archive
        self.journal: MemoryJournal
        self.metrics: Metrics
        self.board: MemoryCache
        self.let_go: list[UUID]
        self.began_again_at = 0.0

    def again(self) -> None:
        """Another call comes to the same secretary."""
        self.leg = CallerLeg()
        self.pbx.call_in(CHANNEL)
        self.pbx.legs[CHANNEL] = self.leg
        self.began_again_at = asyncio.get_running_loop().time()
        self.host.on_call(self.leg, ticket(call()))

    @property
    def call(self) -> Call:
        found = self.host.registry.find(CALL)
        assert found is not None, "the call is over"
        return found

    @property
    def ear(self) -> PhoneEar:
        return self.place.ears[0]

    @property
    def phase(self) -> str:
        found = self.host.registry.find(CALL)
        return found.live.phases.now.value if found is not None else "ended"

    @property
    def turns(self) -> list[TurnRecord]:
        return self.call.live.state.turns

    @property
    def conversation(self) -> Conversation:
        assert len(self.archive.stored) == 1, f"stored {len(self.archive.stored)} times"
        return self.archive.stored[0]

    def figure(self, name: str, **labels: str) -> float:
        registry: CollectorRegistry = self.metrics.registry
        return registry.get_sample_value(name, labels) or 0.0

    async def until(self, true: Callable[[], object], within_s: float = 60.0) -> None:
        deadline = asyncio.get_running_loop().time() + within_s
        while not true():
            assert asyncio.get_running_loop().time() < deadline, f"it never came to that; {self.phase}"
            await asyncio.sleep(0.02)

    async def greeted(self) -> None:
        await self.until(lambda: self.phase == "listening")

    async def says(self, ms: int = 1000) -> None:
        """Until the last of it was spoken."""
        self.leg.say(ms)
        await asyncio.sleep(ms / 1000)

    async def answered(self, turn: int) -> TurnRecord:
        """The reply to a turn was heard, or interrupted."""
        found: list[TurnRecord] = []

        def over() -> bool:
            found[:] = [one for one in self.turns if one.turn == turn and one.played_ms is not None]
            return bool(found)

        await self.until(over)
        return found[-1]

    async def over(self, within_s: float = 60.0) -> Conversation:
        await self.until(lambda: not len(self.host.registry), within_s)
        return self.conversation


@asynccontextmanager
async def live_call(
    *,
    ears: Ears | None = None,
    mouth: Mouth | None = None,
    model: ScriptedChatModel | None = None,
    settings: dict[str, Any] | None = None,
    options: SessionOptions | None = None,
    cascade: CascadeOptions | None = None,
    control: str = "pbx",
    end_of_turn: EndOfTurn | None = None,
    tapes: Tapes | None = None,
    before: Callable[[LiveCall], None] = lambda _: None,
    **state: Any,
) -> AsyncIterator[LiveCall]:
    """The call has begun: its socket is open and nobody has heard anything yet.

    Args:
        before: Arranges things before the socket opens.
    """
    clock = WallClock()
    rows = Rows(clock, (ears or Ears(),), (mouth or Mouth(),), model)
    phrases = PhraseCache(1_000_000)
    place = OneTenant(rows, phrases, plan({"disclosure": False} | (settings or {})))
    brains = Brains(CascadeParts(rows, Dialogue(clock), phrases, clock), options=cascade)
    leg = CallerLeg()
    pbx = CallersPbx()
    async with pbx:
        pbx.call_in(CHANNEL)
        pbx.legs[CHANNEL] = leg
        sweeper = LegSweeper(pbx, clock)
        here = LiveCall.__new__(LiveCall)
        archive, journal, metrics = Archive(), MemoryJournal(), Metrics()
        board = MemoryCache(clock)
        let_go: list[UUID] = []

        async def note_let_go(ticket: RedeemedTicket) -> None:
            let_go.append(ticket.call_uuid)

        async with CallSessions(journal, MemoryCache(clock), clock) as sessions:
            parts = HostParts(
                session=SessionParts(
                    sessions=sessions,
                    store=archive,
                    folders=Folders(),
                    control=pbx,
                    brains=brains,
                    voices=place,
                    transfers=TransferRunner(pbx, clock, sweeper),
                    figures=CallFigures(metrics),
                    tracer=NoTracer(),
                    clock=clock,
                    end_of_turn=end_of_turn,
                    tapes=tapes,
                    options=options or SessionOptions(strict=True),
                ),
                registry=CallRegistry(clock, "bridge-1", board=board),
                directory=place,
                tenants=place,
                ways=place,
                scheduler=asyncio.get_running_loop,
                let_go=note_let_go,
            )
            async with open_session_host(parts) as host:
                LiveCall.__init__(here, host, leg, pbx, place, brains)
                here.archive, here.journal, here.metrics = archive, journal, metrics
                here.board, here.let_go = board, let_go
                before(here)
                host.on_call(leg, ticket(call(**state), control))
                sweeping = asyncio.create_task(sweeper.run())
                streaming = asyncio.create_task(leg.stream())
                while not len(host.registry) and leg.ended is None:
                    await asyncio.sleep(0)
                try:
                    yield here
                finally:
                    sweeping.cancel()
                    leg.end()
                    here.leg.end()
                    await asyncio.gather(sweeping, streaming, return_exceptions=True)
        await phrases.aclose()


def ticket(state: CallState, control: str = "pbx") -> RedeemedTicket:
    return RedeemedTicket(
        call_uuid=state.call_uuid,
        domain_uuid=DOMAIN,
        channel_uuid=CHANNEL,
        options=StreamOptions.model_validate({"control": control}),
        state=state,
    )
