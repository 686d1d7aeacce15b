"""Who may open a stream: whoever has the call's ticket, once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

import structlog

from voice_ai_service.clock import Clock
from voice_ai_service.conversations.stream_tickets import (
    LEASE_S,
    TICKET_LENGTH,
    RedeemedTicket,
    StreamTickets,
    TicketRefusal,
)
from voice_ai_service.errors import Unavailable

RENEW_EVERY_S: Final = LEASE_S / 3

log = structlog.get_logger()


class Door(Protocol):
    async def redeem(self, call_uuid: UUID, token: str) -> RedeemedTicket | TicketRefusal:
        """Raises Unavailable when nobody can say."""
        ...

    async def let_go(self, ticket: RedeemedTicket) -> None:
        """The call did not come to be: its socket was gone before it was open."""
        ...


@dataclass(frozen=True, slots=True)
class TicketDoor:
    """
    Attributes:
        process_name: Under which the tickets are taken; unique among all bridge processes, also across restarts.
    """

    tickets: StreamTickets
    clock: Clock
    process_name: str

    async def redeem(self, call_uuid: UUID, token: str) -> RedeemedTicket | TicketRefusal:
        if len(token) != TICKET_LENGTH:
            return TicketRefusal.UNKNOWN
        return await self.tickets.redeem(call_uuid, token, self.process_name)

    async def let_go(self, ticket: RedeemedTicket) -> None:
        await self.tickets.let_go(ticket.domain_uuid, ticket.call_uuid, self.process_name)

    async def keep_alive(self, served: Callable[[], Collection[UUID]]) -> None:
        """Says until cancelled which calls this process serves. While it does, nobody else stores them.

        Args:
            served: From a call's first moment until it is stored, or given up.
        """
        while True:
            await self.clock.sleep(RENEW_EVERY_S)
            try:
                async with asyncio.timeout(RENEW_EVERY_S):
                    await self.tickets.renew(self.process_name, served())
            except (Unavailable, TimeoutError):
                log.warning("the bridge could not say that it lives")
