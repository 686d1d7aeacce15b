"""What must hold for every table of ours, now and for those to come."""

from __future__ import annotations

import asyncpg
import pytest

from tests.conftest import DatabaseUrls

pytestmark = pytest.mark.postgres

OURS = "relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname LIKE 'v\\_voice\\_%'"


async def names(connection: asyncpg.Connection, query: str) -> list[str]:
    return [row[0] for row in await connection.fetch(query)]


async def test_there_are_tables(owner_connection: asyncpg.Connection) -> None:
    assert len(await names(owner_connection, f"SELECT relname FROM pg_class WHERE {OURS}")) >= 16


async def test_no_table_lacks_a_domain_that_is_never_null(owner_connection: asyncpg.Connection) -> None:
    without = await names(
        owner_connection,
        f"""SELECT relname FROM pg_class WHERE {OURS} AND NOT EXISTS (
            SELECT 1 FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = 'domain_uuid' AND attnotnull
        )""",
    )
    assert without == []


async def test_no_table_lacks_row_level_security_and_its_policy(owner_connection: asyncpg.Connection) -> None:
    without = await names(
        owner_connection,
        f"""SELECT relname FROM pg_class WHERE {OURS} AND NOT (relrowsecurity AND EXISTS (
            SELECT 1 FROM pg_policies
            WHERE tablename = relname AND roles = '{{voice_ai_service}}' AND cmd = 'ALL' AND qual = with_check
                AND qual LIKE '%voice_ai.domain_uuid%'
        ))""",
    )
    assert without == []
    more = await names(
        owner_connection,
        "SELECT tablename FROM pg_policies WHERE tablename LIKE 'v\\_voice\\_%' GROUP BY 1 HAVING count(*) <> 1",
    )
    assert more == [], "a second policy would widen the first"


async def test_every_audit_column_and_default_key_is_there(owner_connection: asyncpg.Connection) -> None:
    without = await names(
        owner_connection,
        f"""SELECT relname FROM pg_class WHERE {OURS} AND (
            (SELECT count(*) FROM pg_attribute WHERE attrelid = pg_class.oid
                AND attname IN ('insert_date', 'insert_user', 'update_date', 'update_user')) <> 4
            OR NOT EXISTS (
                SELECT 1 FROM pg_index JOIN pg_attrdef ON adrelid = indrelid AND adnum = indkey[0]
                WHERE indrelid = pg_class.oid AND indisprimary AND pg_get_expr(adbin, adrelid) = 'gen_random_uuid()'
            ))""",
    )
    assert without == []


async def test_foreign_keys_stay_inside_the_domain(owner_connection: asyncpg.Connection) -> None:
    """Row-level security does not bind foreign keys: one without the domain would reach into other tenants."""
    rows = await owner_connection.fetch(
        """SELECT conname, pg_get_constraintdef(pg_constraint.oid) AS definition FROM pg_constraint
        JOIN pg_class ON pg_class.oid = conrelid WHERE relname LIKE 'v\\_voice\\_%' AND contype = 'f'"""
    )
    assert len(rows) >= 10
    for row in rows:
        assert row["definition"].startswith("FOREIGN KEY (domain_uuid, "), row["conname"]
        assert "REFERENCES v_voice_" in row["definition"], row["conname"]


async def test_the_service_has_no_right_beyond_rows(owner_connection: asyncpg.Connection) -> None:
    rights = {
        row["privilege_type"]
        for row in await owner_connection.fetch(
            "SELECT privilege_type FROM information_schema.table_privileges WHERE grantee = 'voice_ai_service'"
        )
    }
    assert rights == {"SELECT", "INSERT", "UPDATE", "DELETE"}
    on_domains = await names(
        owner_connection,
        "SELECT column_name || ' ' || privilege_type FROM information_schema.column_privileges "
        "WHERE grantee = 'voice_ai_service' AND table_name = 'v_domains' ORDER BY 1",
    )
    assert on_domains == ["domain_enabled SELECT", "domain_name SELECT", "domain_uuid SELECT"]


async def test_functions_are_pinned_and_closed_to_others(owner_connection: asyncpg.Connection) -> None:
    rows = await owner_connection.fetch(
        "SELECT proname, proconfig, proacl::text AS acl FROM pg_proc WHERE proname LIKE 'voice\\_ai\\_%'"
    )
    assert len(rows) >= 8
    for row in rows:
        assert row["proconfig"] == ["search_path=pg_catalog, pg_temp"], row["proname"]
        assert "voice_ai_service=X" in row["acl"], row["proname"]
        assert "{=X" not in row["acl"], row["proname"]
        assert ",=X" not in row["acl"], row["proname"]


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        (
            "INSERT INTO v_voice_providers (domain_uuid, provider_kind, provider_name) VALUES ({d}, 'x', 'y')",
            "kind",
        ),
        (
            "INSERT INTO v_voice_secretaries (domain_uuid, secretary_name, secretary_extension) "
            "VALUES ({d}, 'a', '80 00')",
            "extension",
        ),
        (
            "INSERT INTO v_voice_transfer_destinations (domain_uuid, destination_name, destination_number) "
            "VALUES ({d}, 'a', '+5511')",
            "number",
        ),
        (
            "INSERT INTO v_voice_conversations (domain_uuid, call_uuid, resolution) VALUES ({d}, {d}, 'gone')",
            "resolution",
        ),
        ("INSERT INTO v_voice_tokens (domain_uuid, token_hash) VALUES ({d}, 'plain')", "hash"),
        (
            "INSERT INTO v_voice_settings (domain_uuid, setting_category, setting_name) "
            "VALUES ('00000000-0000-0000-0000-000000000000', 'limits', 'x')",
            "domain",
        ),
    ],
)
async def test_values_that_mean_nothing_are_refused(
    owner_connection: asyncpg.Connection, statement: str, rule: str
) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match=f"_{rule}_check"):
        await owner_connection.execute(statement.format(d="'11111111-1111-4111-8111-111111111111'"))


async def test_one_enabled_secretary_an_extension(
    owner_connection: asyncpg.Connection, database_urls: DatabaseUrls
) -> None:
    insert = (
        "INSERT INTO v_voice_secretaries (domain_uuid, secretary_name, secretary_extension, secretary_enabled) "
        "VALUES ('33333333-3333-4333-8333-333333333333', 'Ana', '8000', $1)"
    )
    await owner_connection.execute(insert, True)
    await owner_connection.execute(insert, False)
    with pytest.raises(asyncpg.UniqueViolationError, match="v_voice_secretaries_extension_key"):
        await owner_connection.execute(insert, True)


async def test_what_was_said_outlives_the_secretary(owner_connection: asyncpg.Connection) -> None:
    domain = "44444444-4444-4444-8444-444444444444"
    await owner_connection.execute(
        f"""INSERT INTO v_voice_secretaries (voice_secretary_uuid, domain_uuid, secretary_name, secretary_extension)
            VALUES ('{domain}', '{domain}', 'Ana', '8000');
        INSERT INTO v_voice_conversations (domain_uuid, call_uuid, voice_secretary_uuid, secretary_name)
            VALUES ('{domain}', '{domain}', '{domain}', 'Ana');
        DELETE FROM v_voice_secretaries WHERE voice_secretary_uuid = '{domain}'"""
    )
    row = await owner_connection.fetchrow(
        "SELECT domain_uuid, voice_secretary_uuid, secretary_name FROM v_voice_conversations WHERE call_uuid = $1",
        domain,
    )
    assert (str(row["domain_uuid"]), row["voice_secretary_uuid"], row["secretary_name"]) == (
        domain,
        None,
        "Ana",
    )
