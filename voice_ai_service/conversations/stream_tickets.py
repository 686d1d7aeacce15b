"""Who may open a call's audio socket, who did, and whether that bridge process still lives.

The service writes a call's state and its ticket in one transaction; any bridge process takes the ticket, once. While
that process says that it lives it alone stores the call. Where it does not, whoever learns of the end stores what the
journal has.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from voice_ai_service.conversations.live_calls import Snapshot
from voice_ai_service.conversations.outcome import Ending, ending_as_json
from voice_ai_service.db import queries
from voice_ai_service.db.pool import Database
from voice_ai_service.dialogue.call_state import CallState
from voice_ai_service.errors import Conflict

TICKET_LENGTH: Final = 43
"""Characters: unpadded URL-safe base64 of 32 random bytes."""
TICKET_S: Final = 30
"""How long a ticket waits for its socket."""
LEASE_S: Final = 15
"""How long a bridge process counts as alive after its last word."""

_SQL = queries.load(__package__, "stream_tickets.sql")
_CALLS_SQL = queries.load(__package__, "live_calls.sql")


class StreamOptions(BaseModel):
    """What the PBX's script asked for; the same for the whole call.

    Attributes:
        channels: 2: the caller is the first channel of interleaved samples.
        playout: Which way back; `auto` is the installation's.
        control: Who transfers and hangs up: the PBX over ESL, or the socket's other end, which is told.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
    sample_rate_hz: Literal[8000, 16000] = 8000
    channels: Literal[1, 2] = 1
    playout: Literal["auto", "socket", "playback", "unicast"] = "auto"
    control: Literal["pbx", "socket"] = "pbx"


@dataclass(frozen=True, slots=True)
class RedeemedTicket:
    """A call that this process serves from now on.

    Attributes:
        channel_uuid: The caller's channel on the PBX; the call's own uuid, except on a channel's second visit.
        state: As the set-up left it: nothing was said yet.
    """

    call_uuid: UUID
    domain_uuid: UUID
    channel_uuid: UUID
    options: StreamOptions
    state: CallState


class TicketRefusal(StrEnum):
    UNKNOWN = "unknown"
    """None of ours, or of another call."""
    EXPIRED = "expired"
    USED = "used"
    """The call has its socket, or had it."""
    OVER = "over"
    """The call ended before its socket was opened."""


class StreamTickets:
    """`v_voice_stream_tickets`. All methods raise Unavailable when the database is not there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def issue(self, state: CallState, channel_uuid: UUID, options: StreamOptions) -> str:
        """Journal the call and make its ticket: both or none. A ticket that was not used yet is replaced.

        Returns:
            The ticket's text, which is known only now.

        Raises:
            Conflict: The call has its socket already, is over, or belongs to another domain.
        """
        ticket, snapshot = secrets.token_urlsafe(32), Snapshot.of(state)
        async with self._database.tenant(state.domain_uuid, durable=False) as connection:
            saved = await connection.execute(
                _CALLS_SQL.save_live_call,
                snapshot.call_uuid,
                snapshot.domain_uuid,
                snapshot.secretary_uuid,
                snapshot.json,
                snapshot.turn_count,
                snapshot.started_at,
            )
            issued = "INSERT 0 0"
            if saved == "INSERT 0 1":
                issued = await connection.execute(
                    _SQL.issue_ticket,
                    state.domain_uuid,
                    state.call_uuid,
                    channel_uuid,
                    _digest(ticket),
                    options.model_dump(),
                    float(TICKET_S),
                )
            if issued != "INSERT 0 1":
                raise Conflict("This call has its audio socket already, or is over", field="call_uuid")
        return ticket

    async def redeem(self, call_uuid: UUID, ticket: str, served_by: str) -> RedeemedTicket | TicketRefusal:
        """Take a call. Only one of several who try at once gets it.

        Args:
            served_by: This process's name, under which it renews.
        """
        async with self._database.open() as connection:
            row = await connection.fetchrow(
                _SQL.redeem_ticket, call_uuid, _digest(ticket), served_by, LEASE_S
            )
        if row is None:
            return TicketRefusal.UNKNOWN
        if row["outcome"] != "redeemed":
            return TicketRefusal(row["outcome"])
        domain_uuid = UUID(int=row["domain_uuid"].int)
        async with self._database.tenant(domain_uuid) as connection:
            found = await connection.fetchrow(_SQL.read_ticket, domain_uuid, call_uuid)
        if found is None:  # erased at this very moment
            return TicketRefusal.OVER
        return RedeemedTicket(
            call_uuid=call_uuid,
            domain_uuid=domain_uuid,
            channel_uuid=UUID(int=found["channel_uuid"].int),
            options=StreamOptions.model_validate(found["stream_options"]),
            state=CallState.model_validate(found["call_state"]),
        )

    async def renew(self, served_by: str, calls: Collection[UUID]) -> int:
        """This process still serves these calls: to be said at least every `LEASE_S` / 3.

        Returns:
            How many of them are not stored yet.
        """
        async with self._database.open() as connection:
            return int(await connection.fetchval(_SQL.renew_streams, served_by, list(calls), LEASE_S))

    async def let_go(self, domain_uuid: UUID, call_uuid: UUID, served_by: str) -> None:
        """This process will not store the call after all: its socket was gone before the call began."""
        async with self._database.tenant(domain_uuid) as connection:
            await connection.execute(_SQL.let_go, domain_uuid, call_uuid, served_by)

    async def is_taken(self, domain_uuid: UUID, call_uuid: UUID) -> bool:
        """Whether the call's socket was opened, or the call ended without one."""
        async with self._database.tenant(domain_uuid) as connection:
            return bool(await connection.fetchval(_SQL.is_taken, domain_uuid, call_uuid))

    async def withdraw(self, domain_uuid: UUID, call_uuid: UUID) -> bool:
        """Take a ticket back that nobody used. False: there is none, or it was used."""
        async with self._database.tenant(domain_uuid) as connection:
            status = await connection.execute(_SQL.withdraw_ticket, domain_uuid, call_uuid)
        return bool(status == "DELETE 1")

    async def note_ending(self, domain_uuid: UUID, call_uuid: UUID, ending: Ending) -> bool:
        """Write down what the PBX said of the call's end; the first word counts.

        Returns:
            Whether a bridge process serves the call and will store it. If not, nobody will.
        """
        async with self._database.tenant(domain_uuid) as connection:
            served = await connection.fetchval(
                _SQL.note_ending, domain_uuid, call_uuid, ending_as_json(ending)
            )
        return bool(served)


def _digest(ticket: str) -> str:
    return hashlib.sha256(ticket.encode()).hexdigest()
