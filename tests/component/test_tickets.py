"""A caller's request in a real PostgreSQL: durable, once for a call and turn, and only where somebody takes it."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from nacl.public import PrivateKey

from tests.conftest import MakeDomain
from tests.fakes.calls import STARTED
from tests.fakes.clock import VirtualClock
from tests.unit.crm.test_events import TICKET
from voice_ai_service.crm.events import ticket_number
from voice_ai_service.crm.tickets import KNOWN_FOR_S, Tickets
from voice_ai_service.crm.webhook import WebhookDraft
from voice_ai_service.crm.webhooks import WebhookRepository
from voice_ai_service.db.pool import Database
from voice_ai_service.dialogue.create_ticket import TicketRequest, TicketTaken
from voice_ai_service.tenancy.sealing import Sealer


def ticket(domain_uuid: UUID, **changes: Any) -> TicketRequest:
    return replace(TICKET, domain_uuid=domain_uuid, call_uuid=uuid4(), requested_at=STARTED, **changes)


async def add_webhook(db: Database, domain_uuid: UUID, **changes: object) -> UUID:
    repository = WebhookRepository(
        db, Sealer(PrivateKey.generate()), VirtualClock(), [ip_network("127.0.0.0/8")]
    )
    draft = WebhookDraft.model_validate({"name": "CRM", "url": "http://127.0.0.1:9099/hook"} | changes)
    return (await repository.create(domain_uuid, draft)).webhook.webhook_uuid


async def queued(owner: asyncpg.Connection, domain_uuid: UUID) -> list[asyncpg.Record]:
    return list(await owner.fetch("SELECT * FROM v_voice_outbox WHERE domain_uuid = $1", domain_uuid))


async def test_a_ticket_is_queued_once_for_every_webhook_that_wants_it(
    db: Database, owner_connection: asyncpg.Connection, make_domain: MakeDomain
) -> None:
    domain, other = await make_domain(), await make_domain()
    for events in ([], ["ticket_requested"], ["call_completed"]):
        await add_webhook(db, domain, events=events)
    await add_webhook(db, domain, enabled=False)
    await add_webhook(db, other)
    tickets, asked = Tickets(db, VirtualClock()), ticket(domain)
    taken = TicketTaken(ticket_number(asked.call_uuid, asked.turn))
    assert await tickets.request(asked) == taken
    assert await tickets.request(replace(asked, subject="Repetido")) == taken
    rows = await queued(owner_connection, domain)
    assert len(rows) == 2
    assert {row["event_name"] for row in rows} == {"ticket_requested"}
    assert len({row["event_id"] for row in rows}) == 1
    assert all('"Segunda via"' in row["event_payload"] for row in rows)
    assert await queued(owner_connection, other) == []


async def test_where_nobody_takes_tickets_it_is_said(db: Database, make_domain: MakeDomain) -> None:
    domain, clock = await make_domain(), VirtualClock()
    await add_webhook(db, domain, events=["call_completed"])
    tickets = Tickets(db, clock)
    assert await tickets.request(ticket(domain)) is None
    assert not await tickets.wanted(domain)
    await add_webhook(db, domain)
    clock.tick(KNOWN_FOR_S + 1)
    assert await tickets.wanted(domain)
    assert await tickets.request(ticket(domain)) is not None


async def test_without_a_database_nothing_is_promised(db: Database, make_domain: MakeDomain) -> None:
    domain = await make_domain()
    await add_webhook(db, domain)
    tickets = Tickets(db, VirtualClock())
    await db.close()
    assert not await tickets.wanted(domain)
