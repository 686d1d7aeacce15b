"""The migrations on every database they may meet."""

from __future__ import annotations

import asyncio
import re
import shutil
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.conftest import Cluster, DatabaseUrls
from voice_ai_service import errors
from voice_ai_service.db import migrate

pytestmark = pytest.mark.postgres

VERSIONS = [m.version for m in migrate.known()]
NEWEST = VERSIONS[-1]
SHAPE = """
    SELECT 'column' AS kind, table_name || '.' || column_name AS name,
        concat_ws(' ', udt_name, is_nullable, column_default) AS what
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name LIKE 'v\\_voice\\_%'
    UNION ALL SELECT 'constraint', conname, pg_get_constraintdef(pg_constraint.oid)
    FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid WHERE relname LIKE 'v\\_voice\\_%' AND contype <> 'n'
    UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE tablename LIKE 'v\\_voice\\_%'
    UNION ALL SELECT 'policy', tablename || '.' || policyname, concat_ws(' ', roles::text, cmd, qual, with_check)
    FROM pg_policies WHERE tablename LIKE 'v\\_voice\\_%'
    UNION ALL SELECT 'grant', table_name || ' to ' || grantee, string_agg(privilege_type, ' ' ORDER BY privilege_type)
    FROM information_schema.role_table_grants
    WHERE table_name LIKE 'v\\_voice\\_%' AND grantee <> 'PUBLIC' GROUP BY table_name, grantee
    UNION ALL SELECT 'function', oid::regprocedure::text, concat_ws(' ', prosecdef, proconfig::text, md5(prosrc))
    FROM pg_proc WHERE proname LIKE 'voice\\_ai\\_%'
    ORDER BY 1, 2
"""


@pytest.fixture(params=["postgres_cluster", "oldest_postgres"])
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """The embedded PostgreSQL (18, with pgvector) and 15 (without)."""
    cluster: Cluster = request.getfixturevalue(request.param)
    return cluster


@pytest.fixture
def urls(cluster: Cluster) -> DatabaseUrls:
    """An empty database."""
    return cluster.create()


async def run(url: str, statement: str, *arguments: object) -> list[Any]:
    connection = await asyncpg.connect(url)
    try:
        rows: list[Any] = await connection.fetch(statement, *arguments)
        return rows
    finally:
        await connection.close()


