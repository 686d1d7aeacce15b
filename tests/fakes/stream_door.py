"""A door with tickets in memory, as many as a test wants; one-use like the real one."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

from tests.fakes.calls import call_state
from voice_ai_service.conversations.stream_tickets import RedeemedTicket, StreamOptions, TicketRefusal


class MemoryDoor:
    def __init__(self) -> None:
        self.tickets: dict[str, RedeemedTicket | TicketRefusal] = {}
        self.let_gone: list[UUID] = []
        self.error: Exception | None = None
        self.closed = asyncio.Event()
        """Cleared: whoever asks waits."""
        self.closed.set()

    def ticket(self, options: StreamOptions | None = None) -> tuple[UUID, str]:
        """A new call and what opens it."""
        call_uuid, token = uuid4(), uuid4().hex
        state = call_state(call_uuid=call_uuid, mode="realtime", turns=[])
        self.tickets[token] = RedeemedTicket(
            call_uuid, state.domain_uuid, uuid4(), options or StreamOptions(), state
        )
        return call_uuid, token

    async def redeem(self, call_uuid: UUID, token: str) -> RedeemedTicket | TicketRefusal:
        await self.closed.wait()
        if self.error is not None:
            raise self.error
        found = self.tickets.get(token, TicketRefusal.UNKNOWN)
        if isinstance(found, RedeemedTicket):
            if found.call_uuid != call_uuid:
                return TicketRefusal.UNKNOWN
            self.tickets[token] = TicketRefusal.USED
        return found

    async def let_go(self, ticket: RedeemedTicket) -> None:
        self.let_gone.append(ticket.call_uuid)
