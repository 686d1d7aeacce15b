"""Callers' requests for the staff: events in the outbox, for whichever webhooks of the tenant want them."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import structlog

from voice_ai_service.clock import Clock
from voice_ai_service.crm.events import TICKET_REQUESTED, ticket_number, ticket_requested
from voice_ai_service.crm.outbox import Outbox
from voice_ai_service.db import queries
from voice_ai_service.db.pool import Database
from voice_ai_service.dialogue.create_ticket import CreateTicket, TicketRequest, TicketTaken
from voice_ai_service.dialogue.errands import Errands
from voice_ai_service.dialogue.toolbox import ToolKit
from voice_ai_service.errors import Unavailable
from voice_ai_service.tenancy.expiring import Expiring
from voice_ai_service.tenancy.tenant import Tenant

KNOWN_FOR_S: Final = 30.0
"""How long it is taken for known whether a tenant has webhooks for tickets: no turn waits for the question."""

_SQL = queries.load(__package__, "outbox.sql")
_log = structlog.get_logger()


class Tickets:
    """A `TicketDesk`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._wanted: Expiring[UUID, bool] = Expiring(clock, ttl_s=KNOWN_FOR_S)

    async def request(self, ticket: TicketRequest) -> TicketTaken | None:
        event = ticket_requested(ticket)
        async with self._database.tenant(ticket.domain_uuid) as connection:
            queued = await Outbox.enqueue(connection, event)
            if not queued and not await connection.fetchval(
                _SQL.is_queued, ticket.domain_uuid, event.event_id
            ):
                return None
        _log.info(
            "a ticket was requested",
            call_uuid=str(ticket.call_uuid),
            domain_uuid=str(ticket.domain_uuid),
            turn=ticket.turn,
            webhooks=queued,
        )
        return TicketTaken(ticket_number(ticket.call_uuid, ticket.turn))

    async def wanted(self, domain_uuid: UUID) -> bool:
        """Whether any webhook of the tenant takes tickets. False where it cannot be known: nothing is promised."""
        known = self._wanted.get(domain_uuid)
        if known is not None:
            return known
        try:
            async with self._database.tenant(domain_uuid) as connection:
                wanted = bool(await connection.fetchval(_SQL.is_wanted, domain_uuid, TICKET_REQUESTED))
        except Unavailable:
            return False
        self._wanted.put(domain_uuid, wanted)
        return wanted


class TicketTools:
    """The tools of turn mode beyond the dialogue's own: what works without holding the line."""

    def __init__(self, tickets: Tickets, errands: Errands) -> None:
        self._tickets = tickets
        self._errands = errands

    async def for_turn(self, tenant: Tenant) -> ToolKit:
        wanted = await self._tickets.wanted(tenant.domain_uuid)
        return ToolKit((CreateTicket(self._tickets, wanted=wanted),), self._errands)
