"""Forgetting, against a real PostgreSQL and real files."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from tests.conftest import MakeDomain
from tests.fakes.calls import call_state
from tests.fakes.clock import VirtualClock
from voice_ai_service.conversations.call_folder import CallFolders
from voice_ai_service.conversations.conversation import build
from voice_ai_service.conversations.live_calls import LiveCalls, Snapshot
from voice_ai_service.conversations.outcome import EndedBy, Ending
from voice_ai_service.conversations.recordings import Recordings
from voice_ai_service.conversations.repository import ConversationRepository, MessageVectors
from voice_ai_service.conversations.retention import Forgotten, Retention
from voice_ai_service.conversations.sessions import CallSessions
from voice_ai_service.crm.outbox import CallCompletedAnnouncement
from voice_ai_service.db.cache import MemoryCache
from voice_ai_service.db.pool import Database
from voice_ai_service.errors import NotFound

NOW = datetime(2026, 6, 1, tzinfo=UTC)
ANA, BIA = "+5511911111111", "+5511922222222"
PERSONAL = (
    "v_voice_conversations",
    "v_voice_messages",
    "v_voice_callers",
    "v_voice_outbox",
    "v_voice_live_calls",
)


class World:
    def __init__(self, db: Database, owner: asyncpg.Connection, folder: Path, sessions: CallSessions) -> None:
        self.db = db
        self.owner = owner
        self.folder = folder
        self.sessions = sessions
        self.recordings = Recordings(folder / "recordings")
        self.folders = CallFolders(folder / "calls", self.recordings)
        self.repository = ConversationRepository(db, [CallCompletedAnnouncement()])
        self.retention = Retention(
            db,
            self.recordings,
            self.folders,
            VirtualClock(NOW),
            default_days=90,
            sessions=sessions,
        )

    async def call(self, domain_uuid: UUID, number: str, began: datetime) -> UUID:
        state = call_state(domain_uuid, caller_number=number, started_at=began, answered_at=began)
        await self.folders.write(domain_uuid, state.call_uuid, "utterance-0001.wav", b"RIFF")
        ending = Ending(by=EndedBy.CALLER_HANGUP, ended_at=began + timedelta(minutes=1))
        conversation = build(state, ending, secretary_name="Clara", keep_audio=True)
        vectors = MessageVectors("tiny", [[0.1, 0.2]] * len(conversation.messages))
        await self.repository.store(conversation, vectors)
        await self.folders.tidy(domain_uuid, state.call_uuid, conversation.audio_refs)
        await self.owner.execute(
            "UPDATE v_voice_outbox SET insert_date = $2, delivery_status = 'delivered' "
            "WHERE domain_uuid = $1 AND event_payload -> 'data' ->> 'call_uuid' = $3",
            domain_uuid,
            began,
            str(state.call_uuid),
        )
        return state.call_uuid

    async def rows(self, domain_uuid: UUID) -> dict[str, int]:
        return {
            table: await self.owner.fetchval(
                f"SELECT count(*) FROM {table} WHERE domain_uuid = $1", domain_uuid
            )
            for table in PERSONAL
        }

    async def trace_of(self, domain_uuid: UUID, text: str) -> list[str]:
        """Tables and files of a domain that still hold a text."""
        tables = await self.owner.fetch(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'v\\_voice\\_%'"
        )
        found = []
        for row in tables:
            rows = await self.owner.fetchval(
                f"SELECT json_agg(t)::text FROM {row['relname']} AS t WHERE domain_uuid = $1", domain_uuid
            )
            if rows and text in json.dumps(json.loads(rows), ensure_ascii=False):
                found.append(row["relname"])
        found += [str(path) for path in self.folder.rglob("*") if text in str(path)]
        return found


@pytest.fixture
async def world(db: Database, owner_connection: asyncpg.Connection, tmp_path: Path) -> AsyncIterator[World]:
    clock = VirtualClock()
    async with CallSessions(LiveCalls(db), MemoryCache(clock), clock) as sessions:
        yield World(db, owner_connection, tmp_path, sessions)


@pytest.fixture
async def domain_uuid(make_domain: MakeDomain, owner_connection: asyncpg.Connection) -> UUID:
    made = await make_domain()
    await owner_connection.execute(
        "INSERT INTO v_voice_webhooks (domain_uuid, webhook_url) VALUES ($1, 'https://crm.example/')", made
    )
    return made


async def test_what_is_older_than_its_time_is_gone_and_the_rest_stays(
    world: World, domain_uuid: UUID
) -> None:
    old = await world.call(domain_uuid, ANA, NOW - timedelta(days=91))
    young = await world.call(domain_uuid, BIA, NOW - timedelta(days=89))
    forgotten = await world.retention.purge(domain_uuid, NOW - timedelta(days=90))
    assert forgotten == Forgotten(conversations=1, messages=5, audio_files=1, events=1, callers=1)
    assert await world.trace_of(domain_uuid, str(old)) == []
    assert await world.trace_of(domain_uuid, ANA) == []
    assert await world.rows(domain_uuid) == {
        "v_voice_conversations": 1,
        "v_voice_messages": 5,
        "v_voice_callers": 1,
        "v_voice_outbox": 1,
        "v_voice_live_calls": 0,
    }
    assert await world.recordings.read(domain_uuid, young, "utterance-0001.wav", 10) == b"RIFF"
    with pytest.raises(NotFound):
        await world.recordings.read(domain_uuid, old, "utterance-0001.wav", 10)
    assert await world.retention.purge(domain_uuid, NOW - timedelta(days=90)) == Forgotten()


async def test_a_caller_who_called_again_is_still_known(world: World, domain_uuid: UUID) -> None:
    await world.call(domain_uuid, ANA, NOW - timedelta(days=200))
    await world.call(domain_uuid, ANA, NOW - timedelta(days=1))
    await world.retention.purge(domain_uuid, NOW - timedelta(days=90))
    assert (await world.rows(domain_uuid))["v_voice_callers"] == 1


async def test_each_domain_keeps_as_long_as_it_says(
    world: World, make_domain: MakeDomain, owner_connection: asyncpg.Connection
) -> None:
    keeps_a_week, says_nothing, says_nonsense = [await make_domain() for _ in range(3)]
    for domain_uuid, value in ((keeps_a_week, "7"), (says_nonsense, '"soon"')):
        await owner_connection.execute(
            "INSERT INTO v_voice_settings (domain_uuid, setting_category, setting_name, setting_value) "
            "VALUES ($1, 'retention', 'days', $2::jsonb)",
            domain_uuid,
            value,
        )
    for domain_uuid in (keeps_a_week, says_nothing, says_nonsense):
        for days in (8, 91):
            await world.call(domain_uuid, ANA, NOW - timedelta(days=days))
    await world.retention.purge_all()
    left = [
        (await world.rows(domain_uuid))["v_voice_conversations"]
        for domain_uuid in (keeps_a_week, says_nothing, says_nonsense)
    ]
    assert left == [0, 1, 2]


async def test_more_than_one_batch_is_forgotten(world: World, domain_uuid: UUID) -> None:
    await world.owner.execute(
        "INSERT INTO v_voice_conversations (domain_uuid, call_uuid, started_date) "
        "SELECT $1, gen_random_uuid(), $2 FROM generate_series(1, 450)",
        domain_uuid,
        NOW - timedelta(days=100),
    )
    forgotten = await world.retention.purge(domain_uuid, NOW - timedelta(days=90))
    assert forgotten.conversations == 450


async def test_erasing_a_caller_leaves_no_trace(world: World, domain_uuid: UUID) -> None:
    calls = [await world.call(domain_uuid, ANA, NOW - timedelta(days=days)) for days in (300, 2)]
    other = await world.call(domain_uuid, BIA, NOW - timedelta(days=2))
    live = call_state(domain_uuid, caller_number=ANA)
    await world.sessions.save(live)
    await LiveCalls(world.db).save(Snapshot.of(live))
    await world.folders.write(domain_uuid, live.call_uuid, "utterance-0001.wav", b"RIFF")
    forgotten = await world.retention.erase_caller(domain_uuid, ANA)
    assert forgotten == Forgotten(
        conversations=2, messages=10, audio_files=3, events=2, callers=1, live_calls=1
    )
    for trace in (ANA, *map(str, calls), str(live.call_uuid)):
        assert await world.trace_of(domain_uuid, trace) == []
    with pytest.raises(NotFound):
        await world.sessions.load(domain_uuid, live.call_uuid)
    assert await world.recordings.read(domain_uuid, other, "utterance-0001.wav", 10) == b"RIFF"
    assert (await world.rows(domain_uuid))["v_voice_conversations"] == 1


async def test_events_that_still_wait_are_not_told_after_the_erasure(world: World, domain_uuid: UUID) -> None:
    await world.call(domain_uuid, ANA, NOW)
    await world.owner.execute("UPDATE v_voice_outbox SET delivery_status = 'pending'")
    assert (await world.retention.erase_caller(domain_uuid, ANA)).events == 1


async def test_erasing_in_one_domain_leaves_the_other_alone(
    world: World, domain_uuid: UUID, make_domain: MakeDomain
) -> None:
    other = await make_domain()
    call_uuid = await world.call(other, ANA, NOW)
    assert await world.retention.erase_caller(domain_uuid, ANA) == Forgotten()
    assert (await world.rows(other))["v_voice_conversations"] == 1
    assert await world.recordings.read(other, call_uuid, "utterance-0001.wav", 10) == b"RIFF"
