"""One tenant attacks another as the service's own role, table by table."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.conftest import DatabaseUrls, MakeDomain
from tests.fakes.tenant_rows import Planted, plant, primary_key
from voice_ai_service.db.pool import Database, PoolOptions
from voice_ai_service.tenancy.tenant import PBX_REACH

pytestmark = pytest.mark.postgres

TABLES = sorted(
    "v_voice_" + name
    for name in [
        "callers",
        "chunks",
        "conversations",
        "document_jobs",
        "documents",
        "live_calls",
        "messages",
        "outbox",
        "providers",
        "secretaries",
        "secretary_versions",
        "settings",
        "stream_tickets",
        "tokens",
        "transfer_destinations",
        "transfer_rules",
        "usage",
        "webhooks",
    ]
)
FROZEN = {"v_voice_secretary_versions"}
"""Tables in which the service may change nothing, its own tenant's rows neither."""


@dataclass(frozen=True)
class Tenants:
    attacker: UUID
    victim: UUID
    rows: Planted
    loot: Planted


@pytest.fixture
async def tenants(owner_connection: asyncpg.Connection, make_domain: MakeDomain) -> Tenants:
    attacker, victim = await make_domain(), await make_domain()
    return Tenants(
        attacker, victim, await plant(owner_connection, attacker), await plant(owner_connection, victim)
    )


async def snapshot(owner: asyncpg.Connection, table: str, pk: UUID) -> str:
    row = await owner.fetchval(
        f"SELECT to_jsonb({table})::text FROM {table} WHERE {primary_key(table)} = $1", pk
    )
    assert row is not None, "the victim's row is gone"
    return str(row)


async def test_no_table_is_missing_here(owner_connection: asyncpg.Connection, tenants: Tenants) -> None:
    rows = await owner_connection.fetch(
        "SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'v\\_voice\\_%'"
    )
    assert sorted(row[0] for row in rows) == TABLES == sorted(tenants.loot)


@pytest.mark.parametrize("table", TABLES)
async def test_reading(db: Database, tenants: Tenants, table: str) -> None:
    async with db.tenant(tenants.attacker) as connection:
        mine = await connection.fetch(f"SELECT domain_uuid FROM {table}")
        theirs = await connection.fetch(
            f"SELECT 1 FROM {table} WHERE domain_uuid = $1 OR {primary_key(table)} = $2",
            tenants.victim,
            tenants.loot[table],
        )
    assert [row["domain_uuid"] for row in mine] == [tenants.attacker]
    assert theirs == []


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("verb", ["update", "delete"])
async def test_changing(
    db: Database, owner_connection: asyncpg.Connection, tenants: Tenants, table: str, verb: str
) -> None:
    before = await snapshot(owner_connection, table, tenants.loot[table])
    where = f"WHERE {primary_key(table)} = $1"
    statement = (
        f"UPDATE {table} SET insert_user = $1 {where}" if verb == "update" else f"DELETE FROM {table} {where}"
    )
    if table in FROZEN:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="permission denied"):
            async with db.tenant(tenants.attacker) as connection:
                await connection.execute(statement, tenants.loot[table])
    else:
        async with db.tenant(tenants.attacker) as connection:
            assert await connection.execute(statement, tenants.loot[table]) == f"{verb.upper()} 0"
            # The same on its own row works: it was the wall that held, not a missing right.
            assert await connection.execute(statement, tenants.rows[table]) == f"{verb.upper()} 1"
    assert await snapshot(owner_connection, table, tenants.loot[table]) == before


@pytest.mark.parametrize("table", TABLES)
async def test_moving_a_row_to_the_other_side(db: Database, tenants: Tenants, table: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with db.tenant(tenants.attacker) as connection:
            await connection.execute(
                f"UPDATE {table} SET domain_uuid = $1 WHERE {primary_key(table)} = $2",
                tenants.victim,
                tenants.rows[table],
            )


@pytest.mark.parametrize("table", TABLES)
async def test_inserting_for_the_other(
    db: Database, owner_connection: asyncpg.Connection, tenants: Tenants, table: str
) -> None:
    before = await owner_connection.fetchval(f"SELECT count(*) FROM {table}")
    copied = await copy_statement(owner_connection, table)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        async with db.tenant(tenants.attacker) as connection:
            await connection.execute(copied, tenants.rows[table], tenants.victim)
    assert await owner_connection.fetchval(f"SELECT count(*) FROM {table}") == before


async def copy_statement(owner: asyncpg.Connection, table: str) -> str:
    """Copies one's own row under a new key into another domain: valid but for the wall."""
    pk = primary_key(table)
    columns = [
        row[0]
        for row in await owner.fetch(
            "SELECT column_name FROM information_schema.columns "
            "WHERE table_name = $1 AND column_name <> ALL ($2) AND is_generated = 'NEVER'",
            table,
            [pk, "domain_uuid"],
        )
    ]
    names = ", ".join(columns)
    return (
        f"INSERT INTO {table} ({pk}, domain_uuid, {names}) "
        f"SELECT gen_random_uuid(), $2, {names} FROM {table} WHERE {pk} = $1"
    )


@pytest.mark.parametrize("table", sorted(set(TABLES) - FROZEN))
async def test_overwriting_by_a_known_key(
    db: Database, owner_connection: asyncpg.Connection, tenants: Tenants, table: str
) -> None:
    """FusionPBX's own pages fall for this: a posted key of another tenant moves the row."""
    before = await snapshot(owner_connection, table, tenants.loot[table])
    pk = primary_key(table)
    columns = await owner_connection.fetch(
        "SELECT column_name FROM information_schema.columns "
        "WHERE table_name = $1 AND column_name <> $2 AND is_generated = 'NEVER'",
        table,
        pk,
    )
    names = ", ".join(row[0] for row in columns)
    with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.UniqueViolationError)):
        async with db.tenant(tenants.attacker) as connection:
            await connection.execute(
                f"INSERT INTO {table} ({pk}, {names}) SELECT $1, {names} FROM {table} WHERE {pk} = $2 "
                f"ON CONFLICT ({pk}) DO UPDATE SET domain_uuid = excluded.domain_uuid",
                tenants.loot[table],
                tenants.rows[table],
            )
    assert await snapshot(owner_connection, table, tenants.loot[table]) == before


