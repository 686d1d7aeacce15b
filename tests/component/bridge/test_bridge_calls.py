"""Whole calls over a real WebSocket on loopback: the shipped ingress, session, ear, playout and cascade, in real time.

The provider behind every chain is a script; nothing else is.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import websockets
from websockets.asyncio.client import ClientConnection

from realtime_bridge.ingress.metrics import IngressMetrics
from realtime_bridge.ingress.server import StreamServer, StreamServerOptions
from realtime_bridge.leg import Leg, WayBack
from realtime_bridge.playout.scheduler import LoopScheduler
from realtime_bridge.providers.cascade_parts import CascadeParts
from realtime_bridge.session.figures import CallFigures
from realtime_bridge.session.host import CallHost, HostParts, open_session_host
from realtime_bridge.session.parts import SessionOptions, SessionParts
from realtime_bridge.session.registry import CallRegistry
from realtime_bridge.transfer.runner import TransferRunner
from realtime_bridge.transfer.sweeper import LegSweeper
from tests.fakes.brains import ToldBrain
from tests.fakes.cascade_call import Ears, Mouth, Rows
from tests.fakes.journal import MemoryJournal
from tests.fakes.live_call import GREETING, Archive, Brains, CallersPbx, Folders, OneTenant, WallClock
from tests.fakes.loops import both_loops
from tests.fakes.secretaries import call, plan
from tests.fakes.signals import voiced
from tests.fakes.stream_door import MemoryDoor
from voice_ai_service.conversations.conversation import Conversation
from voice_ai_service.conversations.sessions import CallSessions
from voice_ai_service.conversations.stream_tickets import RedeemedTicket, StreamOptions
from voice_ai_service.db.cache import MemoryCache
from voice_ai_service.dialogue.dialogue import Dialogue
from voice_ai_service.metrics import Metrics
from voice_ai_service.providers.tts.cache import PhraseCache
from voice_ai_service.tracing import NoTracer

SILENCE = bytes(320)
ADDRESS = "Ficamos na Rua das Flores, número dez."


class SocketPlace(OneTenant):
    """The way back is the leg's own socket."""

    async def open(self, leg: Leg, options: StreamOptions) -> WayBack:
        way: WayBack = leg.way_back  # type: ignore[attr-defined]
        await way.open()
        return way


class Bridge:
    def __init__(self, server: StreamServer, host: CallHost, archive: Archive, brains: Brains) -> None:
        self.server = server
        self.host = host
        self.archive = archive
        self.brains = brains
        self.door: MemoryDoor

    async def conversation(self) -> Conversation:
        async with asyncio.timeout(10):
            while len(self.host.registry) or not self.archive.stored:
                await asyncio.sleep(0.02)
        assert len(self.archive.stored) == 1
        return self.archive.stored[0]


class Caller:
    """Sends a frame every 20 ms and keeps what comes back."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.heard = bytearray()
        self.told: list[dict[str, Any]] = []
        self.sound_at = 0.0
        """When sound last came, in the loop's time."""
        self._to_say: list[bytes] = []

    async def send(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        try:
            while True:
                await self.socket.send(self._to_say.pop(0) if self._to_say else SILENCE)
                due += 0.02
                await asyncio.sleep(max(0.0, due - loop.time()))
        except websockets.ConnectionClosed:
            return

    async def receive(self) -> None:
        async for message in self.socket:
            if isinstance(message, str):
                self.told.append(json.loads(message))
            elif message.strip(b"\0"):
                self.heard += message
                self.sound_at = asyncio.get_running_loop().time()

    async def says(self, ms: int = 600) -> None:
        samples = voiced(ms, 8000).samples
        self._to_say += [samples[at : at + 320] for at in range(0, len(samples) - 319, 320)]
        await asyncio.sleep(ms / 1000)

    async def until(self, true: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not true():
                await asyncio.sleep(0.01)

    async def state(self, state: str) -> None:
        """The session is in it now."""

        def is_there() -> bool:
            states = self.of("state")
            return bool(states) and states[-1]["state"] == state

        await self.until(is_there)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.told if message["type"] == kind]

    async def turn(self, number: int) -> dict[str, Any]:
        await self.until(lambda: [one for one in self.of("turn") if one["turn"] == number])
        return next(one for one in self.of("turn") if one["turn"] == number)


@asynccontextmanager
async def bridge(ears: Ears, *, before: Callable[[Brains], None] = lambda _: None) -> AsyncIterator[Bridge]:
    clock, phrases, pbx, door = WallClock(), PhraseCache(1_000_000), CallersPbx(), MemoryDoor()
    rows = Rows(clock, (ears,), (Mouth(first_byte_s=0.01),))
    place = SocketPlace(rows, phrases, plan({"disclosure": False}))
    brains = Brains(CascadeParts(rows, Dialogue(clock), phrases, clock))
    before(brains)
    metrics, archive = Metrics(), Archive()
    async with CallSessions(MemoryJournal(), MemoryCache(clock), clock) as sessions:
        session = SessionParts(
            sessions=sessions,
            store=archive,
            folders=Folders(),
            control=pbx,
            brains=brains,
            voices=place,
            transfers=TransferRunner(pbx, clock, LegSweeper(pbx, clock)),
            figures=CallFigures(metrics),
            tracer=NoTracer(),
            clock=clock,
            options=SessionOptions(strict=True),
        )
        loop = asyncio.get_running_loop()
        parts = HostParts(
            session=session,
            registry=CallRegistry(clock, "bridge-1"),
            directory=place,
            tenants=place,
            ways=place,
            scheduler=lambda: LoopScheduler(loop),
            let_go=door.let_go,
        )
        async with (
            open_session_host(parts) as host,
            StreamServer(
                door, host.on_call, IngressMetrics(metrics.registry), StreamServerOptions(port=0)
            ) as server,
        ):
            here = Bridge(server, host, archive, brains)
            here.door = door
            yield here
    await phrases.aclose()


@asynccontextmanager
async def caller(here: Bridge) -> AsyncIterator[Caller]:
    state, token = call(mode="realtime"), uuid4().hex
    options = StreamOptions(control="socket", playout="socket")
    here.door.tickets[token] = RedeemedTicket(state.call_uuid, state.domain_uuid, uuid4(), options, state)
    url = f"ws://127.0.0.1:{here.server.port}/stream/{state.call_uuid}?token={token}"
    async with websockets.connect(url, compression=None) as socket:
        someone = Caller(socket)
        beside = [asyncio.create_task(someone.send()), asyncio.create_task(someone.receive())]
        try:
            yield someone
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)