async def run_script(url: str, script: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(script)
    finally:
        await connection.close()


async def shape(urls: DatabaseUrls) -> list[tuple[str, str, str]]:
    return [tuple(row) for row in await run(urls.superuser, SHAPE)]


def like_fusionpbx(enabled_type: str) -> str:
    """FusionPBX's domains, and our tables as `app_config.php` makes them: columns, types, nothing else."""
    text = next(m for m in migrate.known() if m.version == 2).up_sql
    tables = re.sub(r"--.*", "", text)
    tables = re.sub(r"uuid PRIMARY KEY\)", "uuid)", tables)
    return f"""
        CREATE TABLE v_domains (
            domain_uuid uuid PRIMARY KEY, domain_parent_uuid uuid, domain_name text,
            domain_enabled {enabled_type}, domain_description text, insert_date timestamptz, insert_user uuid
        );
        INSERT INTO v_domains (domain_uuid, domain_name, domain_enabled)
        VALUES ('11111111-1111-4111-8111-111111111111', 'pbx.example', 'true');
        {tables}
    """


async def test_up_on_an_empty_database_and_again(urls: DatabaseUrls) -> None:
    assert [m.version for m in await migrate.up(urls.owner)] == VERSIONS
    before = await shape(urls)
    assert await migrate.up(urls.owner) == ()
    assert await shape(urls) == before
    assert await migrate.pending(urls.owner) == ()


async def test_up_down_up_ends_where_it_began(urls: DatabaseUrls) -> None:
    await migrate.up(urls.owner)
    first = await shape(urls)
    undone = await migrate.down(urls.owner, to=0)
    assert [m.version for m in undone] == VERSIONS[::-1]
    assert await shape(urls) == []
    await migrate.up(urls.owner)
    assert await shape(urls) == first


@pytest.mark.parametrize("version", VERSIONS[:-1])
async def test_every_earlier_version_comes_up_and_goes_back(urls: DatabaseUrls, version: int) -> None:
    await migrate.up(urls.owner, to=version)
    there = await shape(urls)
    assert [m.version for m in await migrate.pending(urls.owner)] == [
        later for later in VERSIONS if later > version
    ]
    await migrate.up(urls.owner)
    await migrate.down(urls.owner, to=version)
    assert await shape(urls) == there


@pytest.mark.parametrize("enabled_type", ["boolean", "text"])
async def test_fusionpbx_first_gives_the_same_schema(
    cluster: Cluster, urls: DatabaseUrls, enabled_type: str
) -> None:
    await run_script(urls.owner, like_fusionpbx(enabled_type))
    await migrate.up(urls.owner)
    plain = cluster.create()
    await migrate.up(plain.owner)
    assert await shape(urls) == await shape(plain)
    found = await run(urls.app, "SELECT domain_enabled FROM voice_ai_find_domain(NULL, 'PBX.example')")
    assert [row["domain_enabled"] for row in found] == [True]


async def test_rows_from_before_get_the_defaults(urls: DatabaseUrls) -> None:
    await run_script(urls.owner, like_fusionpbx("text"))
    await run(
        urls.owner,
        "INSERT INTO v_voice_secretaries (voice_secretary_uuid, domain_uuid, secretary_name, secretary_extension) "
        "VALUES (gen_random_uuid(), '11111111-1111-4111-8111-111111111111', 'Ana', '8000')",
    )
    await migrate.up(urls.owner)
    row = (await run(urls.owner, "SELECT * FROM v_voice_secretaries"))[0]
    assert (row["secretary_mode"], row["secretary_enabled"], row["secretary_settings"]) == (
        "turn",
        True,
        "{}",
    )


async def test_a_row_without_a_domain_stops_it_and_says_where(urls: DatabaseUrls) -> None:
    await run_script(urls.owner, like_fusionpbx("text"))
    await run(urls.owner, "INSERT INTO v_voice_webhooks (voice_webhook_uuid) VALUES (gen_random_uuid())")
    with pytest.raises(errors.Conflict, match="v_voice_webhooks has rows that belong to no domain") as caught:
        await migrate.up(urls.owner)
    assert "DELETE FROM v_voice_webhooks" in (caught.value.fix or "")
    assert [m.version for m in await migrate.pending(urls.owner)] == VERSIONS[2:]


async def test_a_migration_that_fails_leaves_nothing_behind(urls: DatabaseUrls, tmp_path: Path) -> None:
    (tmp_path / "0001_half.up.sql").write_text("CREATE TABLE half (a int); SELECT 1 / 0;")
    with pytest.raises(errors.Conflict, match="0001"):
        await migrate.up(urls.owner, folder=tmp_path)
    assert (await run(urls.owner, "SELECT to_regclass('half') AS half"))[0]["half"] is None
    assert len(await migrate.pending(urls.owner, folder=tmp_path)) == 1


async def test_a_migration_changed_afterwards_is_refused(urls: DatabaseUrls, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(migrate.migrations_folder(), tmp_path / "migrations"))
    await migrate.up(urls.owner, folder=copy)
    file = copy / "0004_indexes.up.sql"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert await migrate.up(urls.owner, folder=copy) == ()
    file.write_text(file.read_text() + "\nSELECT 1;\n")
    for attempt in (migrate.up, migrate.pending):
        with pytest.raises(errors.Conflict, match=r"0004 .*changed after it ran"):
            await attempt(urls.owner, folder=copy)


async def test_a_newer_database_is_refused(urls: DatabaseUrls, tmp_path: Path) -> None:
    await migrate.up(urls.owner)
    copy = Path(shutil.copytree(migrate.migrations_folder(), tmp_path / "migrations"))
    for file in copy.glob(f"{NEWEST:04}_*"):
        file.unlink()
    with pytest.raises(errors.Conflict, match="this program knows"):
        await migrate.up(urls.owner, folder=copy)


async def test_two_runners_at_once_do_it_once(urls: DatabaseUrls) -> None:
    done = await asyncio.gather(*(migrate.up(urls.owner) for _ in range(4)))
    assert sorted(len(ran) for ran in done) == [0, 0, 0, len(VERSIONS)]


async def test_embeddings_are_vectors_where_pgvector_is(postgres_cluster: Cluster) -> None:
    urls = postgres_cluster.create()
    await migrate.up(urls.owner)
    assert await embedding_type(urls) == "vector"


async def test_without_pgvector_embeddings_are_arrays_until_it_comes(postgres_cluster: Cluster) -> None:
    urls = postgres_cluster.create()
    await run_script(urls.superuser, "DROP EXTENSION vector")  # the owner may not make it again
    await migrate.up(urls.owner)
    assert await embedding_type(urls) == "_float4"
    await run_script(
        urls.owner,
        "INSERT INTO v_domains (domain_uuid) VALUES ('11111111-1111-4111-8111-111111111111');"
        "INSERT INTO v_voice_documents (voice_document_uuid, domain_uuid, document_name) VALUES "
        "('22222222-2222-4222-8222-222222222222', '11111111-1111-4111-8111-111111111111', 'd');"
        "INSERT INTO v_voice_chunks (domain_uuid, voice_document_uuid, chunk_index, chunk_text, embedding) VALUES "
        "('11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222', 0, 't', '{1,2.5}')",
    )
    await run_script(urls.superuser, "CREATE EXTENSION vector")
    assert await migrate.up(urls.owner) == ()
    assert await embedding_type(urls) == "vector"
    assert (await run(urls.owner, "SELECT embedding::text FROM v_voice_chunks"))[0][0] == "[1,2.5]"


async def embedding_type(urls: DatabaseUrls) -> str:
    rows = await run(
        urls.owner,
        "SELECT udt_name FROM information_schema.columns WHERE column_name = 'embedding' GROUP BY 1",
    )
    assert len(rows) == 1
    return str(rows[0]["udt_name"])


async def test_without_the_right_to_make_roles_the_dba_is_told_what_to_run(oldest_postgres: Cluster) -> None:
    urls = oldest_postgres.create()
    await run_script(urls.superuser, "ALTER ROLE voice_ai_service RENAME TO kept_away")
    try:
        with pytest.raises(errors.Unavailable, match="0006") as caught:
            await migrate.up(urls.owner)
    finally:
        await run_script(urls.superuser, "ALTER ROLE kept_away RENAME TO voice_ai_service")
    assert "CREATE ROLE voice_ai_service NOLOGIN" in (caught.value.fix or "")
    await migrate.up(urls.owner)


async def test_an_unreachable_database_is_unavailable() -> None:
    with pytest.raises(errors.Unavailable) as caught:
        await migrate.up("postgresql://nobody@/none?host=%2Fnowhere")
    assert "VOICE_AI_OWNER_DATABASE_URL" in (caught.value.fix or "")


async def test_a_role_without_rights_is_told_so(cluster: Cluster, urls: DatabaseUrls) -> None:
    with pytest.raises(errors.Unavailable) as caught:
        await migrate.up(urls.app)
    assert "GRANT CREATE ON DATABASE" in (caught.value.fix or "")


async def test_vectors_that_come_later_get_their_indexes(postgres_cluster: Cluster) -> None:
    urls = postgres_cluster.create()
    await run_script(urls.superuser, "DROP EXTENSION vector")
    await migrate.up(urls.owner)
    made = "SELECT count(*) FROM pg_indexes WHERE indexname LIKE 'v\\_voice\\_chunks\\_vectors\\_%'"
    assert (await run(urls.owner, made))[0][0] == 0
    await run_script(urls.superuser, "CREATE EXTENSION vector")
    await migrate.up(urls.owner)
    assert (await run(urls.owner, made))[0][0] == 6
