"""Conversations against a real PostgreSQL, as the service's role."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.conftest import DatabaseUrls, MakeDomain
from tests.fakes.calls import STARTED, call_state, exchange, greeting
from voice_ai_service.conversations.conversation import Conversation, build
from voice_ai_service.conversations.live_calls import LiveCalls, Snapshot
from voice_ai_service.conversations.outcome import EndedBy, Ending, Resolution
from voice_ai_service.conversations.repository import ConversationRepository, MessageVectors
from voice_ai_service.conversations.stored import ConversationFilter
from voice_ai_service.crm.outbox import CallCompletedAnnouncement
from voice_ai_service.db.pool import Database
from voice_ai_service.errors import InvalidInput, NotFound, Unavailable

ENDING = Ending(
    by=EndedBy.CALLER_HANGUP, ended_at=STARTED + timedelta(seconds=60), hangup_cause="NORMAL_CLEARING"
)
TABLES = (
    "v_voice_conversations",
    "v_voice_messages",
    "v_voice_callers",
    "v_voice_usage",
    "v_voice_outbox",
)


def conversation_of(domain_uuid: UUID, **changes: Any) -> Conversation:
    return build(call_state(domain_uuid, **changes), ENDING, secretary_name="Clara", keep_audio=True)


async def counts(owner: asyncpg.Connection, domain_uuid: UUID) -> dict[str, int]:
    return {
        table: await owner.fetchval(f"SELECT count(*) FROM {table} WHERE domain_uuid = $1", domain_uuid)
        for table in TABLES
    }


async def test_a_conversation_comes_back_whole(db: Database, make_domain: MakeDomain) -> None:
    domain_uuid = await make_domain()
    repository = ConversationRepository(db)
    conversation = conversation_of(domain_uuid)
    stored = await repository.store(
        conversation, MessageVectors("tiny", [[0.1, 0.2, 0.3], None, [0.5, 0.5, 0.5], None, None])
    )
    detail = await repository.find(domain_uuid, stored)
    assert detail.conversation.call_uuid == conversation.call_uuid
    assert detail.conversation.resolution is Resolution.COMPLETED
    assert detail.conversation.hangup_cause == "NORMAL_CLEARING"
    assert detail.conversation.duration_ms == 59_000
    assert detail.conversation.latency_ms["total"] == {"mean": 180.0, "p95": 180.0}
    assert detail.conversation.prompt_tokens == 400
    assert [(m.speaker, m.text, m.turn) for m in detail.messages] == [
        ("secretary", "Bom dia, clínica Sol.", 0),
        ("caller", "qual o horário", 1),
        ("secretary", "Abrimos das oito às dezoito.", 1),
        ("caller", "obrigado", 2),
        ("secretary", "Até logo.", 2),
    ]
    assert [m.embedding_model for m in detail.messages] == ["tiny", None, "tiny", None, None]
    assert detail.messages[1].audio_ref == "utterance-0001.wav"
    assert detail.messages[2].sources == ("precos.pdf",)
    assert detail.messages[2].latency_ms == {"stt": 40, "retrieval": 2, "llm": 100, "tts": 30, "total": 180}


async def test_each_message_gets_its_own_vector_and_one_that_is_none_costs_only_itself(
    db: Database, make_domain: MakeDomain, owner_connection: asyncpg.Connection
) -> None:
    domain_uuid = await make_domain()
    vectors = [[0.25, -1.5e-7], None, [float("nan"), 1.0], [0.0, 1.0], [float("inf"), 0.0]]
    stored = await ConversationRepository(db).store(
        conversation_of(domain_uuid), MessageVectors("tiny", vectors)
    )
    rows = await owner_connection.fetch(
        "SELECT embedding_model, embedding::real[] AS numbers FROM v_voice_messages"
        " WHERE voice_conversation_uuid = $1 ORDER BY message_index",
        stored,
    )
    assert [row["embedding_model"] for row in rows] == ["tiny", None, None, "tiny", None]
    assert rows[0]["numbers"] == pytest.approx([0.25, -1.5e-7])
    assert [row["numbers"] for row in rows[1:]] == [None, None, [0.0, 1.0], None]


async def test_stored_twice_is_stored_once(
    db: Database, make_domain: MakeDomain, owner_connection: asyncpg.Connection
) -> None:
    domain_uuid = await make_domain()
    repository = ConversationRepository(db)
    conversation = conversation_of(domain_uuid)
    first = await repository.store(conversation)
    before = await counts(owner_connection, domain_uuid)
    assert await repository.store(conversation) == first
    assert await repository.find_by_call(domain_uuid, conversation.call_uuid) == first
    assert await counts(owner_connection, domain_uuid) == before
    callers = await owner_connection.fetch(
        "SELECT call_count FROM v_voice_callers WHERE domain_uuid = $1", domain_uuid
    )
    assert [int(row["call_count"]) for row in callers] == [1]


async def test_stored_by_many_at_once_is_stored_once(
    db: Database, make_domain: MakeDomain, owner_connection: asyncpg.Connection
) -> None:
    domain_uuid = await make_domain()
    repository = ConversationRepository(db)
    conversation = conversation_of(domain_uuid)
    stored = await asyncio.gather(*(repository.store(conversation) for _ in range(8)))
    assert len(set(stored)) == 1
    found = await counts(owner_connection, domain_uuid)
    assert (found["v_voice_conversations"], found["v_voice_messages"]) == (1, 5)


async def test_calls_of_one_caller_at_once_are_counted(
    db: Database, make_domain: MakeDomain, owner_connection: asyncpg.Connection
) -> None:
    domain_uuid = await make_domain()
    repository = ConversationRepository(db)
    await asyncio.gather(*(repository.store(conversation_of(domain_uuid)) for _ in range(12)))
    row = await owner_connection.fetchrow(
        "SELECT count(*) AS callers, sum(call_count) AS calls FROM v_voice_callers WHERE domain_uuid = $1",
        domain_uuid,
    )
    used = await owner_connection.fetchval(
        "SELECT request_count FROM v_voice_usage WHERE domain_uuid = $1 AND provider_kind = 'llm'",
        domain_uuid,
    )
    assert row is not None
    assert (row["callers"], row["calls"], used) == (1, 12, 24)


Crash = Callable[[str], AbstractAsyncContextManager[None]]


@pytest.fixture
async def crash_at(database_urls: DatabaseUrls) -> AsyncIterator[Crash]:
    """`async with crash_at(table)`: whoever writes to the table loses the connection there and then."""
    superuser = await asyncpg.connect(database_urls.superuser)
    await superuser.execute(
        "CREATE FUNCTION crash() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS "
        "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$"
    )

    @asynccontextmanager
    async def crash(table: str) -> AsyncIterator[None]:
        await superuser.execute(
            f"CREATE TRIGGER crash AFTER INSERT OR DELETE ON {table} EXECUTE FUNCTION crash()"
        )
        try:
            yield
        finally:
            await superuser.execute(f"DROP TRIGGER crash ON {table}")

    yield crash
    await superuser.execute("DROP FUNCTION crash()")
    await superuser.close()


@pytest.mark.parametrize("table", [*TABLES, "v_voice_live_calls"])
async def test_a_crash_between_two_statements_leaves_nothing_and_a_retry_all_of_it(
    db: Database, make_domain: MakeDomain, owner_connection: asyncpg.Connection, crash_at: Crash, table: str
) -> None:
    domain_uuid = await make_domain()
    await owner_connection.execute(
        "INSERT INTO v_voice_webhooks (domain_uuid, webhook_url) VALUES ($1, 'https://crm.example/')",
        domain_uuid,
    )
    state = call_state(domain_uuid)
    journal = LiveCalls(db)
    await journal.save(Snapshot.of(state))
    conversation = build(state, ENDING, secretary_name="Clara")
    repository = ConversationRepository(db, [CallCompletedAnnouncement()])
    async with crash_at(table):
        with pytest.raises(Unavailable):
            await repository.store(conversation)
    assert set((await counts(owner_connection, domain_uuid)).values()) == {0}
    assert await journal.load(domain_uuid, state.call_uuid) == state
    await repository.store(conversation)
    assert await counts(owner_connection, domain_uuid) == {
        "v_voice_conversations": 1,
        "v_voice_messages": 5,
        "v_voice_callers": 1,
        "v_voice_usage": 3,
        "v_voice_outbox": 1,
    }
    assert await journal.load(domain_uuid, state.call_uuid) is None


async def test_a_secretary_deleted_during_the_call_does_not_take_the_call_along(
    db: Database, make_domain: MakeDomain, owner_connection: asyncpg.Connection
) -> None:
    domain_uuid = await make_domain()
    secretary_uuid = await owner_connection.fetchval(
        "INSERT INTO v_voice_secretaries (domain_uuid, secretary_name, secretary_extension) "
        "VALUES ($1, 'Clara', '8000') RETURNING voice_secretary_uuid",
        domain_uuid,
    )
    repository = ConversationRepository(db)
    kept = await repository.store(conversation_of(domain_uuid, secretary_uuid=secretary_uuid))
    lost = await repository.store(conversation_of(domain_uuid, secretary_uuid=uuid4()))
    assert (await repository.find(domain_uuid, kept)).conversation.secretary_uuid == secretary_uuid
    found = (await repository.find(domain_uuid, lost)).conversation
    assert (found.secretary_uuid, found.secretary_name) == (None, "Clara")


async def test_anonymous_callers_are_nobody(
    db: Database, make_domain: MakeDomain, owner_connection: asyncpg.Connection
) -> None:
    domain_uuid = await make_domain()
    await ConversationRepository(db).store(conversation_of(domain_uuid, caller_number=""))
    assert (await counts(owner_connection, domain_uuid))["v_voice_callers"] == 0


async def test_a_call_without_a_word_is_stored_too(db: Database, make_domain: MakeDomain) -> None:
    domain_uuid = await make_domain()
    repository = ConversationRepository(db)
    stored = await repository.store(conversation_of(domain_uuid, turns=[]))
    detail = await repository.find(domain_uuid, stored)
    assert (detail.conversation.resolution, detail.messages) == (Resolution.ABANDONED, ())


async def test_texts_that_databases_dislike_are_stored(db: Database, make_domain: MakeDomain) -> None:
    domain_uuid = await make_domain()
    repository = ConversationRepository(db)
    nasty = "a\x00b\ud800 '; DROP TABLE v_voice_messages; -- \\u0000 👋 " + "x" * 50_000
    turns = [
        greeting(nasty),
        exchange(1, nasty, nasty, tools=[{"name": nasty, "arguments": {nasty: [nasty]}}]),
    ]
    stored = await repository.store(conversation_of(domain_uuid, turns=turns))
    messages = (await repository.find(domain_uuid, stored)).messages
    assert len(messages) == 3
    assert all(message.text.startswith("ab? ';") and message.text.endswith("xxx") for message in messages)


async def test_one_domain_sees_nothing_of_another(db: Database, make_domain: MakeDomain) -> None:
    mine, theirs = await make_domain(), await make_domain()
    repository = ConversationRepository(db)
    conversation = conversation_of(mine)
    stored = await repository.store(conversation)
    with pytest.raises(NotFound):
        await repository.find(theirs, stored)
    assert await repository.find_by_call(theirs, conversation.call_uuid) is None
    assert await repository.audio_refs(theirs, conversation.call_uuid) == ()
    assert (await repository.page(theirs, ConversationFilter())).conversations == ()
    same_call = conversation_of(theirs, call_uuid=conversation.call_uuid)
    assert await repository.store(same_call) != stored
    async with db.tenant(theirs) as connection:
        seen = await connection.fetch("SELECT domain_uuid FROM v_voice_messages")
        assert {row["domain_uuid"] for row in seen} == {theirs}
        changed = await connection.execute("UPDATE v_voice_messages SET message_text = 'x'")
        deleted = await connection.execute(
            "DELETE FROM v_voice_conversations WHERE voice_conversation_uuid = $1", stored
        )
    assert (changed, deleted) == ("UPDATE 5", "DELETE 0")
    assert (await repository.find(mine, stored)).messages[0].text == "Bom dia, clínica Sol."


async def test_what_the_rows_refer_to(db: Database, make_domain: MakeDomain) -> None:
    domain_uuid = await make_domain()
    repository = ConversationRepository(db)
    conversation = conversation_of(domain_uuid, message_audio_ref="utterance-0003.wav")
    await repository.store(conversation)
    refs = await repository.audio_refs(domain_uuid, conversation.call_uuid)
    assert set(refs) == set(conversation.audio_refs) == {f"utterance-{n:04d}.wav" for n in (1, 2, 3)}
    assert await repository.audio_refs(domain_uuid, uuid4()) == ()


async def test_conversations_are_found_by_what_is_known_of_them(
    db: Database, make_domain: MakeDomain
) -> None:
    domain_uuid = await make_domain()
    repository = ConversationRepository(db)
    asked = [greeting(), exchange(1, "quanto custa 100% algodão", "Dez reais.")]
    first = await repository.store(conversation_of(domain_uuid, turns=asked, caller_number="+551140001111"))
    later = STARTED + timedelta(days=1)
    second = await repository.store(
        conversation_of(domain_uuid, started_at=later, message_text="ligue", caller_number="+551140002222")
    )

    async def found(**wanted: Any) -> list[UUID]:
        page = await repository.page(domain_uuid, ConversationFilter(**wanted))
        return [conversation.conversation_uuid for conversation in page.conversations]

    assert await found() == [second, first]
    assert await found(started_from=later) == [second]
    assert await found(started_before=later) == [first]
    assert await found(caller_number="+551140001111") == [first]
    assert await found(resolution=Resolution.MESSAGE) == [second]
    assert await found(text="QUANTO CUSTA") == [first]
    assert await found(text="dez reais") == [first]
    assert await found(text="100%") == [first]
    assert await found(text="1_0") == []
    assert await found(text="\\") == []
    assert await found(secretary_uuid=uuid4()) == []


async def test_pages_hold_every_conversation_once(db: Database, make_domain: MakeDomain) -> None:
    domain_uuid = await make_domain()
    repository = ConversationRepository(db)
    stored = []
    for number in range(7):  # three began in the same moment
        began = STARTED + timedelta(minutes=max(0, number - 2))
        stored.append(await repository.store(conversation_of(domain_uuid, started_at=began, turns=[])))
    seen: list[UUID] = []
    cursor: str | None = None
    while True:
        page = await repository.page(domain_uuid, ConversationFilter(limit=2, cursor=cursor))
        seen += [conversation.conversation_uuid for conversation in page.conversations]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == 7
    assert set(seen) == set(stored)


@pytest.mark.parametrize("cursor", ["x", "!!", "Zm9v", "MjAyNnx4", "á", "A" * 1000])
async def test_a_cursor_of_somebody_elses_making_is_refused(
    db: Database, make_domain: MakeDomain, cursor: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await ConversationRepository(db).page(await make_domain(), ConversationFilter(cursor=cursor))
    assert refused.value.field == "cursor"


@pytest.mark.parametrize("limit", [0, -1, 201])
async def test_a_page_has_a_size(db: Database, make_domain: MakeDomain, limit: int) -> None:
    with pytest.raises(InvalidInput):
        await ConversationRepository(db).page(await make_domain(), ConversationFilter(limit=limit))
