"""The pool: what it refuses, what it maps, what it never loses silently."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.conftest import Cluster, DatabaseUrls, MakeDomain
from voice_ai_service import errors
from voice_ai_service.db import migrate
from voice_ai_service.db.pool import Database, PoolOptions, as_owner, savepoint

pytestmark = pytest.mark.postgres

PUT = """INSERT INTO v_voice_settings (domain_uuid, setting_category, setting_name, setting_value)
    VALUES ($1, $2, $3, $4)"""
COUNT = "SELECT count(*) FROM v_voice_settings"


async def test_committed_at_the_end_rolled_back_on_error(db: Database, make_domain: MakeDomain) -> None:
    domain_uuid = await make_domain()
    async with db.tenant(domain_uuid) as connection:
        await connection.execute(PUT, domain_uuid, "a", "kept", 1)
    with pytest.raises(KeyError):  # noqa: PT012
        async with db.tenant(domain_uuid) as connection:
            await connection.execute(PUT, domain_uuid, "a", "lost", 1)
            raise KeyError
    async with db.tenant(domain_uuid, durable=False) as connection:
        assert await connection.fetchval("SHOW synchronous_commit") == "off"
        assert [row[0] for row in await connection.fetch("SELECT setting_name FROM v_voice_settings")] == [
            "kept"
        ]


async def test_values_come_back_as_they_went(db: Database, make_domain: MakeDomain) -> None:
    domain_uuid = await make_domain()
    value = {"text": "ação 🙂", "list": [1, 2.5, None], "nested": {"a": True}}
    async with db.tenant(domain_uuid) as connection:
        await connection.execute(PUT, domain_uuid, "a", "b", value)
        row = await connection.fetchrow("SELECT * FROM v_voice_settings")
        assert row["setting_value"] == value
        assert isinstance(row["domain_uuid"], UUID)
        assert row["insert_date"].tzinfo is not None
        numbers = await connection.fetchrow("SELECT 3::numeric, -3::numeric, 2.50::numeric, 0::numeric")
        assert tuple(numbers) == (3, -3, Decimal("2.50"), 0)
        assert [type(number) for number in numbers] == [int, int, Decimal, int]
        assert await connection.fetchval("SELECT $1::numeric + 1", 41) == 42
        assert (await connection.fetchval("SELECT $1::vector", [1.0, 2.5])).to_list() == [1.0, 2.5]


async def test_an_error_that_was_swallowed_is_not_called_stored(
    db: Database, make_domain: MakeDomain
) -> None:
    domain_uuid = await make_domain()
    with pytest.raises(RuntimeError, match="swallowed"):  # noqa: PT012
        async with db.tenant(domain_uuid) as connection:
            await connection.execute(PUT, domain_uuid, "a", "b", 1)
            with pytest.raises(asyncpg.UniqueViolationError):
                await connection.execute(PUT, domain_uuid, "a", "b", 1)


async def test_a_savepoint_undoes_only_its_block(db: Database, make_domain: MakeDomain) -> None:
    domain_uuid = await make_domain()
    async with db.tenant(domain_uuid) as connection:
        await connection.execute(PUT, domain_uuid, "a", "one", 1)
        with pytest.raises(asyncpg.UniqueViolationError):  # noqa: PT012
            async with savepoint(connection):
                await connection.execute(PUT, domain_uuid, "a", "two", 1)
                await connection.execute(PUT, domain_uuid, "a", "one", 1)
        async with savepoint(connection):
            await connection.execute(PUT, domain_uuid, "a", "three", 1)
    async with db.tenant(domain_uuid) as connection:
        rows = await connection.fetch("SELECT setting_name FROM v_voice_settings ORDER BY 1")
    assert [row[0] for row in rows] == ["one", "three"]


async def test_only_a_uuid_becomes_part_of_the_statement(db: Database) -> None:
    with pytest.raises(TypeError):
        async with db.tenant("' OR true --"):  # type: ignore[arg-type]
            raise AssertionError("not reached")


async def test_a_character_that_cannot_be_stored_is_bad_input(db: Database, make_domain: MakeDomain) -> None:
    domain_uuid = await make_domain()
    for name, value in (("nul\x00", 1), ("b", {"text": "nul\x00"})):
        with pytest.raises(errors.InvalidInput):
            async with db.tenant(domain_uuid) as connection:
                await connection.execute(PUT, domain_uuid, "a", name, value)


async def test_a_cancelled_task_gives_its_connection_back_clean(
    database_urls: DatabaseUrls, make_domain: MakeDomain
) -> None:
    domain_uuid = await make_domain()
    db = await Database.connect(database_urls.app, PoolOptions(size=1))
    began = asyncio.Event()

    async def hang() -> None:
        async with db.tenant(domain_uuid) as connection:
            await connection.execute(PUT, domain_uuid, "a", "b", 1)
            began.set()
            await connection.execute("SELECT pg_sleep(60)")

    try:
        task = asyncio.create_task(hang())
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with db.tenant(domain_uuid) as connection:
            assert await connection.fetchval(COUNT) == 0
    finally:
        await db.close()


async def test_no_free_connection_in_time_is_unavailable(database_urls: DatabaseUrls) -> None:
    db = await Database.connect(database_urls.app, PoolOptions(size=1, acquire_timeout_s=0.05))
    try:
        async with db.open():
            with pytest.raises(errors.Unavailable):
                await db.ping()
        await db.ping()
    finally:
        await db.close()


async def test_a_statement_that_takes_too_long_is_unavailable(database_urls: DatabaseUrls) -> None:
    db = await Database.connect(database_urls.app, PoolOptions(size=1, statement_timeout_s=0.05))
    try:
        with pytest.raises(errors.Unavailable, match="in time"):
            async with db.open() as connection:
                await connection.execute("SELECT pg_sleep(60)")
        await db.ping()
    finally:
        await db.close()


async def test_a_cut_line_is_unavailable_and_the_next_request_works(
    db: Database, database_urls: DatabaseUrls, make_domain: MakeDomain
) -> None:
    domain_uuid = await make_domain()
    superuser = await asyncpg.connect(database_urls.superuser)
    try:
        with pytest.raises(errors.Unavailable):  # noqa: PT012
            async with db.tenant(domain_uuid) as connection:
                backend = await connection.fetchval("SELECT pg_backend_pid()")
                await superuser.execute("SELECT pg_terminate_backend($1)", backend)
                await connection.execute(PUT, domain_uuid, "a", "b", 1)
    finally:
        await superuser.close()
    async with db.tenant(domain_uuid) as connection:
        assert await connection.fetchval(COUNT) == 0


async def test_our_own_errors_are_not_taken_for_the_databases(db: Database) -> None:
    with pytest.raises(FileNotFoundError):
        async with db.open():
            raise FileNotFoundError
    with pytest.raises(asyncpg.InterfaceError):
        async with db.open() as connection:
            await connection.fetchval("SELECT $1::int", 1, 2)


async def test_no_server_is_unavailable() -> None:
    with pytest.raises(errors.Unavailable):
        await Database.connect("postgresql://nobody@/none?host=%2Fnowhere")


async def test_the_owner_does_not_get_in(postgres_cluster: Cluster) -> None:
    urls = postgres_cluster.create()
    await migrate.up(urls.owner)
    with pytest.raises(errors.Unavailable, match="no role voice_ai_service that this login may take"):
        await Database.connect(urls.owner)
    for role, message in (("voice_ai_owner", "owns v_voice"), ("postgres", "not bound")):
        with pytest.raises(errors.Unavailable, match=message):
            await Database.connect(urls.superuser, PoolOptions(size=1, role=role))


async def test_one_url_for_everything_is_bound_all_the_same(
    postgres_cluster: Cluster, database_urls: DatabaseUrls, make_domain: MakeDomain
) -> None:
    domain_uuid = await make_domain()
    db = await Database.connect(database_urls.superuser, PoolOptions(size=1))
    try:
        async with db.tenant(domain_uuid) as connection:
            assert await connection.fetchval("SELECT current_user") == "voice_ai_service"
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
                async with savepoint(connection):
                    await connection.execute(PUT, uuid4(), "a", "b", 1)
    finally:
        await db.close()


async def test_before_the_migrations_it_says_what_to_run(oldest_postgres: Cluster) -> None:
    urls = oldest_postgres.create()
    with pytest.raises(errors.Unavailable) as caught:
        await Database.connect(urls.app, PoolOptions(size=1, role="not_made_yet"))
    assert "voice-ai migrate" in (caught.value.fix or "")


async def test_an_older_schema_is_not_served(postgres_cluster: Cluster) -> None:
    urls = postgres_cluster.create()
    newest = migrate.known()[-1].version
    with pytest.raises(errors.Unavailable, match="version 0") as caught:
        await Database.connect(urls.app, PoolOptions(size=1))
    assert caught.value.fix == "run `voice-ai migrate`"
    await migrate.up(urls.owner)
    async with as_owner(urls.owner) as owner:
        await owner.execute("DELETE FROM voice_ai.migrations WHERE version = $1", newest)
    with pytest.raises(errors.Unavailable, match=f"version {newest - 1}, needed {newest}"):
        await Database.connect(urls.app, PoolOptions(size=1))
    async with as_owner(urls.owner) as owner:
        await owner.execute(
            "INSERT INTO voice_ai.migrations VALUES ($1, 'of a newer program', '')", newest + 1
        )
    await (await Database.connect(urls.app, PoolOptions(size=1))).close()


async def test_a_full_disk_and_a_deadlock_are_unavailable(db: Database) -> None:
    for state in ("53100", "53200", "58030", "40P01", "55P03"):
        with pytest.raises(errors.Unavailable):
            async with db.open() as connection:
                await connection.execute(f"DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '{state}'; END $$")


async def test_a_login_that_is_refused(postgres_cluster: Cluster, database_urls: DatabaseUrls) -> None:
    with pytest.raises(errors.Unavailable, match="refused the credential"):
        await Database.connect(database_urls.app.replace("voice_ai_login", "somebody"), PoolOptions(size=1))
    with pytest.raises(errors.Unavailable):
        await Database.connect("not a url", PoolOptions(size=1))
