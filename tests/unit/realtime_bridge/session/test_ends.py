"""Whatever ends a call, its conversation is stored once, and whoever leaves does it politely."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from realtime_bridge.session.parts import SessionOptions
from tests.fakes.brains import ToldBrain
from tests.fakes.cascade_call import Ears
from tests.fakes.live_call import CHANNEL, LiveCall, live_call
from tests.fakes.secretaries import CALL, TENANT
from tests.fakes.virtual_time import virtual_time
from voice_ai_service.dialogue.call_state import CallState
from voice_ai_service.errors import NotFound, Unavailable

ADDRESS = "Ficamos na Rua das Flores, número dez."


@virtual_time
async def test_every_turn_is_in_the_journal_before_the_next() -> None:
    async with live_call() as call:
        await call.greeted()
        await call.says()
        await call.answered(1)
        await asyncio.sleep(0.1)
        journalled = CallState.model_validate_json(call.journal.written[-1].json)
        assert journalled.mode == "realtime"
        assert [(turn.turn, turn.said_heard) for turn in journalled.turns][1] == (1, ADDRESS)


@virtual_time
async def test_a_database_that_comes_back_gets_the_conversation_once() -> None:
    def away(call: LiveCall) -> None:
        call.archive.away = 4

    async with live_call(before=away) as call:
        await call.greeted()
        call.pbx.party_hangs_up(CHANNEL)
        stored = await call.over()
        assert stored.call_uuid == CALL
        assert call.archive.away == 0


@virtual_time
async def test_a_database_that_stays_away_leaves_the_call_to_the_journal() -> None:
    def away(call: LiveCall) -> None:
        call.archive.away = 1000

    async with live_call(before=away) as call:
        await call.greeted()
        await call.says()
        await call.answered(1)
        call.pbx.party_hangs_up(CHANNEL)
        await call.until(lambda: not len(call.host.registry))
        assert call.figure("voice_ai_unstored_calls_total") == 1
        assert not call.archive.stored
        last = CallState.model_validate_json(call.journal.written[-1].json)
        assert last.turns[-1].said == ADDRESS


@virtual_time
async def test_a_call_that_is_cut_off_is_stored_with_what_was_heard_so_far() -> None:
    async with live_call() as call:
        await call.greeted()
        await call.says()
        await call.until(lambda: call.phase == "speaking")
        await asyncio.sleep(0.5)
        await call.host.close()
        stored = call.conversation
    assert stored.end_reason == "error"
    assert 400 <= (stored.messages[-1].played_ms or 0) <= 700
    assert call.ear.calls[-1] == "close"


@virtual_time
async def test_a_fault_of_ours_ends_one_call_and_leaves_the_caller_to_the_dialplan() -> None:
    async with live_call(options=SessionOptions()) as call:
        await call.greeted()

        def broken(frame: bytes) -> None:
            raise RuntimeError("a fault of ours")

        call.call._line.now.hear = broken  # type: ignore[method-assign]
        stored = await call.over()
        assert CHANNEL in call.pbx.channels
        assert call.leg.ended is not None
        assert call.figure("voice_ai_call_faults_total") == 1
        assert call.figure("voice_ai_live_calls", mode="realtime") == 0
    assert stored.end_reason == "error"


@virtual_time
async def test_a_call_whose_tenant_cannot_be_read_is_left_to_the_dialplan() -> None:
    def broken(call: LiveCall) -> None:
        call.place.failure = NotFound("no such secretary")

    async with live_call(before=broken) as call:
        assert not len(call.host.registry)
        assert call.leg.ended is not None
        assert not call.archive.stored
        assert call.let_go == [CALL]
        assert call.figure("voice_ai_bridge_refused_calls_total", reason="not_found") == 1


@virtual_time
async def test_a_call_above_the_tenants_limit_hears_so_and_is_hung_up() -> None:
    def full(call: LiveCall) -> None:
        limits = replace(TENANT.limits, max_concurrent_calls=0)
        call.place.tenant = replace(TENANT, limits=limits)

    async with live_call(before=full) as call:
        stored = await call.over()
    assert stored.resolution == "busy"
    assert [message.intent for message in stored.messages][-1] == "busy"
    assert stored.messages[-1].heard_text == stored.messages[-1].text
    assert CHANNEL not in call.pbx.channels


@virtual_time
async def test_draining_waits_for_the_calls_and_takes_no_new_ones() -> None:
    async with live_call(ears=Ears(["tchau"])) as call:
        await call.greeted()
        draining = asyncio.create_task(call.host.drain(60))
        await asyncio.sleep(0.1)
        assert call.host.registry.draining
        await call.says()
        assert await draining
        assert call.conversation.end_reason == "completed"


@virtual_time
async def test_calls_that_last_too_long_for_the_drain_are_ended_in_words() -> None:
    async with live_call(settings={"fallback": {"kind": "hangup"}}) as call:
        await call.greeted()
        assert await call.host.drain(5)
        stored = call.conversation
    assert stored.end_reason == "providers_down"
    assert stored.messages[-1].heard_text == stored.messages[-1].text


@virtual_time
async def test_where_a_call_lives_is_noted_while_it_lives() -> None:
    async with live_call(settings={"limits": {"no_input_s": 60}}) as call:
        await call.greeted()
        key = f"bridge:call:{CALL}"
        assert await call.board.get(key) == b"bridge-1"
        await asyncio.sleep(150)
        assert await call.board.get(key) == b"bridge-1"
        call.pbx.party_hangs_up(CHANNEL)
        await call.over()
        assert await call.board.get(key) is None


@virtual_time
async def test_the_pbx_hears_every_second_that_we_live() -> None:
    async with live_call() as call:
        await asyncio.sleep(5.1)
        assert len(call.leg.of("alive")) >= 5


@virtual_time
async def test_on_hold_the_brain_hears_not_a_frame() -> None:
    vendor = ToldBrain()

    def vendor_first(call: LiveCall) -> None:
        call.brains.first.append(lambda view: vendor)

    async with live_call(before=vendor_first) as call:
        await call.greeted()
        assert call.brains.verbs is not None
        call.brains.verbs.hold(True)
        await call.until(lambda: call.phase == "held")
        await asyncio.sleep(0.1)
        assert call.pbx.channels[CHANNEL].music
        frames = vendor.frames
        await call.says(2000)
        assert vendor.frames == frames
        call.brains.verbs.hold(False)
        await call.until(lambda: call.phase == "speaking")
        assert not call.pbx.channels[CHANNEL].music
        assert vendor.of("hold") == [(True,), (False,)]
        await call.until(lambda: vendor.of("told"))
        assert vendor.frames > frames


@virtual_time
async def test_any_key_brings_a_caller_back_from_hold() -> None:
    async with live_call() as call:
        await call.greeted()
        assert call.brains.verbs is not None
        call.brains.verbs.hold(True)
        await call.until(lambda: call.phase == "held")
        call.pbx.press(CHANNEL, "0")
        await call.until(lambda: call.phase == "speaking")
        assert "aguardar" in call.turns[-1].said
        await call.until(lambda: call.phase == "listening")
        call.brains.verbs.hold(True)
        await call.until(lambda: call.phase == "held")
        assert not call.pbx.rung, "that key was no choice of a menu"


@pytest.mark.parametrize("verb", ["start_music", "hang_up"])
@virtual_time
async def test_a_pbx_that_refuses_a_verb_does_not_stop_the_call(verb: str) -> None:
    def refusing(call: LiveCall) -> None:
        call.pbx.fail[verb] = Unavailable("not now")

    async with live_call(ears=Ears(["tchau"]), before=refusing) as call:
        await call.greeted()
        assert call.brains.verbs is not None
        call.brains.verbs.hold(True)
        await call.until(lambda: call.phase == "held")
        call.brains.verbs.hold(False)
        await call.until(lambda: call.phase == "listening")
        await call.says()
        stored = await call.over()
    assert stored.end_reason == "completed"
