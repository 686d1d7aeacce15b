"""Takes the calls that the ingress brings, one task a call, and lets them end when the process has to go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

import structlog

from realtime_bridge.leg import Leg, WayBack
from realtime_bridge.playout.scheduler import Scheduler
from realtime_bridge.session.assembly import assemble
from realtime_bridge.session.call import Call
from realtime_bridge.session.live import CallFacts
from realtime_bridge.session.parts import SessionParts
from realtime_bridge.session.registry import CallRegistry
from realtime_bridge.turn import silero
from voice_ai_service.calls.call_plan import CallPlan
from voice_ai_service.calls.secretary import VoiceDetector
from voice_ai_service.conversations.stream_tickets import RedeemedTicket, StreamOptions
from voice_ai_service.errors import LimitReached, VoiceAiError
from voice_ai_service.tenancy.tenant import Tenant

ALIVE_EVERY_S: Final = 1.0
JOURNAL_EVERY_S: Final = 240.0

log = structlog.get_logger()


class Directory(Protocol):
    """`calls.secretary_book.SecretaryBook`."""

    async def for_version(self, domain_uuid: UUID, secretary_uuid: UUID, version: int) -> CallPlan: ...


class Tenants(Protocol):
    """`tenancy.domains.Domains`."""

    async def by_uuid(self, domain_uuid: UUID) -> Tenant: ...


class Ways(Protocol):
    async def open(self, leg: Leg, options: StreamOptions) -> WayBack:
        """The way back to this leg's party, open. Raises Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class HostParts:
    """
    Attributes:
        scheduler: Of the running loop; `playout.scheduler.LoopScheduler` in production.
        let_go: Told of a ticket whose call this process will not store after all: `ingress.door.Door.let_go`.
    """

    session: SessionParts
    registry: CallRegistry
    directory: Directory
    tenants: Tenants
    ways: Ways
    scheduler: Callable[[], Scheduler]
    let_go: Callable[[RedeemedTicket], Awaitable[None]]


class CallHost:
    """Made by `open_session_host`."""

    def __init__(self, parts: HostParts) -> None:
        self._parts = parts
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def registry(self) -> CallRegistry:
        return self._parts.registry

    def on_call(self, leg: Leg, ticket: RedeemedTicket) -> None:
        """A call begins: `ingress.server.OnCall`. Returns at once."""
        task = asyncio.create_task(self._serve(leg, ticket), name=f"call {ticket.call_uuid}")
        self._tasks.add(task)
        task.add_done_callback(self._served)

    async def drain(self, patience_s: float, *, leave_s: float = 15.0) -> bool:
        """No new calls; live ones may finish, then they are ended politely, and at last they are cut.

        Returns:
            Whether nobody was cut off.
        """
        registry = self._parts.registry
        registry.draining = True
        if await registry.emptied(patience_s):
            return True
        log.warning("calls are asked to end", calls=len(registry))
        for call in registry.calls:
            call.take_leave()
        if await registry.emptied(leave_s):
            return True
        log.error("calls are cut off", calls=len(registry))
        await self.close()
        return False

    async def close(self) -> None:
        """Ends every call now; their conversations are stored."""
        self._parts.registry.draining = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def say_alive(self) -> None:
        """Once a second on every socket, until cancelled: the PBX's watcher takes calls of a dead process away."""
        while True:
            await self._parts.session.clock.sleep(ALIVE_EVERY_S)
            for call in self._parts.registry.calls:
                call.live.leg.tell({"type": "alive"})

    async def keep_journal(self) -> None:
        """Write every call down now and then, until cancelled: one that is long on hold is not taken for abandoned."""
        session = self._parts.session
        while True:
            await session.clock.sleep(JOURNAL_EVERY_S)
            for call in self._parts.registry.calls:
                await session.sessions.save(call.live.state)

    async def _serve(self, leg: Leg, ticket: RedeemedTicket) -> None:
        structlog.contextvars.bind_contextvars(
            call_uuid=str(ticket.call_uuid), domain_uuid=str(ticket.domain_uuid)
        )
        parts = self._parts
        opened_at = parts.session.clock.monotonic()
        leg.tell({"type": "alive"})
        try:
            facts = await self._facts(ticket, opened_at)
            way = await parts.ways.open(leg, ticket.options)
        except VoiceAiError as error:
            await self._refuse(leg, ticket, error)
            return
        try:
            await self._host(facts, ticket, leg, way)
        finally:
            await way.close()

    async def _facts(self, ticket: RedeemedTicket, opened_at: float) -> CallFacts:
        parts, state = self._parts, ticket.state
        tenant = await parts.tenants.by_uuid(ticket.domain_uuid)
        plan = await parts.directory.for_version(
            ticket.domain_uuid, state.secretary_uuid, state.secretary_version
        )
        if plan.secretary.settings.turn_taking.detector is VoiceDetector.SILERO:
            await asyncio.to_thread(silero.load)
        return CallFacts(
            call_uuid=ticket.call_uuid,
            channel_uuid=ticket.channel_uuid,
            tenant=tenant,
            plan=plan,
            opened_at=opened_at,
            on_pbx=ticket.options.control == "pbx",
        )

    async def _host(self, facts: CallFacts, ticket: RedeemedTicket, leg: Leg, way: WayBack) -> None:
        parts = self._parts
        registry, figures = parts.registry, parts.session.figures
        try:
            registry.check(facts.call_uuid, facts.tenant)
            no_room = False
        except LimitReached as error:
            figures.refused.labels(error.code).inc()
            no_room = True
        except VoiceAiError as error:
            await self._refuse(leg, ticket, error)
            return
        call: Call = assemble(
            facts,
            ticket.state,
            parts.session,
            leg=leg,
            way=way,
            scheduler=parts.scheduler(),
            turned_away=no_room,
        )
        with registry.serving(call):
            noting = asyncio.create_task(registry.note(facts.call_uuid), name="note of a call")
            try:
                await call.run()
            finally:
                noting.cancel()
                await asyncio.gather(noting, return_exceptions=True)
                await registry.unnote(facts.call_uuid)

    async def _refuse(self, leg: Leg, ticket: RedeemedTicket, error: VoiceAiError) -> None:
        """The dialplan takes the caller to the fallback as the socket closes, and stores what there is."""
        log.error("a call could not be served", code=error.code)
        self._parts.session.figures.refused.labels(error.code).inc()
        await leg.close()
        try:
            await self._parts.let_go(ticket)
        except VoiceAiError as unsaid:
            log.warning("a ticket was not let go", code=unsaid.code)

    def _served(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a call's task failed", exc_info=error)


@asynccontextmanager
async def open_session_host(parts: HostParts) -> AsyncIterator[CallHost]:
    """Leaving it ends every call at once; `drain` first."""
    host = CallHost(parts)
    beside = [
        asyncio.create_task(host.say_alive(), name="alive"),
        asyncio.create_task(parts.registry.keep_noting(), name="where calls live"),
        asyncio.create_task(host.keep_journal(), name="journal of quiet calls"),
    ]
    try:
        yield host
    finally:
        await host.close()
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
