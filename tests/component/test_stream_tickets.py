"""Tickets for the audio socket, against a real PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from realtime_bridge.ingress.door import RENEW_EVERY_S, TicketDoor
from tests.conftest import MakeDomain
from tests.fakes.calls import call_state, exchange, greeting
from tests.fakes.clock import VirtualClock
from voice_ai_service.calls.call_plan import CallPlan
from voice_ai_service.clock import SystemClock
from voice_ai_service.conversations.call_folder import CallFolders
from voice_ai_service.conversations.conversation import build
from voice_ai_service.conversations.live_calls import LiveCalls, Snapshot
from voice_ai_service.conversations.outcome import EndedBy, Ending
from voice_ai_service.conversations.recordings import Recordings
from voice_ai_service.conversations.repository import ConversationRepository
from voice_ai_service.conversations.retention import Retention
from voice_ai_service.conversations.stream_tickets import (
    LEASE_S,
    RedeemedTicket,
    StreamOptions,
    StreamTickets,
    TicketRefusal,
)
from voice_ai_service.db.pool import Database
from voice_ai_service.dialogue.call_state import CallState
from voice_ai_service.errors import Conflict, NotFound
from voice_ai_service.jobs.abandoned_calls import AbandonedCalls
from voice_ai_service.metrics import Metrics
from voice_ai_service.tenancy.limits import MemoryConcurrencyLimiter

pytestmark = pytest.mark.postgres

BRIDGE = "bridge:1"
OPTIONS = StreamOptions(sample_rate_hz=16000, channels=2, playout="socket", control="socket")
ENDED = Ending(
    by=EndedBy.FALLBACK,
    ended_at=datetime(2026, 3, 2, 12, 1, tzinfo=UTC),
    hangup_cause="NORMAL_CLEARING",
    duration_ms=61_000,
)


@pytest.fixture
def tickets(db: Database) -> StreamTickets:
    return StreamTickets(db)


@pytest.fixture
async def call(make_domain: MakeDomain) -> CallState:
    return call_state(await make_domain(), greeting(), mode="realtime")


async def change(owner: asyncpg.Connection, call: CallState, assignment: str) -> None:
    status = await owner.execute(
        f"UPDATE v_voice_stream_tickets SET {assignment} WHERE voice_live_call_uuid = $1", call.call_uuid
    )
    assert status == "UPDATE 1"


async def test_a_ticket_opens_its_call_once(tickets: StreamTickets, db: Database, call: CallState) -> None:
    channel_uuid = uuid4()
    ticket = await tickets.issue(call, channel_uuid, OPTIONS)
    assert not await tickets.is_taken(call.domain_uuid, call.call_uuid)
    assert await tickets.redeem(call.call_uuid, ticket, BRIDGE) == RedeemedTicket(
        call.call_uuid, call.domain_uuid, channel_uuid, OPTIONS, call
    )
    assert await tickets.is_taken(call.domain_uuid, call.call_uuid)
    assert await tickets.redeem(call.call_uuid, ticket, BRIDGE) is TicketRefusal.USED
    assert await LiveCalls(db).load(call.domain_uuid, call.call_uuid) == call


async def test_of_many_bridges_one_gets_the_call(tickets: StreamTickets, call: CallState) -> None:
    ticket = await tickets.issue(call, call.call_uuid, OPTIONS)
    tried = await asyncio.gather(
        *(tickets.redeem(call.call_uuid, ticket, f"bridge:{number}") for number in range(8))
    )
    assert sum(isinstance(one, RedeemedTicket) for one in tried) == 1
    assert tried.count(TicketRefusal.USED) == 7


async def test_a_ticket_is_of_no_use_for_another_call(
    tickets: StreamTickets, call: CallState, make_domain: MakeDomain
) -> None:
    other = call_state(await make_domain(), greeting(), mode="realtime")
    ticket, others = (
        await tickets.issue(call, call.call_uuid, OPTIONS),
        await tickets.issue(other, other.call_uuid, OPTIONS),
    )
    assert await tickets.redeem(other.call_uuid, ticket, BRIDGE) is TicketRefusal.UNKNOWN
    assert await tickets.redeem(uuid4(), ticket, BRIDGE) is TicketRefusal.UNKNOWN
    for text in ("", "%", ticket[:-1], ticket + "x", "\0", "ü", others.swapcase()):
        assert await tickets.redeem(call.call_uuid, text, BRIDGE) is TicketRefusal.UNKNOWN
    found = await tickets.redeem(call.call_uuid, ticket, BRIDGE)
    assert isinstance(found, RedeemedTicket)
    assert found.domain_uuid == call.domain_uuid


async def test_the_text_of_a_ticket_is_kept_nowhere(
    tickets: StreamTickets, call: CallState, owner_connection: asyncpg.Connection
) -> None:
    ticket = await tickets.issue(call, call.call_uuid, OPTIONS)
    row = await owner_connection.fetchval(
        "SELECT to_jsonb(t)::text FROM v_voice_stream_tickets AS t WHERE voice_live_call_uuid = $1",
        call.call_uuid,
    )
    assert ticket not in row


async def test_a_ticket_that_ran_out(
    tickets: StreamTickets, call: CallState, owner_connection: asyncpg.Connection
) -> None:
    ticket = await tickets.issue(call, call.call_uuid, OPTIONS)
    await change(owner_connection, call, "expires_date = now() - interval '1 second'")
    assert await tickets.redeem(call.call_uuid, ticket, BRIDGE) is TicketRefusal.EXPIRED
    assert not await tickets.is_taken(call.domain_uuid, call.call_uuid)


async def test_a_set_up_that_is_repeated_gets_another_ticket_until_the_socket_is_open(
    tickets: StreamTickets, call: CallState
) -> None:
    first = await tickets.issue(call, call.call_uuid, OPTIONS)
    second = await tickets.issue(call, call.call_uuid, StreamOptions())
    assert await tickets.redeem(call.call_uuid, first, BRIDGE) is TicketRefusal.UNKNOWN
    found = await tickets.redeem(call.call_uuid, second, BRIDGE)
    assert isinstance(found, RedeemedTicket)
    assert found.options == StreamOptions()
    with pytest.raises(Conflict):
        await tickets.issue(call, call.call_uuid, OPTIONS)


async def test_a_ticket_and_its_call_are_written_both_or_not(
    tickets: StreamTickets, db: Database, call: CallState, make_domain: MakeDomain
) -> None:
    theirs = call_state(await make_domain(), greeting(), call_uuid=call.call_uuid, mode="realtime")
    ticket = await tickets.issue(call, call.call_uuid, OPTIONS)
    with pytest.raises(Conflict):
        await tickets.issue(theirs, call.call_uuid, OPTIONS)
    assert await LiveCalls(db).load(theirs.domain_uuid, call.call_uuid) is None
    found = await tickets.redeem(call.call_uuid, ticket, BRIDGE)
    assert isinstance(found, RedeemedTicket)
    # And a call that is stored gets none.
    conversation = build(call, ENDED, secretary_name="Clara")
    await ConversationRepository(db).store(conversation)
    with pytest.raises(Conflict):
        await tickets.issue(call, call.call_uuid, OPTIONS)
    assert await tickets.redeem(call.call_uuid, ticket, BRIDGE) is TicketRefusal.UNKNOWN


async def test_a_ticket_that_was_withdrawn(tickets: StreamTickets, call: CallState) -> None:
    ticket = await tickets.issue(call, call.call_uuid, OPTIONS)
    assert await tickets.withdraw(call.domain_uuid, call.call_uuid)
    assert await tickets.redeem(call.call_uuid, ticket, BRIDGE) is TicketRefusal.UNKNOWN
    assert not await tickets.withdraw(call.domain_uuid, call.call_uuid)
    ticket = await tickets.issue(call, call.call_uuid, OPTIONS)
    await tickets.redeem(call.call_uuid, ticket, BRIDGE)
    assert not await tickets.withdraw(call.domain_uuid, call.call_uuid)


async def test_another_tenant_can_do_nothing_with_a_call(
    tickets: StreamTickets, call: CallState, make_domain: MakeDomain
) -> None:
    ticket, stranger = await tickets.issue(call, call.call_uuid, OPTIONS), await make_domain()
    assert not await tickets.withdraw(stranger, call.call_uuid)
    assert not await tickets.is_taken(stranger, call.call_uuid)
    await tickets.note_ending(stranger, call.call_uuid, ENDED)
    assert isinstance(await tickets.redeem(call.call_uuid, ticket, BRIDGE), RedeemedTicket)
    await tickets.let_go(stranger, call.call_uuid, BRIDGE)
    assert await tickets.note_ending(call.domain_uuid, call.call_uuid, ENDED)


# The end, and who stores it


async def test_an_end_before_the_socket_closes_the_door(tickets: StreamTickets, call: CallState) -> None:
    ticket = await tickets.issue(call, call.call_uuid, OPTIONS)
    assert not await tickets.note_ending(call.domain_uuid, call.call_uuid, ENDED)
    assert await tickets.redeem(call.call_uuid, ticket, BRIDGE) is TicketRefusal.OVER
    with pytest.raises(Conflict):
        await tickets.issue(call, call.call_uuid, OPTIONS)


async def test_end_and_socket_at_once_have_one_winner(
    tickets: StreamTickets, make_domain: MakeDomain
) -> None:
    domain_uuid = await make_domain()
    for _ in range(10):
        call = call_state(domain_uuid, greeting(), mode="realtime")
        ticket = await tickets.issue(call, call.call_uuid, OPTIONS)
        is_served, found = await asyncio.gather(
            tickets.note_ending(domain_uuid, call.call_uuid, ENDED),
            tickets.redeem(call.call_uuid, ticket, BRIDGE),
        )
        assert isinstance(found, RedeemedTicket) is is_served
        assert is_served or found is TicketRefusal.OVER


async def test_a_bridge_serves_its_calls_while_it_says_so(
    tickets: StreamTickets, call: CallState, owner_connection: asyncpg.Connection
) -> None:
    ticket = await tickets.issue(call, call.call_uuid, OPTIONS)
    await tickets.redeem(call.call_uuid, ticket, BRIDGE)
    assert await tickets.note_ending(call.domain_uuid, call.call_uuid, ENDED)
    await change(owner_connection, call, "served_until_date = now() - interval '1 second'")
    assert not await tickets.note_ending(call.domain_uuid, call.call_uuid, ENDED)
    assert await tickets.renew("another", [call.call_uuid]) == 0
    assert await tickets.renew(BRIDGE, []) == 0
    assert not await tickets.note_ending(call.domain_uuid, call.call_uuid, ENDED)
    assert await tickets.renew(BRIDGE, [call.call_uuid, uuid4()]) == 1
    assert await tickets.note_ending(call.domain_uuid, call.call_uuid, ENDED)
    left = await owner_connection.fetchval(
        "SELECT served_until_date - now() FROM v_voice_stream_tickets WHERE voice_live_call_uuid = $1",
        call.call_uuid,
    )
    assert timedelta(seconds=LEASE_S - 5) < left <= timedelta(seconds=LEASE_S)
    await tickets.let_go(call.domain_uuid, call.call_uuid, "another")
    assert await tickets.note_ending(call.domain_uuid, call.call_uuid, ENDED)
    await tickets.let_go(call.domain_uuid, call.call_uuid, BRIDGE)
    assert not await tickets.note_ending(call.domain_uuid, call.call_uuid, ENDED)
    # What was let go is not taken up again by the next renewal.
    assert await tickets.renew(BRIDGE, [call.call_uuid]) == 0


async def test_the_door_renews_until_it_is_cancelled(
    tickets: StreamTickets, call: CallState, owner_connection: asyncpg.Connection
) -> None:
    clock = VirtualClock(auto=False)
    door = TicketDoor(tickets, clock, BRIDGE)
    ticket = await tickets.issue(call, call.call_uuid, OPTIONS)
    assert await door.redeem(call.call_uuid, "short") is TicketRefusal.UNKNOWN
    assert isinstance(await door.redeem(call.call_uuid, ticket), RedeemedTicket)
    await change(owner_connection, call, "served_until_date = now()")
    keeping = asyncio.create_task(door.keep_alive(lambda: [call.call_uuid]))
    try:
        async with asyncio.timeout(5):
            while not await tickets.note_ending(call.domain_uuid, call.call_uuid, ENDED):
                await clock.advance(RENEW_EVERY_S)
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


class Book:
    async def for_version(self, domain_uuid: UUID, secretary_uuid: UUID, version: int) -> CallPlan:
        raise NotFound("it was deleted")


def closing(db: Database, folder: Path) -> AbandonedCalls:
    return AbandonedCalls(
        LiveCalls(db),
        ConversationRepository(db),
        Book(),
        MemoryConcurrencyLimiter(SystemClock()),
        CallFolders(folder / "calls", Recordings(folder / "recordings")),
        Metrics(),
        unheard_of_s=900,
    )


async def test_a_call_that_a_living_bridge_serves_is_not_abandoned_however_quiet(
    tickets: StreamTickets,
    db: Database,
    call: CallState,
    owner_connection: asyncpg.Connection,
    tmp_path: Path,
) -> None:
    ticket = await tickets.issue(call, call.call_uuid, OPTIONS)
    await tickets.redeem(call.call_uuid, ticket, BRIDGE)
    await owner_connection.execute(
        "UPDATE v_voice_live_calls SET seen_date = now() - interval '1 day' WHERE voice_live_call_uuid = $1",
        call.call_uuid,
    )
    assert await closing(db, tmp_path).close_all() == 0
    # Its bridge died this minute, and the PBX may still say how the call ends.
    await change(owner_connection, call, "served_until_date = now() - interval '60 seconds'")
    assert await closing(db, tmp_path).close_all() == 0
    await change(owner_connection, call, "served_until_date = now() - interval '901 seconds'")
    assert await closing(db, tmp_path).close_all() == 1


async def test_what_the_pbx_said_of_the_end_is_stored_when_the_bridge_dies_after_it(
    tickets: StreamTickets,
    db: Database,
    call: CallState,
    owner_connection: asyncpg.Connection,
    tmp_path: Path,
) -> None:
    ticket = await tickets.issue(call, call.call_uuid, OPTIONS)
    await tickets.redeem(call.call_uuid, ticket, BRIDGE)
    said = call.model_copy(
        update={"turns": [*call.turns, exchange(1, "bom dia", "Bom dia, em que posso ajudar?")]}
    )
    await LiveCalls(db).save(Snapshot.of(said))
    assert await tickets.note_ending(call.domain_uuid, call.call_uuid, ENDED)
    await tickets.note_ending(
        call.domain_uuid, call.call_uuid, Ending(by=EndedBy.ERROR, ended_at=datetime.now(UTC))
    )
    await change(owner_connection, call, "ended_date = now() - interval '10 seconds'")
    assert await closing(db, tmp_path).close_all() == 0
    await change(owner_connection, call, "served_until_date = now() - interval '1 second'")
    assert await closing(db, tmp_path).close_all() == 1
    repository = ConversationRepository(db)
    stored = await repository.find_by_call(call.domain_uuid, call.call_uuid)
    assert stored is not None
    found = await repository.find(call.domain_uuid, stored)
    conversation = found.conversation
    assert (
        conversation.mode,
        conversation.end_reason,
        conversation.hangup_cause,
        conversation.duration_ms,
    ) == (
        "realtime",
        "fallback",
        "NORMAL_CLEARING",
        61_000,
    )
    assert [message.text for message in found.messages][1:] == ["bom dia", "Bom dia, em que posso ajudar?"]
    # And the bridge that was only slow stores nothing a second time.
    again = await repository.store(build(said, ENDED, secretary_name=""))
    assert again == stored


async def test_old_tickets_are_forgotten(
    tickets: StreamTickets,
    db: Database,
    call: CallState,
    owner_connection: asyncpg.Connection,
    tmp_path: Path,
) -> None:
    recordings = Recordings(tmp_path / "recordings")
    folders = CallFolders(tmp_path / "calls", recordings)
    retention = Retention(db, recordings, folders, SystemClock(), default_days=90)
    count = "SELECT count(*) FROM v_voice_stream_tickets WHERE domain_uuid = $1"
    await tickets.issue(call, call.call_uuid, OPTIONS)
    await retention.purge(call.domain_uuid, datetime(2020, 1, 1, tzinfo=UTC))
    assert await owner_connection.fetchval(count, call.domain_uuid) == 1
    await change(owner_connection, call, "expires_date = now() - interval '2 days'")
    await retention.purge(call.domain_uuid, datetime(2020, 1, 1, tzinfo=UTC))
    assert await owner_connection.fetchval(count, call.domain_uuid) == 0


async def test_erasing_a_caller_takes_the_ticket_too(
    tickets: StreamTickets,
    db: Database,
    call: CallState,
    owner_connection: asyncpg.Connection,
    tmp_path: Path,
) -> None:
    recordings = Recordings(tmp_path / "recordings")
    retention = Retention(
        db, recordings, CallFolders(tmp_path / "calls", recordings), SystemClock(), default_days=90
    )
    ticket = await tickets.issue(call, call.call_uuid, OPTIONS)
    assert (await retention.erase_caller(call.domain_uuid, call.caller_number)).live_calls == 1
    assert await tickets.redeem(call.call_uuid, ticket, BRIDGE) is TicketRefusal.UNKNOWN
