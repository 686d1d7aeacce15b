"""Events on their way out, in PostgreSQL: written with what happened, taken by workers, never lost.

At least once: an event is marked delivered after the receiver said so, and one that dies between leaves
a lease that runs out. The receiver tells a repetition by `webhook-id`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from voice_ai_service.conversations.conversation import Conversation
from voice_ai_service.crm.events import Event, call_completed
from voice_ai_service.db import queries
from voice_ai_service.db.pool import Connection, Database
from voice_ai_service.errors import Conflict, InvalidInput, NotFound

MAX_LISTED: Final = 200

_SQL = queries.load(__package__, "outbox.sql")


class DeliveryStatus(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that this worker has for the length of its lease."""

    domain_uuid: UUID
    outbox_uuid: UUID


@dataclass(frozen=True, slots=True)
class ClaimedEvent:
    """
    Attributes:
        tries: Made before this one.
        lease: Until when it is ours. Whoever marks it names the lease, so that a worker that slept through
            its own changes nothing that another does now.
    """

    claim: Claim
    webhook_uuid: UUID
    name: str
    event_id: str
    payload: dict[str, Any]
    tries: int
    lease: datetime


@dataclass(frozen=True, slots=True)
class Failure:
    """
    Attributes:
        reason: Our own words; never the receiver's.
        status_code: HTTP status, None without an answer.
    """

    reason: str
    status_code: int | None = None


@dataclass(frozen=True, slots=True)
class ListedDelivery:
    """Without the payload: transcripts are read in the conversation."""

    outbox_uuid: UUID
    webhook_uuid: UUID
    event_name: str
    event_id: str
    status: DeliveryStatus
    tries: int
    created_at: datetime
    next_try_at: datetime | None
    delivered_at: datetime | None
    last_status_code: int | None
    last_error: str | None


@dataclass(frozen=True, slots=True)
class OutboxDepth:
    pending: int
    dead: int
    oldest_pending_s: float


