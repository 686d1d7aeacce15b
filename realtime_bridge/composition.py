"""The bridge's composition root: settings become its parts. Nothing else names concrete ones."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from realtime_bridge.brains import Brains
from realtime_bridge.call_control import CallControl
from realtime_bridge.esl.absent import NoPbx
from realtime_bridge.esl.control import EslCallControl
from realtime_bridge.esl.event_socket import Address
from realtime_bridge.figures import BridgeFigures
from realtime_bridge.ingress.door import TicketDoor
from realtime_bridge.ingress.health import not_draining
from realtime_bridge.ingress.metrics import IngressMetrics
from realtime_bridge.ingress.server import StreamServer, StreamServerOptions, tls_from
from realtime_bridge.ingress.socket_leg import SocketLeg
from realtime_bridge.leg import Leg, WayBack
from realtime_bridge.playout.scheduler import LoopScheduler
from realtime_bridge.playout.trial import EchoCalls
from realtime_bridge.playout.unicast import UnicastPorts
from realtime_bridge.playout.ways import WayMaker, WayName, Ways
from realtime_bridge.providers.cascade_parts import CascadeParts
from realtime_bridge.providers.realtime_brains import RealtimeBrains
from realtime_bridge.recording.opened import open_tapes
from realtime_bridge.session.figures import CallFigures
from realtime_bridge.session.host import CallHost, HostParts, open_session_host
from realtime_bridge.session.parts import SessionParts
from realtime_bridge.session.playout_watch import PlayoutWatch
from realtime_bridge.session.registry import CallRegistry
from realtime_bridge.session.warm import warm_all
from realtime_bridge.tools.kit import CallTools
from realtime_bridge.transfer.attendant_line import AttendantLines
from realtime_bridge.transfer.runner import TransferRunner
from realtime_bridge.transfer.sweeper import LegSweeper
from realtime_bridge.turn.end_of_turn import EndOfTurnModel, find_model
from voice_ai_service import __version__
from voice_ai_service.calls.call_plan import CallPlan
from voice_ai_service.calls.repository import SecretaryRepository
from voice_ai_service.calls.secretary import Secretary
from voice_ai_service.clock import Clock
from voice_ai_service.conversations.stream_tickets import StreamOptions, StreamTickets
from voice_ai_service.conversations.vectors import message_vectors
from voice_ai_service.errors import ProviderError, Unavailable
from voice_ai_service.foundation import Foundation, open_foundation, readiness
from voice_ai_service.metrics import Metrics
from voice_ai_service.providers.chains import SttChain
from voice_ai_service.providers.factory import ProviderFactory
from voice_ai_service.providers.tts.cache import PhraseCache
from voice_ai_service.readiness import Readiness
from voice_ai_service.settings import Settings
from voice_ai_service.speech.voice import Voice

log = structlog.get_logger()


MakeDoor = Callable[[StreamTickets, Clock, str], TicketDoor]


@dataclass(frozen=True, slots=True)
class Bridge:
    server: StreamServer
    host: CallHost
    ways: Ways
    readiness: Readiness
    control: CallControl


@asynccontextmanager
async def open_bridge(
    settings: Settings, metrics: Metrics, clock: Clock, *, make_door: MakeDoor = TicketDoor
) -> AsyncIterator[Bridge]:
    """Opens everything in order and closes it in the opposite order.

    Args:
        make_door: Who may stream; benchmarks let anybody in.

    Raises:
        InvalidInput: settings that contradict themselves.
        Unavailable: the database is not there, or is not migrated.
    """
    async with AsyncExitStack() as stack:
        base = await stack.enter_async_context(open_foundation(settings, metrics, clock))
        calls = CallFigures(metrics)
        figures = BridgeFigures(metrics.registry, calls.speculation)
        scheduler = LoopScheduler(asyncio.get_running_loop())
        control = await _pbx(settings, figures, stack)
        name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        door = make_door(StreamTickets(base.database), clock, name)
        server, host, ways = await _calls(
            settings, base, stack, clock=clock, door=door, control=control, scheduler=scheduler,
            calls=calls, figures=figures, metrics=metrics, name=name,
        )  # fmt: skip
        await _background(
            stack,
            (
                "ticket leases",
                door.keep_alive(lambda: host.registry.uuids),
            ),
        )
        await _background(stack, ("month's costs", base.spending.run()))
        if isinstance(control, EslCallControl):
            await _background(stack, ("way back", ways.keep_deciding(lambda: control.connected, clock)))
        log.info("bridge open", version=__version__, port=server.port)
        yield Bridge(server, host, ways, _readiness(base, settings, control, ways, server), control)


async def _calls(
    settings: Settings,
    base: Foundation,
    stack: AsyncExitStack,
    *,
    clock: Clock,
    door: TicketDoor,
    control: CallControl,
    scheduler: LoopScheduler,
    calls: CallFigures,
    figures: BridgeFigures,
    metrics: Metrics,
    name: str,
) -> tuple[StreamServer, CallHost, Ways]:
    """The socket, the sessions behind it and the ways back; each needs the others, so they meet here."""
    host: CallHost | None = None

    def on_call(leg: SocketLeg, ticket: Any) -> None:
        assert host is not None  # noqa: S101  the server listens once the host is there
        host.on_call(leg, ticket)

    server = StreamServer(door, on_call, IngressMetrics(metrics.registry), await _socket_options(settings))
    ways, openers = _ways(settings, control, server, scheduler, figures)
    speakers = _Speakers(base.factory, base.phrases)
    sweeper = LegSweeper(control, clock)
    attendants = AttendantLines(
        control=control,
        expect=server.expect,
        open_way=lambda leg: openers.open(leg, StreamOptions()),
        speakers=speakers,
        scheduler=lambda: scheduler,
        observer=PlayoutWatch(calls),
    )
    session = SessionParts(
        sessions=base.sessions,
        store=base.conversations,
        folders=base.folders,
        control=control,
        brains=_brains(base, control, figures, clock),
        voices=speakers,
        transfers=TransferRunner(
            control, clock, sweeper, attendants=attendants, observer=figures.on_transfer
        ),
        figures=calls,
        tracer=base.tracer,
        clock=clock,
        end_of_turn=await _end_of_turn(settings, stack, clock),
        tapes=await stack.enter_async_context(
            open_tapes(settings.data_dir / "recordings", base.recordings, metrics.registry)
        ),
        vectors=partial(message_vectors, base.factory, metrics),
        stops=base.spending.stops,
    )
    registry = CallRegistry(clock, name, max_calls=settings.bridge_max_calls, board=base.shared.cache)
    host = await stack.enter_async_context(
        open_session_host(
            HostParts(
                session=session,
                registry=registry,
                directory=base.book,
                tenants=base.domains,
                ways=openers,
                scheduler=lambda: scheduler,
                let_go=door.let_go,
            )
        )
    )
    await stack.enter_async_context(server)
    await _background(stack, ("legs to end", sweeper.run()), ("first words", _warm(base, speakers, clock)))
    return server, host, ways


async def _pbx(settings: Settings, figures: BridgeFigures, stack: AsyncExitStack) -> CallControl:
    if settings.esl_host is None:
        return NoPbx()
    address = Address(settings.esl_host, settings.esl_port, settings.esl_password.get_secret_value())
    return await stack.enter_async_context(EslCallControl(address, observer=figures))


async def _socket_options(settings: Settings) -> StreamServerOptions:
    return StreamServerOptions(
        host=settings.bridge_host,
        port=settings.bridge_port,
        address=settings.bridge_own_url or settings.bridge_public_url,
        # One above hears that all lines are busy, which needs a socket.
        max_calls=settings.bridge_max_calls + max(10, settings.bridge_max_calls // 10),
        tls=await asyncio.to_thread(tls_from, settings.bridge_tls_certificate, settings.bridge_tls_key),
    )


def _ways(
    settings: Settings,
    control: CallControl,
    server: StreamServer,
    scheduler: LoopScheduler,
    figures: BridgeFigures,
) -> tuple[Ways, _WayOpener]:
    if not isinstance(control, EslCallControl):
        ways = Ways(settings.bridge_playout, None, None)
        return ways, _WayOpener(ways, None)
    maker = WayMaker(control, UnicastPorts.of(settings), scheduler, figures)
    ways = Ways(settings.bridge_playout, EchoCalls(control, server).open, maker)
    return ways, _WayOpener(ways, maker)


@dataclass(frozen=True, slots=True)
class _WayOpener:
    """`session.host.Ways`."""

    ways: Ways
    maker: WayMaker | None

    async def open(self, leg: Leg, options: StreamOptions) -> WayBack:
        name = self.ways.way_for(options.playout)
        if name is WayName.SOCKET or self.maker is None:
            if not isinstance(leg, SocketLeg) or name is not WayName.SOCKET:
                raise Unavailable("This way back needs a PBX", field="stream.playout", fix="Use socket")
            way: WayBack = leg.way_back
        else:
            way = self.maker.make(name, leg)  # type: ignore[arg-type]  # every leg here is a SocketLeg
        await way.open()
        return way


@dataclass(frozen=True, slots=True)
class _Speakers:
    """The tenant's voices and recognisers, for the session's own words and for attendants."""

    factory: ProviderFactory
    phrases: PhraseCache

    async def recogniser(self, plan: CallPlan) -> SttChain:
        secretary = plan.secretary
        return await self.factory.stt(secretary.domain_uuid, secretary.settings.providers.stt)

    async def voice(self, plan: CallPlan | Secretary, sample_rate_hz: int) -> Voice:
        secretary = plan.secretary if isinstance(plan, CallPlan) else plan
        chain = await self.factory.tts(secretary.domain_uuid, secretary.settings.providers.tts)
        return Voice(chain, self.phrases, secretary, sample_rate_hz)


def _brains(base: Foundation, control: CallControl, figures: BridgeFigures, clock: Clock) -> Brains:
    cascade = CascadeParts(
        providers=base.factory,
        dialogue=base.dialogue,
        phrases=base.phrases,
        clock=clock,
        passages=base.knowledge,
        folder=base.folders,
        observer=figures,
    )
    tools = CallTools(
        tickets=base.tickets,
        errands=base.errands,
        clock=clock,
        control=None if isinstance(control, NoPbx) else control,
        passages=base.knowledge,
    )
    return Brains(cascade, tools, realtime=RealtimeBrains(base.factory, observer=figures.realtime))


async def _end_of_turn(settings: Settings, stack: AsyncExitStack, clock: Clock) -> EndOfTurnModel | None:
    """None where its file or onnxruntime is not installed: the silence timer decides alone."""
    path = await asyncio.to_thread(find_model, settings.data_dir / "models")
    if path is None:
        return None
    model = EndOfTurnModel(path, clock=clock)
    stack.push_async_callback(model.aclose)
    try:
        await model.start()
    except ProviderError as error:
        log.warning("the end-of-turn model does not run", code=error.code)
        return None
    return model


async def _warm(base: Foundation, speakers: _Speakers, clock: Clock) -> None:
    """Engines first, then what the callers of each secretary hear first; calls are served meanwhile."""
    await base.factory.warm()
    made = await warm_all(speakers, base.domains, SecretaryRepository(base.database), base.book, clock)
    log.info("first words made", sentences=made)


async def _background(stack: AsyncExitStack, *works: tuple[str, Coroutine[Any, Any, None]]) -> None:
    """Tasks that live as long as the bridge: their failures are logged where they happen."""
    tasks: list[asyncio.Task[None]] = []
    for name, work in works:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(_report)
        tasks.append(task)

    async def stop() -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    stack.push_async_callback(stop)


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("background task ended", task=task.get_name(), exc_info=error)


def _readiness(
    base: Foundation, settings: Settings, control: CallControl, ways: Ways, server: StreamServer
) -> Readiness:
    async def pbx() -> None:
        if not isinstance(control, NoPbx) and not control.connected:
            raise Unavailable(
                "FreeSWITCH's event socket does not answer", field="VOICE_AI_ESL_HOST", fix="Is it running?"
            )

    async def heard() -> None:
        decision = ways.decision
        if decision is not None and decision.way is None:
            raise Unavailable(
                "Nothing that is sent to callers is heard",
                field="VOICE_AI_BRIDGE_PLAYOUT",
                fix="docs/realtime.md, The way back",
            )

    found = readiness(base.database, base.registry, base.sessions, settings)
    required = {**found.required, "pbx": pbx, "way back": heard, "accepting": not_draining(server)}
    return Readiness(required=required, optional=found.optional)