@both_loops
async def test_a_whole_call() -> None:
    ears = Ears(["qual o endereço", "não, espere", "tchau"], delay_s=0.05)
    async with bridge(ears) as here:
        async with caller(here) as someone:
            await someone.state("listening")
            assert someone.of("turn")[0]["said"] == GREETING
            await someone.says()
            await someone.state("speaking")
            await asyncio.sleep(0.6)
            spoke_at = asyncio.get_running_loop().time()
            await someone.says(900)
            cut = await someone.turn(1)
            assert (cut["heard"], cut["said"], cut["barged_in"]) == ("qual o endereço", ADDRESS, True)
            assert 0 < cut["heard_ms"] < cut["audio_ms"]
            assert ADDRESS.startswith(cut["said_heard"])
            assert cut["said_heard"] != ADDRESS
            assert cut["latency_ms"]["other"] <= 0.05 * cut["latency_ms"]["total"]
            await someone.turn(2)
            await someone.state("listening")
            await someone.socket.send(json.dumps({"type": "dtmf", "digit": "7"}))
            assert (await someone.turn(3))["digits"] == "7"
            await someone.state("listening")
            await someone.says()
            farewell = await someone.turn(4)
            assert farewell["action"] == "hangup"
            assert farewell["heard_ms"] == farewell["audio_ms"]
            await someone.until(lambda: someone.of("hangup"))
            assert someone.of("clearAudio")
            assert someone.of("alive")
            await someone.socket.close()
            assert someone.sound_at > spoke_at
        stored = await here.conversation()
    assert stored.end_reason == "completed"
    assert [message.digits for message in stored.messages if message.digits] == ["7"]
    assert [one.heard_text for one in stored.messages if one.barged_in] == [cut["said_heard"]]
    assert stored.turn_count == 4


@both_loops
async def test_a_caller_whose_socket_is_cut() -> None:
    async with bridge(Ears(["qual o endereço"], delay_s=0.01)) as here:
        async with caller(here) as someone:
            await someone.state("listening")
            await someone.says()
            await someone.state("speaking")
            await asyncio.sleep(0.5)
            someone.socket.transport.abort()
        stored = await here.conversation()
        assert here.server.live == 0
    assert stored.end_reason == "caller_hangup"
    assert 200 < (stored.messages[-1].played_ms or 0) < stored.messages[-1].audio_ms


@both_loops
async def test_a_brain_that_dies_in_mid_call() -> None:
    vendor = ToldBrain(owns_turns=False)
    async with bridge(
        Ears(["qual o endereço"], delay_s=0.01),
        before=lambda brains: brains.first.append(lambda view: vendor),
    ) as here:
        async with caller(here) as someone:
            await someone.state("listening")
            await someone.says()
            await someone.state("thinking")
            failed_at = asyncio.get_running_loop().time()
            vendor.fails()
            await someone.state("speaking")
            assert asyncio.get_running_loop().time() - failed_at < 3
            assert (await someone.turn(1))["said"] == ADDRESS
            assert vendor.frames > 50
            await someone.socket.close()
        await here.conversation()
