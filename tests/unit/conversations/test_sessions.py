from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from tests.fakes.calls import call_state, exchange, greeting
from tests.fakes.clock import VirtualClock
from tests.fakes.journal import MemoryJournal
from voice_ai_service.conversations.sessions import CallSessions, SessionOptions
from voice_ai_service.db.cache import MemoryCache
from voice_ai_service.dialogue.call_state import CallState
from voice_ai_service.errors import NotFound, Unavailable


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


def sessions_over(journal: MemoryJournal, clock: VirtualClock, **options: float) -> CallSessions:
    return CallSessions(journal, MemoryCache(clock), clock, SessionOptions(**options))  # type: ignore[arg-type]


def with_turn(state: CallState, turn: int) -> CallState:
    return state.model_copy(update={"turns": [*state.turns, exchange(turn, "a", "b")]})


async def settled(sessions: CallSessions) -> None:
    while sessions.pending:
        await asyncio.sleep(0)


async def test_a_turn_finds_what_the_turn_before_left(journal: MemoryJournal, clock: VirtualClock) -> None:
    state = call_state(None, greeting())
    async with sessions_over(journal, clock) as sessions:
        await sessions.save(state)
        assert await sessions.load(state.domain_uuid, state.call_uuid, turn=1) == state
        assert journal.reads == 0


async def test_a_turn_does_not_wait_for_the_journal(journal: MemoryJournal, clock: VirtualClock) -> None:
    journal.slow.clear()
    state = call_state(None, greeting())
    async with sessions_over(journal, clock) as sessions:
        async with asyncio.timeout(1):
            await sessions.save(state)
            await sessions.load(state.domain_uuid, state.call_uuid, turn=1)
        assert journal.written == []
        journal.slow.set()
    assert len(journal.written) == 1


async def test_of_many_states_of_a_call_the_latest_is_journalled(
    journal: MemoryJournal, clock: VirtualClock
) -> None:
    journal.slow.clear()
    state = call_state(None, greeting())
    async with sessions_over(journal, clock) as sessions:
        await sessions.save(state)
        await asyncio.sleep(0)  # the first is being written when the others come
        for turn in range(1, 6):
            state = with_turn(state, turn)
            await sessions.save(state)
        assert sessions.pending == 1
        journal.slow.set()
        await settled(sessions)
    assert [snapshot.turn_count for snapshot in journal.written] == [0, 5]


async def test_a_state_that_changes_while_it_waits_is_journalled_as_it_was(
    journal: MemoryJournal, clock: VirtualClock
) -> None:
    journal.slow.clear()
    state = call_state(None, greeting())
    async with sessions_over(journal, clock) as sessions:
        await sessions.save(state)
        state.turns.append(exchange(1, "a", "b"))
        journal.slow.set()
        await settled(sessions)
    assert '"heard":"a"' not in journal.written[0].json


async def test_a_restart_finds_the_call_in_the_journal(journal: MemoryJournal, clock: VirtualClock) -> None:
    state = with_turn(call_state(None, greeting()), 1)
    async with sessions_over(journal, clock) as sessions:
        await sessions.save(state)
    async with sessions_over(journal, clock) as restarted:
        assert await restarted.load(state.domain_uuid, state.call_uuid, turn=2) == state
        assert await restarted.load(state.domain_uuid, state.call_uuid, turn=2) == state
        assert journal.reads == 1


async def test_what_another_process_did_meanwhile_is_seen_by_the_turns_number(
    journal: MemoryJournal, clock: VirtualClock
) -> None:
    first_turn = with_turn(call_state(None, greeting()), 1)
    second_turn = with_turn(first_turn, 2)
    async with sessions_over(journal, clock) as here, sessions_over(journal, clock) as there:
        await here.save(first_turn)
        await settled(here)
        await there.save(second_turn)
        await settled(there)
        assert await here.load(first_turn.domain_uuid, first_turn.call_uuid, turn=2) == first_turn
        assert await here.load(first_turn.domain_uuid, first_turn.call_uuid, turn=3) == second_turn


async def test_the_end_of_a_call_asks_the_journal_in_any_case(
    journal: MemoryJournal, clock: VirtualClock
) -> None:
    first_turn = with_turn(call_state(None, greeting()), 1)
    second_turn = with_turn(first_turn, 2)
    async with sessions_over(journal, clock) as here, sessions_over(journal, clock) as there:
        await here.save(first_turn)
        await settled(here)
        await there.save(second_turn)
        await settled(there)
        assert await here.load(first_turn.domain_uuid, first_turn.call_uuid) == second_turn


