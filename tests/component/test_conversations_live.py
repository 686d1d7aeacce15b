"""Calls while they live and after nobody speaks of them any more, against a real PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.conftest import MakeDomain
from tests.fakes.calls import call_state, exchange, greeting
from voice_ai_service.calls.call_plan import CallPlan
from voice_ai_service.calls.secretary import Mode, Secretary, SecretarySettings
from voice_ai_service.clock import SystemClock
from voice_ai_service.conversations.call_folder import CallFolders
from voice_ai_service.conversations.live_calls import LiveCalls, Snapshot
from voice_ai_service.conversations.outcome import Resolution
from voice_ai_service.conversations.recordings import Recordings
from voice_ai_service.conversations.repository import ConversationRepository
from voice_ai_service.conversations.sessions import CallSessions
from voice_ai_service.conversations.stored import ConversationFilter
from voice_ai_service.crm.outbox import CallCompletedAnnouncement
from voice_ai_service.db.cache import MemoryCache
from voice_ai_service.db.pool import Database
from voice_ai_service.errors import Conflict, NotFound
from voice_ai_service.jobs.abandoned_calls import AbandonedCalls
from voice_ai_service.jobs.folder_sweep import FolderSweep
from voice_ai_service.metrics import Metrics
from voice_ai_service.tenancy.limits import MemoryConcurrencyLimiter


class Book:
    """One secretary for everybody; none for those in `deleted`."""

    def __init__(self, *, record_calls: bool = False) -> None:
        self.settings = SecretarySettings(record_calls=record_calls)
        self.deleted = False

    async def for_version(self, domain_uuid: UUID, secretary_uuid: UUID, version: int) -> CallPlan:
        if self.deleted:
            raise NotFound("there is no such secretary")
        secretary = Secretary(
            secretary_uuid=secretary_uuid,
            domain_uuid=domain_uuid,
            name="Clara",
            extension="8000",
            mode=Mode.TURN,
            version=version,
            settings=self.settings,
        )
        return CallPlan(secretary=secretary, destinations=(), rules=())


@pytest.fixture
def folders(tmp_path: Path) -> CallFolders:
    return CallFolders(tmp_path / "calls", Recordings(tmp_path / "recordings"))


def closing(db: Database, folders: CallFolders, book: Book | None = None) -> AbandonedCalls:
    clock = SystemClock()
    return AbandonedCalls(
        LiveCalls(db),
        ConversationRepository(db, [CallCompletedAnnouncement()]),
        book or Book(),
        MemoryConcurrencyLimiter(clock),
        folders,
        Metrics(),
        unheard_of_s=900,
    )


async def unheard_of_since(owner: asyncpg.Connection, call_uuid: UUID, seen_at: datetime) -> None:
    await owner.execute(
        "UPDATE v_voice_live_calls SET seen_date = $2 WHERE voice_live_call_uuid = $1", call_uuid, seen_at
    )


async def test_the_journal_keeps_the_latest_turn(db: Database, make_domain: MakeDomain) -> None:
    journal = LiveCalls(db)
    old = call_state(await make_domain(), greeting())
    new = old.model_copy(update={"turns": [*old.turns, exchange(1, "a", "b")]})
    await journal.save(Snapshot.of(new))
    await journal.save(Snapshot.of(old))
    assert await journal.load(old.domain_uuid, old.call_uuid) == new
    assert await journal.count(old.domain_uuid) == 1
    await journal.remove(old.domain_uuid, old.call_uuid)
    assert await journal.load(old.domain_uuid, old.call_uuid) is None


async def test_one_domain_cannot_read_or_overwrite_the_call_of_another(
    db: Database, make_domain: MakeDomain
) -> None:
    journal = LiveCalls(db)
    mine = call_state(await make_domain(), greeting("minha"))
    theirs = call_state(await make_domain(), greeting("deles"), call_uuid=mine.call_uuid)
    await journal.save(Snapshot.of(mine))
    assert await journal.load(theirs.domain_uuid, mine.call_uuid) is None
    with pytest.raises(Conflict):
        await journal.save(Snapshot.of(theirs))
    await journal.remove(theirs.domain_uuid, mine.call_uuid)
    assert await journal.load(mine.domain_uuid, mine.call_uuid) == mine
    assert await journal.count(theirs.domain_uuid) == 0


async def test_a_state_that_comes_after_the_call_was_stored_brings_no_call_back(
    db: Database, make_domain: MakeDomain, folders: CallFolders, owner_connection: asyncpg.Connection
) -> None:
    journal = LiveCalls(db)
    state = call_state(await make_domain())
    await journal.save(Snapshot.of(state))
    await unheard_of_since(owner_connection, state.call_uuid, datetime(2026, 3, 2, tzinfo=UTC))
    assert await closing(db, folders).close_all() == 1
    await journal.save(Snapshot.of(state))
    assert await journal.load(state.domain_uuid, state.call_uuid) is None


async def test_a_restarted_process_goes_on_with_the_call(db: Database, make_domain: MakeDomain) -> None:
    clock = SystemClock()
    state = call_state(await make_domain(), greeting())
    async with CallSessions(LiveCalls(db), MemoryCache(clock), clock) as before:
        await before.save(state)
    async with CallSessions(LiveCalls(db), MemoryCache(clock), clock) as after:
        assert await after.load(state.domain_uuid, state.call_uuid, turn=1) == state


async def test_an_abandoned_call_is_stored_with_what_was_said(
    db: Database, make_domain: MakeDomain, folders: CallFolders, owner_connection: asyncpg.Connection
) -> None:
    domain_uuid = await make_domain()
    await owner_connection.execute(
        "INSERT INTO v_voice_webhooks (domain_uuid, webhook_url) VALUES ($1, 'https://crm.example/')",
        domain_uuid,
    )
    dead, alive = call_state(domain_uuid), call_state(domain_uuid)
    for state in (dead, alive):
        await LiveCalls(db).save(Snapshot.of(state))
        await folders.write(domain_uuid, state.call_uuid, "utterance-0001.wav", b"RIFF")
    seen_at = datetime.now(UTC) - timedelta(hours=1)
    await unheard_of_since(owner_connection, dead.call_uuid, seen_at)
    job = closing(db, folders)
    assert await job.close_all() == 1
    assert await job.close_all() == 0
    repository = ConversationRepository(db)
    [stored] = (await repository.page(domain_uuid, ConversationFilter())).conversations
    assert (stored.call_uuid, stored.resolution) == (dead.call_uuid, Resolution.ABANDONED)
    assert (stored.end_reason, stored.secretary_name, stored.ended_at) == ("abandoned", "Clara", seen_at)
    assert len((await repository.find(domain_uuid, stored.conversation_uuid)).messages) == 5
    queued = await owner_connection.fetchval(
        "SELECT count(*) FROM v_voice_outbox WHERE domain_uuid = $1", domain_uuid
    )
    assert queued == 1
    with pytest.raises(NotFound):
        await folders.read(domain_uuid, dead.call_uuid, "utterance-0001.wav", 10)
    assert await folders.read(domain_uuid, alive.call_uuid, "utterance-0001.wav", 10) == b"RIFF"
    assert await LiveCalls(db).load(domain_uuid, alive.call_uuid) == alive


async def test_an_abandoned_call_keeps_its_audio_where_calls_are_recorded(
    db: Database, make_domain: MakeDomain, tmp_path: Path, owner_connection: asyncpg.Connection
) -> None:
    recordings = Recordings(tmp_path / "recordings")
    folders = CallFolders(tmp_path / "calls", recordings)
    state = call_state(await make_domain())
    await LiveCalls(db).save(Snapshot.of(state))
    await folders.write(state.domain_uuid, state.call_uuid, "utterance-0002.wav", b"RIFF")
    await unheard_of_since(owner_connection, state.call_uuid, datetime(2026, 3, 2, tzinfo=UTC))
    await closing(db, folders, Book(record_calls=True)).close_all()
    assert await recordings.read(state.domain_uuid, state.call_uuid, "utterance-0002.wav", 10) == b"RIFF"


async def test_a_call_whose_secretary_is_gone_is_closed_all_the_same(
    db: Database, make_domain: MakeDomain, folders: CallFolders, owner_connection: asyncpg.Connection
) -> None:
    state = call_state(await make_domain())
    await LiveCalls(db).save(Snapshot.of(state))
    await unheard_of_since(owner_connection, state.call_uuid, datetime(2026, 3, 2, tzinfo=UTC))
    book = Book()
    book.deleted = True
    assert await closing(db, folders, book).close_all() == 1


async def test_a_state_nobody_can_read_does_not_keep_the_others_from_closing(
    db: Database, make_domain: MakeDomain, folders: CallFolders, owner_connection: asyncpg.Connection
) -> None:
    domain_uuid = await make_domain()
    await owner_connection.execute(
        "INSERT INTO v_voice_live_calls (voice_live_call_uuid, domain_uuid, call_state, seen_date) "
        """VALUES ($1, $2, '{"from": "another version"}', '2026-01-01')""",
        uuid4(),
        domain_uuid,
    )
    state = call_state(domain_uuid)
    await LiveCalls(db).save(Snapshot.of(state))
    await unheard_of_since(owner_connection, state.call_uuid, datetime(2026, 3, 2, tzinfo=UTC))
    assert await closing(db, folders).close_all() == 1
    await owner_connection.execute("DELETE FROM v_voice_live_calls WHERE domain_uuid = $1", domain_uuid)


async def test_the_end_and_the_clean_up_at_the_same_time_store_one_conversation(
    db: Database, make_domain: MakeDomain, folders: CallFolders, owner_connection: asyncpg.Connection
) -> None:
    state = call_state(await make_domain())
    await LiveCalls(db).save(Snapshot.of(state))
    await unheard_of_since(owner_connection, state.call_uuid, datetime(2026, 3, 2, tzinfo=UTC))
    await asyncio.gather(*(closing(db, folders).close_all() for _ in range(3)))
    page = await ConversationRepository(db).page(state.domain_uuid, ConversationFilter())
    assert len(page.conversations) == 1


async def test_folders_that_nobody_tidied_are_swept(
    db: Database, make_domain: MakeDomain, tmp_path: Path, owner_connection: asyncpg.Connection
) -> None:
    recordings = Recordings(tmp_path / "recordings")
    folders = CallFolders(tmp_path / "calls", recordings)
    domain_uuid = await make_domain()
    live, stored, unknown = (call_state(domain_uuid) for _ in range(3))
    for state in (live, stored, unknown):
        await folders.write(domain_uuid, state.call_uuid, "utterance-0001.wav", b"RIFF")
    await LiveCalls(db).save(Snapshot.of(live))
    await LiveCalls(db).save(Snapshot.of(stored))
    await unheard_of_since(owner_connection, stored.call_uuid, datetime(2026, 3, 2, tzinfo=UTC))
    nowhere = CallFolders(tmp_path / "nowhere", recordings)  # the process died before it tidied
    await closing(db, nowhere, Book(record_calls=True)).close_all()
    sweep = FolderSweep(
        folders,
        LiveCalls(db),
        ConversationRepository(db),
        SystemClock(),
        unchanged_for=timedelta(seconds=-60),
    )
    assert await sweep.sweep() == 2
    assert await folders.read(domain_uuid, live.call_uuid, "utterance-0001.wav", 10) == b"RIFF"
    assert await recordings.read(domain_uuid, stored.call_uuid, "utterance-0001.wav", 10) == b"RIFF"
    with pytest.raises(NotFound):
        await recordings.read(domain_uuid, unknown.call_uuid, "utterance-0001.wav", 10)
    assert await sweep.sweep() == 0