class Outbox:
    """`v_voice_outbox`. All methods raise Unavailable when the database is not there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @staticmethod
    async def enqueue(connection: Connection, event: Event) -> int:
        """Queue an event for every webhook of the domain that wants it, in the caller's transaction.

        Returns:
            How many were queued; 0 as well when the same event was queued before.
        """
        payloads = {kind.value: payload for kind, payload in event.payloads.items()}
        status = await connection.execute(
            _SQL.enqueue, event.domain_uuid, event.name, event.event_id, payloads
        )
        return _rows(status)

    async def claim(self, max_rows: int, lease_s: int) -> list[Claim]:
        """Take deliveries that are due, of all tenants in turn. Nobody else gets them in the lease."""
        async with self._database.open() as connection:
            rows = await connection.fetch(_SQL.claim, max_rows, lease_s)
        return [Claim(row["domain_uuid"], row["voice_outbox_uuid"]) for row in rows]

    async def load(self, claim: Claim) -> ClaimedEvent | None:
        """What was claimed; None when it is not ours any more or was deleted."""
        async with self._database.tenant(claim.domain_uuid) as connection:
            row = await connection.fetchrow(_SQL.load, claim.domain_uuid, claim.outbox_uuid)
        if row is None:
            return None
        return ClaimedEvent(
            claim=claim,
            webhook_uuid=row["voice_webhook_uuid"],
            name=row["event_name"],
            event_id=row["event_id"],
            payload=row["event_payload"],
            tries=int(row["attempt_count"]),
            lease=row["claimed_until_date"],
        )

    async def postpone(self, claim: Claim, seconds: float) -> None:
        """Give a claim back untried; nobody takes it for so long."""
        await self._execute(_SQL.postpone, claim, seconds)

    async def delivered(self, event: ClaimedEvent, status_code: int) -> None:
        await self._execute(_SQL.mark_delivered, event.claim, event.tries + 1, status_code)

    async def retry(self, event: ClaimedEvent, failure: Failure, pause_s: float) -> bool:
        """Note a failed try and when the next one is due. False: the lease was lost, nothing was written."""
        return await self._execute(
            _SQL.mark_retry,
            event.claim,
            event.lease,
            event.tries + 1,
            pause_s,
            failure.status_code,
            failure.reason,
        )

    async def dead(self, event: ClaimedEvent, failure: Failure) -> bool:
        """No more tries; `replay` brings it back. False: the lease was lost, nothing was written."""
        return await self._execute(
            _SQL.mark_dead, event.claim, event.lease, event.tries + 1, failure.status_code, failure.reason
        )

    async def replay(self, domain_uuid: UUID, outbox_uuid: UUID) -> None:
        """Send one delivery again from the start, whatever became of it; its `webhook-id` stays.

        Raises:
            NotFound: The domain has no such delivery.
            Conflict: It is being sent at this moment.
        """
        claim = Claim(domain_uuid, outbox_uuid)
        if await self._execute(_SQL.replay_one, claim):
            return
        async with self._database.tenant(domain_uuid) as connection:
            exists = await connection.fetchval(_SQL.exists_one, domain_uuid, outbox_uuid)
        if exists:
            raise Conflict("this delivery is being sent now", field="outbox_uuid")
        raise NotFound("there is no such delivery", field="outbox_uuid")

    async def replay_dead(self, domain_uuid: UUID, since: datetime) -> int:
        """Send everything again that died of what happened since then. Returns how many."""
        async with self._database.tenant(domain_uuid) as connection:
            return _rows(await connection.execute(_SQL.replay_dead, domain_uuid, since))

    async def deliveries(
        self,
        domain_uuid: UUID,
        *,
        status: DeliveryStatus | None = None,
        webhook_uuid: UUID | None = None,
        limit: int = 50,
    ) -> list[ListedDelivery]:
        """The newest first.

        Raises:
            InvalidInput: The limit is not 1 to 200.
        """
        if not 1 <= limit <= MAX_LISTED:
            raise InvalidInput(f"a list has 1 to {MAX_LISTED} deliveries", field="limit")
        async with self._database.tenant(domain_uuid) as connection:
            rows = await connection.fetch(_SQL.list_deliveries, domain_uuid, status, webhook_uuid, limit)
        return [_listed(row) for row in rows]

    async def depth(self) -> OutboxDepth:
        """Of all tenants together."""
        async with self._database.open() as connection:
            row = await connection.fetchrow(_SQL.depth)
        return OutboxDepth(row["pending_count"], row["dead_count"], float(row["oldest_pending_seconds"]))

    async def _execute(self, statement: str, claim: Claim, *values: object) -> bool:
        async with self._database.tenant(claim.domain_uuid) as connection:
            status = await connection.execute(statement, claim.domain_uuid, claim.outbox_uuid, *values)
        return _rows(status) > 0


class CallCompletedAnnouncement:
    """Tells the tenant's webhooks of every conversation that is stored (`conversations.repository`)."""

    async def enqueue(self, connection: Connection, conversation: Conversation) -> int:
        return await Outbox.enqueue(connection, call_completed(conversation))


def _rows(status: str) -> int:
    """The count at the end of PostgreSQL's command tag, such as `UPDATE 3`."""
    return int(status.rsplit(" ", 1)[-1])


def _listed(row: Mapping[str, Any]) -> ListedDelivery:
    status = DeliveryStatus(row["delivery_status"])
    code = row["last_status_code"]
    return ListedDelivery(
        outbox_uuid=row["voice_outbox_uuid"],
        webhook_uuid=row["voice_webhook_uuid"],
        event_name=row["event_name"],
        event_id=row["event_id"],
        status=status,
        tries=int(row["attempt_count"]),
        created_at=row["insert_date"],
        next_try_at=row["next_attempt_date"] if status is DeliveryStatus.PENDING else None,
        delivered_at=row["delivered_date"],
        last_status_code=None if code is None else int(code),
        last_error=row["last_error"],
    )