async def test_without_a_database_the_call_goes_on_with_what_is_known(
    journal: MemoryJournal, clock: VirtualClock
) -> None:
    state = call_state(None, greeting())
    async with sessions_over(journal, clock) as sessions:
        await sessions.save(state)
        await settled(sessions)
        journal.away = True
        assert await sessions.load(state.domain_uuid, state.call_uuid, turn=9) == state
        with pytest.raises(Unavailable):
            await sessions.load(state.domain_uuid, uuid4())
        journal.away = False


async def test_what_was_not_journalled_in_an_outage_is_journalled_after_it(journal: MemoryJournal) -> None:
    clock = VirtualClock(auto=False)
    journal.away = True
    async with sessions_over(journal, clock) as sessions:
        await sessions.save(call_state(None, greeting()))
        await clock.advance(30)
        assert clock.slept_s[:3] == [0.2, 0.4, 0.8]
        assert max(clock.slept_s) == 5.0
        journal.away = False
        await clock.advance(5)
        assert sessions.pending == 0
        assert sessions.alive
    assert len(journal.written) == 1


async def test_what_an_outage_keeps_from_the_journal_at_shutdown_is_said(
    journal: MemoryJournal, clock: VirtualClock, capsys: pytest.CaptureFixture[str]
) -> None:
    async with sessions_over(journal, clock) as sessions:
        journal.away = True
        await sessions.save(call_state(None, greeting()))
    assert "not journalled at shutdown" in capsys.readouterr().out
    assert not sessions.alive


async def test_a_state_that_is_refused_does_not_hold_up_the_others(
    journal: MemoryJournal, clock: VirtualClock
) -> None:
    bad, good = call_state(None, greeting()), call_state(None, greeting())
    journal.refused.add(bad.call_uuid)
    async with sessions_over(journal, clock) as sessions:
        await sessions.save(bad)
        await sessions.save(good)
        await settled(sessions)
        assert sessions.unjournalled == 1
        assert await sessions.load(bad.domain_uuid, bad.call_uuid, turn=1) == bad
    assert [snapshot.call_uuid for snapshot in journal.written] == [good.call_uuid]


async def test_beyond_its_room_a_call_is_counted_and_goes_on(
    journal: MemoryJournal, clock: VirtualClock
) -> None:
    journal.slow.clear()
    states = [call_state(None, greeting()) for _ in range(3)]
    async with sessions_over(journal, clock, max_pending=2) as sessions:
        for state in states:
            await sessions.save(state)
        assert (sessions.pending, sessions.unjournalled) == (2, 1)
        last = states[-1]
        assert await sessions.load(last.domain_uuid, last.call_uuid, turn=1) == last
        journal.slow.set()
        await settled(sessions)


async def test_a_call_that_is_over_is_not_written_again(journal: MemoryJournal, clock: VirtualClock) -> None:
    journal.slow.clear()
    state, other = call_state(None, greeting()), call_state(None, greeting())
    async with sessions_over(journal, clock) as sessions:
        await sessions.save(other)
        await asyncio.sleep(0)  # the writer is busy with the other
        await sessions.save(state)
        await sessions.forget(state.domain_uuid, state.call_uuid)
        journal.slow.set()
        await settled(sessions)
        with pytest.raises(NotFound):
            await sessions.load(state.domain_uuid, state.call_uuid)
    assert [snapshot.call_uuid for snapshot in journal.written] == [other.call_uuid]


async def test_two_domains_may_use_the_same_uuid_and_see_their_own_call(
    journal: MemoryJournal, clock: VirtualClock
) -> None:
    mine = call_state(None, greeting("minha"))
    theirs = call_state(None, greeting("deles"), call_uuid=mine.call_uuid)
    async with sessions_over(journal, clock) as sessions:
        await sessions.save(mine)
        await sessions.save(theirs)
        assert await sessions.load(mine.domain_uuid, mine.call_uuid, turn=1) == mine
        assert await sessions.load(theirs.domain_uuid, mine.call_uuid, turn=1) == theirs
        with pytest.raises(NotFound):
            await sessions.load(uuid4(), mine.call_uuid, turn=1)


async def test_what_postgres_refuses_does_not_reach_the_journal(
    journal: MemoryJournal, clock: VirtualClock
) -> None:
    state = call_state(None, greeting("a\x00b\ud800"), exchange(1, "x", "y", heard_confidence=float("nan")))
    async with sessions_over(journal, clock) as sessions:
        await sessions.save(state)
        await settled(sessions)
        loaded = await sessions.load(state.domain_uuid, state.call_uuid, turn=2)
    assert loaded.turns[0].said == "ab?"
    assert "\\u0000" not in journal.written[0].json
