"""The definer functions: each answers its one question, to the service only."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.conftest import DatabaseUrls, MakeDomain
from tests.fakes.tenant_rows import plant
from voice_ai_service.conversations.spending import StoredCosts
from voice_ai_service.db.pool import Database
from voice_ai_service.tenancy.tenant import PBX_REACH

pytestmark = pytest.mark.postgres


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def put_token(owner: asyncpg.Connection, domain_uuid: UUID, text: str, extra: str = "") -> UUID:
    token_uuid: UUID = await owner.fetchval(
        "INSERT INTO v_voice_tokens (domain_uuid, token_hash) VALUES ($1, $2) RETURNING voice_token_uuid",
        domain_uuid,
        digest(text),
    )
    if extra:
        await owner.execute(f"UPDATE v_voice_tokens SET {extra} WHERE voice_token_uuid = $1", token_uuid)
    return token_uuid


async def test_a_token_is_found_by_its_hash_alone(
    db: Database, owner_connection: asyncpg.Connection, make_domain: MakeDomain
) -> None:
    domain_uuid = await make_domain()
    token_uuid = await put_token(owner_connection, domain_uuid, "good")
    await put_token(owner_connection, domain_uuid, "disabled", "token_enabled = false")
    await put_token(owner_connection, domain_uuid, "old", "expires_date = now() - interval '1 second'")
    async with db.open() as connection:
        find = "SELECT * FROM voice_ai_find_token($1)"
        rows = await connection.fetch(find, digest("good"))
        assert [dict(row) for row in rows] == [
            {
                "voice_token_uuid": token_uuid,
                "domain_uuid": domain_uuid,
                "token_scopes": [],
                "expires_date": None,
            }
        ]
        for other in (
            digest("disabled"),
            digest("old"),
            "%",
            "",
            digest("good")[:-1] + "_",
            digest("good").upper(),
        ):
            assert await connection.fetch(find, other) == []


async def test_last_use_is_written_once_a_minute(
    db: Database, owner_connection: asyncpg.Connection, make_domain: MakeDomain
) -> None:
    token_uuid = await put_token(owner_connection, await make_domain(), str(uuid4()))
    read = "SELECT last_used_date FROM v_voice_tokens WHERE voice_token_uuid = $1"
    async with db.open() as connection:
        await connection.execute("SELECT voice_ai_touch_token($1)", token_uuid)
        first = await owner_connection.fetchval(read, token_uuid)
        assert first is not None
        await connection.execute("SELECT voice_ai_touch_token($1)", token_uuid)
        assert await owner_connection.fetchval(read, token_uuid) == first
        await owner_connection.execute(
            "UPDATE v_voice_tokens SET last_used_date = now() - interval '61 seconds' WHERE voice_token_uuid = $1",
            token_uuid,
        )
        await connection.execute("SELECT voice_ai_touch_token($1)", token_uuid)
        assert await owner_connection.fetchval(read, token_uuid) >= first


async def test_the_first_pbx_token_is_made_once(db: Database, owner_connection: asyncpg.Connection) -> None:
    await owner_connection.execute("DELETE FROM v_voice_tokens WHERE domain_uuid = $1", PBX_REACH)

    async def insert(number: int) -> UUID | None:
        async with db.open() as connection:
            made: UUID | None = await connection.fetchval(
                "SELECT voice_ai_insert_pbx_token('first', $1, 'abcd', $2)",
                digest(f"pbx {number}"),
                ["calls"],
            )
            return made

    made = await asyncio.gather(*(insert(number) for number in range(4)))
    assert sorted(token is None for token in made) == [False, True, True, True]
    async with db.open() as connection:
        assert await connection.fetchval("SELECT voice_ai_pbx_token_exists()") is True
        assert await insert(9) is None
        await owner_connection.execute("UPDATE v_voice_tokens SET token_enabled = false")
        assert await connection.fetchval("SELECT voice_ai_pbx_token_exists()") is False
    assert await insert(10) is not None


async def put_deliveries(
    owner: asyncpg.Connection, domain_uuid: UUID, count: int, due: str = "now()"
) -> None:
    webhook = (await plant(owner, domain_uuid))["v_voice_webhooks"]
    await owner.execute("DELETE FROM v_voice_outbox WHERE domain_uuid = $1", domain_uuid)
    await owner.execute(
        "INSERT INTO v_voice_outbox (domain_uuid, voice_webhook_uuid, event_name, event_id, next_attempt_date) "
        f"SELECT $1, $2, 'e', gen_random_uuid()::text, {due} - interval '1 hour' FROM generate_series(1, $3)",
        domain_uuid,
        webhook,
        count,
    )


CLAIM = "SELECT domain_uuid, voice_outbox_uuid FROM voice_ai_claim_outbox($1, $2)"


async def test_claiming_is_fair_and_never_twice(
    db: Database, owner_connection: asyncpg.Connection, make_domain: MakeDomain
) -> None:
    await owner_connection.execute("DELETE FROM v_voice_outbox")
    busy, small, other = await make_domain(), await make_domain(), await make_domain()
    await put_deliveries(owner_connection, busy, 200)
    await put_deliveries(owner_connection, small, 3)
    await put_deliveries(owner_connection, other, 2)

    async def claim(limit: int) -> list[tuple[UUID, UUID]]:
        async with db.open() as connection:
            return [tuple(row) for row in await connection.fetch(CLAIM, limit, 60)]

    first = await claim(9)
    by_domain = [domain for domain, _ in first]
    assert (by_domain.count(busy), by_domain.count(small), by_domain.count(other)) == (4, 3, 2)
    rest = [row for batch in await asyncio.gather(*(claim(30) for _ in range(8))) for row in batch]
    taken = [delivery for _, delivery in first + rest]
    assert len(set(taken)) == len(taken)
    while more := await claim(30):
        taken += [delivery for _, delivery in more]
    assert len(set(taken)) == len(taken) == 205


async def test_a_lease_runs_out_and_what_is_not_due_stays(
    db: Database, owner_connection: asyncpg.Connection, make_domain: MakeDomain
) -> None:
    await owner_connection.execute("DELETE FROM v_voice_outbox")
    await put_deliveries(owner_connection, await make_domain(), 1)
    await put_deliveries(owner_connection, await make_domain(), 1, due="now() + interval '2 hours'")
    async with db.open() as connection:
        assert len(await connection.fetch(CLAIM, 10, 60)) == 1
        assert len(await connection.fetch(CLAIM, 10, 60)) == 0
        await owner_connection.execute(
            "UPDATE v_voice_outbox SET claimed_until_date = now() - interval '1 second'"
        )
        assert len(await connection.fetch(CLAIM, 10, 10**6)) == 1
        longest = await owner_connection.fetchval(
            "SELECT max(claimed_until_date) - now() FROM v_voice_outbox"
        )
        assert longest.total_seconds() <= 3600
        depth = await connection.fetchrow("SELECT * FROM voice_ai_outbox_depth()")
        assert (depth["pending_count"], depth["dead_count"]) == (2, 0)
        await owner_connection.execute(
            "UPDATE v_voice_outbox SET delivery_status = 'dead', claimed_until_date = NULL"
        )
        assert len(await connection.fetch(CLAIM, 10, 60)) == 0
        depth = await connection.fetchrow("SELECT * FROM voice_ai_outbox_depth()")
        assert (depth["pending_count"], depth["dead_count"], depth["oldest_pending_seconds"]) == (0, 2, 0)


async def test_stale_calls_are_old_ones(
    db: Database, owner_connection: asyncpg.Connection, make_domain: MakeDomain
) -> None:
    await owner_connection.execute("DELETE FROM v_voice_live_calls")
    domain_uuid, stale, fresh = await make_domain(), uuid4(), uuid4()
    for call_uuid, age in ((stale, 120), (fresh, 5)):
        await owner_connection.execute(
            "INSERT INTO v_voice_live_calls (voice_live_call_uuid, domain_uuid, seen_date) "
            "VALUES ($1, $2, now() - make_interval(secs => $3))",
            call_uuid,
            domain_uuid,
            age,
        )
    async with db.open() as connection:
        rows = await connection.fetch("SELECT * FROM voice_ai_stale_calls(interval '0')")
        assert [tuple(row) for row in rows] == [(domain_uuid, stale)]
        assert await connection.fetch("SELECT * FROM voice_ai_stale_calls(interval '1 hour')") == []


async def test_domains_are_enabled_and_have_a_secretary(
    db: Database, owner_connection: asyncpg.Connection, make_domain: MakeDomain
) -> None:
    used, bare, disabled = (
        await make_domain("used.example"),
        await make_domain(),
        await make_domain(enabled=False),
    )
    await plant(owner_connection, used)
    await plant(owner_connection, disabled)
    async with db.open() as connection:
        listed = {
            row["domain_uuid"]: row["domain_name"]
            for row in await connection.fetch("SELECT * FROM voice_ai_domains()")
        }
        find = "SELECT domain_uuid, domain_enabled FROM voice_ai_find_domain($1, $2)"
        assert listed[used] == "used.example"
        assert bare not in listed
        assert disabled not in listed
        assert [tuple(r) for r in await connection.fetch(find, None, "USED.example")] == [(used, True)]
        assert [tuple(r) for r in await connection.fetch(find, disabled, None)] == [(disabled, False)]
        assert await connection.fetch(find, used, "other.example") == []
        assert await connection.fetch(find, None, None) == []


async def test_the_months_costs_of_all_domains(
    db: Database, owner_connection: asyncpg.Connection, make_domain: MakeDomain
) -> None:
    one, other = await make_domain(), await make_domain()
    insert = (
        "INSERT INTO v_voice_usage (domain_uuid, usage_day, provider_kind, provider_name, provider_model, cost_cents)"
        " VALUES ($1, $2, 'llm', $3, '', $4)"
    )
    for domain_uuid, day, name, cents in (
        (one, date(2026, 2, 28), "a", 1000),
        (one, date(2026, 3, 1), "a", 2),
        (one, date(2026, 3, 31), "b", Decimal("0.5")),
        (one, date(2026, 4, 1), "b", 3000),
        (other, date(2026, 3, 9), "a", 0),
    ):
        await owner_connection.execute(insert, domain_uuid, day, name, cents)
    found = await StoredCosts(db).of_month(date(2026, 3, 1))
    assert found[one] == Decimal("2.5")
    assert other not in found


@pytest.mark.parametrize(
    "call",
    [
        "voice_ai_find_token('x')",
        "voice_ai_touch_token(gen_random_uuid())",
        "voice_ai_pbx_token_exists()",
        "voice_ai_insert_pbx_token('a', 'b', 'c', '[]')",
        "voice_ai_find_domain(NULL, 'x')",
        "voice_ai_domains()",
        "voice_ai_claim_outbox(1, 1)",
        "voice_ai_outbox_depth()",
        "voice_ai_stale_calls(interval '1 hour')",
        "voice_ai_redeem_stream_ticket(gen_random_uuid(), 'x', 'x', 1)",
        "voice_ai_renew_streams('x', '{}', 1)",
        "voice_ai_month_costs('2026-01-01')",
    ],
)
async def test_others_may_not_call_them(database_urls: DatabaseUrls, call: str) -> None:
    connection = await asyncpg.connect(database_urls.superuser)
    try:
        await connection.execute(
            "DROP ROLE IF EXISTS somebody_else; CREATE ROLE somebody_else; SET ROLE somebody_else"
        )
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied for function"):
            await connection.execute(f"SELECT * FROM {call}")
    finally:
        await connection.execute("RESET ROLE; DROP ROLE somebody_else")
        await connection.close()
