"""What was said stands in FusionPBX's call detail record, and is forgotten with the call."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.conftest import MakeDomain
from voice_ai_service.db.pool import Database

pytestmark = pytest.mark.postgres

TRANSCRIPTS = """CREATE TABLE IF NOT EXISTS v_xml_cdr_transcripts (
    xml_cdr_transcript_uuid uuid, xml_cdr_uuid uuid, domain_uuid uuid, transcript_json jsonb, transcript_summary text,
    insert_date timestamptz
)"""


@pytest.fixture
async def fusionpbx(owner_connection: asyncpg.Connection) -> AsyncIterator[asyncpg.Connection]:
    await owner_connection.execute(TRANSCRIPTS)
    yield owner_connection
    await owner_connection.execute("DROP TABLE v_xml_cdr_transcripts")


async def store(db: Database, domain_uuid: UUID, call_uuid: UUID) -> None:
    """As the service does it, in its role and its transaction."""
    async with db.tenant(domain_uuid) as connection:
        conversation = await connection.fetchval(
            "INSERT INTO v_voice_conversations (domain_uuid, call_uuid) VALUES ($1, $2)"
            " RETURNING voice_conversation_uuid",
            domain_uuid,
            call_uuid,
        )
        await connection.execute(
            "INSERT INTO v_voice_messages (domain_uuid, voice_conversation_uuid, message_index, speaker,"
            " message_text, heard_text) VALUES ($1, $2, 1, 'caller', 'oi', NULL),"
            " ($1, $2, 0, 'secretary', 'Bom dia, clínica.', 'Bom dia,')",
            domain_uuid,
            conversation,
        )


async def transcript(fusionpbx: asyncpg.Connection, call_uuid: UUID) -> list[dict[str, str]] | None:
    rows = await fusionpbx.fetch(
        "SELECT transcript_json::text FROM v_xml_cdr_transcripts WHERE xml_cdr_uuid = $1", call_uuid
    )
    assert len(rows) <= 1
    return json.loads(rows[0][0])["segments"] if rows else None


async def test_what_was_heard_in_its_order(
    db: Database, fusionpbx: asyncpg.Connection, make_domain: MakeDomain
) -> None:
    domain_uuid, call_uuid = await make_domain(), uuid4()
    await store(db, domain_uuid, call_uuid)
    assert await transcript(fusionpbx, call_uuid) == [
        {"speaker": "1", "text": "Bom dia,"},
        {"speaker": "0", "text": "oi"},
    ]


async def test_it_goes_with_its_call_and_with_no_other(
    db: Database, fusionpbx: asyncpg.Connection, make_domain: MakeDomain
) -> None:
    domain_uuid, forgotten, kept = await make_domain(), uuid4(), uuid4()
    await store(db, domain_uuid, forgotten)
    await store(db, domain_uuid, kept)
    async with db.tenant(domain_uuid) as connection:
        await connection.execute("DELETE FROM v_voice_conversations WHERE call_uuid = $1", forgotten)
    assert await transcript(fusionpbx, forgotten) is None
    assert await transcript(fusionpbx, kept) is not None


async def test_calls_are_stored_where_there_is_no_fusionpbx(db: Database, make_domain: MakeDomain) -> None:
    domain_uuid, call_uuid = await make_domain(), uuid4()
    await store(db, domain_uuid, call_uuid)
    async with db.tenant(domain_uuid) as connection:
        assert await connection.fetchval(
            "SELECT count(*) FROM v_voice_conversations WHERE call_uuid = $1", call_uuid
        )


async def test_the_service_reaches_neither_the_table_nor_the_functions(
    db: Database, fusionpbx: asyncpg.Connection
) -> None:
    del fusionpbx
    async with db.open() as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch("SELECT * FROM v_xml_cdr_transcripts")
        await connection.execute("CREATE TEMP TABLE bait (domain_uuid uuid, call_uuid uuid)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(
                "CREATE TRIGGER t AFTER DELETE ON bait REFERENCING OLD TABLE AS gone"
                " FOR EACH STATEMENT EXECUTE FUNCTION public.voice_cdr_forget_transcripts()"
            )