@pytest.mark.parametrize("table", TABLES)
async def test_without_a_tenant_nothing_is_there(db: Database, tenants: Tenants, table: str) -> None:
    async with db.open() as connection:
        assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0
    async with db.tenant(PBX_REACH) as connection:
        assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_a_tenant_does_not_stay_on_the_connection(
    database_urls: DatabaseUrls, tenants: Tenants
) -> None:
    db = await Database.connect(database_urls.app, PoolOptions(size=1))
    try:
        async with db.tenant(tenants.attacker) as connection:
            backend = await connection.fetchval("SELECT pg_backend_pid()")
            assert await connection.fetchval("SELECT count(*) FROM v_voice_tokens") == 1
        async with db.open() as connection:
            assert await connection.fetchval("SELECT pg_backend_pid()") == backend
            assert await connection.fetchval("SELECT count(*) FROM v_voice_tokens") == 0
        with pytest.raises(ZeroDivisionError):
            async with db.tenant(tenants.attacker) as connection:
                raise ZeroDivisionError
        async with db.open() as connection:
            assert await connection.fetchval("SELECT count(*) FROM v_voice_tokens") == 0
    finally:
        await db.close()


async def test_many_tenants_at_once_each_see_their_own(
    db: Database, owner_connection: asyncpg.Connection, make_domain: MakeDomain
) -> None:
    domains = [await make_domain() for _ in range(8)]
    for domain_uuid in domains:
        await plant(owner_connection, domain_uuid)

    async def look(domain_uuid: UUID) -> set[UUID]:
        async with db.tenant(domain_uuid) as connection:
            rows = await connection.fetch("SELECT domain_uuid FROM v_voice_messages")
            await asyncio.sleep(0)
            rows += await connection.fetch("SELECT domain_uuid FROM v_voice_conversations")
        return {row[0] for row in rows}

    seen = await asyncio.gather(*(look(domain_uuid) for domain_uuid in domains * 20))
    assert seen == [{domain_uuid} for domain_uuid in domains * 20]


async def test_pointing_into_the_other_tenant(db: Database, tenants: Tenants) -> None:
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        async with db.tenant(tenants.attacker) as connection:
            await connection.execute(
                "INSERT INTO v_voice_messages (domain_uuid, voice_conversation_uuid, message_index, speaker) "
                "VALUES ($1, $2, 7, 'caller')",
                tenants.attacker,
                tenants.loot["v_voice_conversations"],
            )


@pytest.mark.parametrize(
    "statement",
    [
        "RESET ROLE; SET ROLE voice_ai_owner",
        "SET SESSION AUTHORIZATION voice_ai_owner",
        "SET row_security = off; SELECT * FROM v_voice_tokens",
        "SET voice_ai.domain_uuid = 'anything'; SELECT * FROM v_voice_tokens",
        "ALTER TABLE v_voice_tokens DISABLE ROW LEVEL SECURITY",
        "DROP POLICY voice_ai_tenant ON v_voice_tokens",
        "CREATE POLICY mine ON v_voice_tokens USING (true)",
        "TRUNCATE v_voice_tokens",
        "DROP TABLE v_voice_tokens",
        "CREATE TABLE public.mine (a int)",
        "CREATE OR REPLACE FUNCTION public.voice_ai_domains() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "COPY v_voice_tokens TO PROGRAM 'cat'",
        "SELECT domain_description FROM v_domains",
        "UPDATE v_domains SET domain_enabled = true",
        "SELECT * FROM voice_ai.migrations",
        "CREATE ROLE mine SUPERUSER",
        "GRANT voice_ai_owner TO voice_ai_login",
    ],
)
async def test_tearing_down_the_wall(db: Database, tenants: Tenants, statement: str) -> None:
    with pytest.raises((asyncpg.PostgresError, ValueError)) as caught:
        async with db.open() as connection:
            await connection.execute(statement)
    assert caught.type in (
        asyncpg.InsufficientPrivilegeError,
        asyncpg.InvalidTextRepresentationError,
        asyncpg.FeatureNotSupportedError,
    )


async def test_a_temporary_table_does_not_deceive_the_functions(db: Database, tenants: Tenants) -> None:
    fake_hash = "0" * 64
    async with db.open() as connection:
        await connection.execute(
            "CREATE TEMPORARY TABLE v_voice_tokens (voice_token_uuid uuid, domain_uuid uuid, token_hash text, "
            "token_scopes jsonb, token_enabled boolean, expires_date timestamptz)"
        )
        try:
            await connection.execute(
                "INSERT INTO pg_temp.v_voice_tokens VALUES ($1, $2, $3, '[]', true, NULL)",
                uuid4(),
                tenants.victim,
                fake_hash,
            )
            assert await connection.fetch("SELECT * FROM voice_ai_find_token($1)", fake_hash) == []
        finally:
            await connection.execute("DROP TABLE pg_temp.v_voice_tokens")
