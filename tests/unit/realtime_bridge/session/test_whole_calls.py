"""Whole calls on a clock that jumps: the shipped session, ear, playout, cascade and transfers."""

from __future__ import annotations

import asyncio

from realtime_bridge.leg import LegEnd
from realtime_bridge.session.latency import split
from tests.fakes.cascade_call import Ears, Mouth
from tests.fakes.live_call import CHANNEL, GREETING, KeptTapes, live_call
from tests.fakes.pbx import Phone
from tests.fakes.virtual_time import virtual_time
from voice_ai_service.dialogue.call_state import StageLatencies

ADDRESS = "Ficamos na Rua das Flores, número dez."


@virtual_time
async def test_greeting_two_turns_farewell() -> None:
    async with live_call(ears=Ears(["qual o endereço", "tchau"])) as call:
        await call.greeted()
        await call.says()
        first = await call.answered(1)
        assert (first.heard, first.said, first.said_heard) == ("qual o endereço", ADDRESS, ADDRESS)
        await call.says()
        stored = await call.over()
    assert [message.text for message in stored.messages][:3] == [GREETING, "qual o endereço", ADDRESS]
    assert stored.end_reason == "completed"
    assert stored.mode == "realtime"
    assert stored.hangup_cause == "NORMAL_CLEARING"
    farewell = stored.messages[-1]
    assert farewell.action == "hangup"
    assert farewell.heard_text == farewell.text
    assert farewell.played_ms == farewell.audio_ms
    assert CHANNEL not in call.pbx.channels


@virtual_time
async def test_the_caller_hears_the_greeting_within_200_ms_of_the_open_socket() -> None:
    async with live_call(mouth=Mouth(first_byte_s=0.1)) as call:
        await call.greeted()
        call.ear.run()
        assert call.ear.heard_at[0] < 0.2


@virtual_time
async def test_every_stage_of_a_turn_adds_up_to_the_time_the_caller_waited() -> None:
    async with live_call(ears=Ears(["qual o endereço"], delay_s=0.3), mouth=Mouth(first_byte_s=0.2)) as call:
        await call.greeted()
        await call.says()
        latency: StageLatencies = (await call.answered(1)).latency_ms
        assert latency.total > 500
        assert latency.endpointing == 500
        assert abs(latency.way_ms - latency.total) <= 0.05 * latency.total
        assert split(latency)["other"] <= 0.05 * latency.total


@virtual_time
async def test_nothing_of_a_call_is_left_behind() -> None:
    before = len(asyncio.all_tasks())
    async with live_call() as call:
        await call.greeted()
        names = call.call.live.scope.names
        assert {"conversation", "time limits", "pbx", "brain's events"} <= names
        call.pbx.party_hangs_up(CHANNEL)
        await call.over()
        assert call.ear.calls[-1] == "close"
        assert call.leg.ended is LegEnd.CLOSED
    assert len(asyncio.all_tasks()) == before


@virtual_time
async def test_a_caller_who_hangs_up_in_the_middle_of_a_reply() -> None:
    async with live_call() as call:
        await call.greeted()
        await call.says()
        await call.until(lambda: call.phase == "speaking")
        await asyncio.sleep(0.8)
        call.pbx.party_hangs_up(CHANNEL, "NORMAL_CLEARING")
        stored = await call.over()
    reply = stored.messages[-1]
    assert reply.text == ADDRESS
    assert reply.heard_text is not None
    assert ADDRESS.startswith(reply.heard_text)
    assert 700 <= (reply.played_ms or 0) <= 900
    assert stored.end_reason == "caller_hangup"


@virtual_time
async def test_audio_that_ends_while_the_channel_lives_goes_to_the_fallback() -> None:
    async with live_call() as call:
        await call.greeted()
        call.leg.end(LegEnd.LOST)
        stored = await call.over()
        assert CHANNEL in call.pbx.channels, "the dialplan goes on with the caller"
    assert stored.end_reason == "fallback"


@virtual_time
async def test_audio_that_ends_and_a_pbx_that_tells_nothing() -> None:
    async with live_call() as call:
        await call.greeted()
        call.pbx.disconnect()
        call.leg.end(LegEnd.CLOSED)
        stored = await call.over()
    assert stored.end_reason == "caller_hangup"


@virtual_time
async def test_a_client_without_a_pbx_is_told_to_hang_up() -> None:
    async with live_call(ears=Ears(["tchau"]), control="socket") as call:
        await call.greeted()
        await call.says()
        stored = await call.over()
        assert call.leg.of("hangup")
        assert not [order for order in call.pbx.orders if order[0] == "hang_up"]
    assert stored.end_reason == "completed"
    told = call.leg.of("turn")
    assert [message["turn"] for message in told] == [0, 1]
    assert call.leg.of("state")[-1]["state"] == "ended"


@virtual_time
async def test_a_transfer_that_is_answered() -> None:
    async with live_call(ears=Ears(["quero falar com o financeiro"])) as call:
        call.pbx.phones["2001"] = Phone()
        await call.greeted()
        await call.says()
        stored = await call.over()
        assert call.pbx.channels[CHANNEL].bridged_to is not None
    assert stored.resolution == "transferred"
    assert stored.transferred_to == "financeiro"
    assert stored.messages[-1].action == "transfer"


@virtual_time
async def test_nobody_answers_and_the_caller_is_back_in_the_same_conversation() -> None:
    async with live_call(ears=Ears(["quero falar com o financeiro", "não", "qual o endereço"])) as call:
        call.pbx.phones["2001"] = Phone(ends_after_s=1.0, cause="USER_BUSY")
        await call.greeted()
        await call.says()
        await call.until(lambda: call.phase == "transferring")
        tried_at = asyncio.get_running_loop().time()
        await call.until(lambda: call.phase == "speaking")
        assert asyncio.get_running_loop().time() - tried_at < 1 + 2, "the caller waits for a word"
        await call.until(lambda: call.turns[-1].intent == "transfer_failed")
        await call.until(lambda: call.phase == "listening")
        assert call.call.live.state.failed_destinations == ["financeiro"]
        await call.says()
        await call.answered(2)
        await call.says()
        assert (await call.answered(3)).said == ADDRESS


@virtual_time
async def test_a_caller_who_hangs_up_while_being_transferred() -> None:
    async with live_call(ears=Ears(["quero falar com o financeiro"])) as call:
        call.pbx.phones["2001"] = Phone(answers_after_s=10.0)
        await call.greeted()
        await call.says()
        await call.until(lambda: call.phase == "transferring")
        await asyncio.sleep(2)
        call.pbx.party_hangs_up(CHANNEL)
        stored = await call.over()
        await call.until(lambda: not call.pbx.channels)
    assert stored.resolution == "abandoned"


@virtual_time
async def test_a_mapped_key_over_the_greeting_acts_at_once() -> None:
    async with live_call() as call:
        call.pbx.phones["2000"] = Phone()
        await call.until(lambda: call.phase == "greeting")
        await asyncio.sleep(0.5)
        call.pbx.press(CHANNEL, "0")
        stored = await call.over()
    greeting = stored.messages[0]
    assert greeting.barged_in
    assert (greeting.played_ms or 0) < greeting.audio_ms
    assert stored.messages[1].digits == "0"
    assert stored.transferred_to == "recepção"


@virtual_time
async def test_keys_of_a_client_without_a_pbx_come_with_its_audio() -> None:
    async with live_call(control="socket") as call:
        await call.greeted()
        call.leg.press("7")
        record = await call.answered(1)
    assert record.digits == "7"
    assert record.intent == "dtmf" or "das" in record.said


@virtual_time
async def test_a_silent_caller_is_asked_twice_and_let_go() -> None:
    async with live_call(settings={"fallback": {"kind": "hangup"}}) as call:
        began = asyncio.get_running_loop().time()
        stored = await call.over(120)
        assert asyncio.get_running_loop().time() - began > 24
    assert [message.intent for message in stored.messages].count("no_input") == 2
    assert stored.end_reason == "caller_silent"


@virtual_time
async def test_the_caller_is_warned_before_the_longest_duration_and_then_let_go() -> None:
    limits = {"max_duration_s": 90, "no_input_s": 60}
    async with live_call(settings={"limits": limits, "fallback": {"kind": "hangup"}}) as call:
        loop = asyncio.get_running_loop()
        await call.until(lambda: any("meio minuto" in turn.said for turn in call.turns), 80)
        assert 59.9 <= loop.time() <= 60.3
        stored = await call.over(60)
        assert 90 <= loop.time() <= 100
    assert stored.end_reason == "max_duration"
    assert stored.messages[-1].heard_text == stored.messages[-1].text


@virtual_time
async def test_the_turn_after_the_last_one_is_a_farewell() -> None:
    settings = {"limits": {"max_turns": 1}, "fallback": {"kind": "hangup"}}
    async with live_call(ears=Ears(["qual o endereço"]), settings=settings) as call:
        await call.greeted()
        await call.says()
        await call.answered(1)
        await call.says()
        stored = await call.over()
    assert stored.end_reason == "max_turns"
    assert stored.turn_count == 2


@virtual_time
async def test_a_message_with_pauses_in_it_is_one_message() -> None:
    ears = Ears(["quero deixar um recado", "liguem para mim amanhã"])
    async with live_call(ears=ears) as call:
        await call.greeted()
        await call.says()
        await call.answered(1)
        assert call.turns[-1].action == "record_message"
        await call.says(800)
        await asyncio.sleep(1.2)
        await call.says(800)
        stored = await call.over()
    assert stored.message_text == "liguem para mim amanhã"
    assert stored.resolution == "message"
    assert ears.audio[-1].duration_ms > 2800
    assert stored.turn_count == 2


@virtual_time
async def test_the_end_of_turn_model_shortens_the_wait_after_a_complete_sentence() -> None:
    class Sure:
        def __init__(self) -> None:
            self.asked: list[int] = []

        async def complete(self, utterance: bytes, sample_rate_hz: int) -> float | None:
            self.asked.append(len(utterance) * 500 // sample_rate_hz)
            return 0.99

    model = Sure()
    async with live_call(end_of_turn=model) as call:
        await call.greeted()
        await call.says()
        latency = (await call.answered(1)).latency_ms
    assert latency.endpointing is not None
    assert latency.endpointing < 500, "the silence that ends an unsure one"
    assert 1000 <= model.asked[0] <= 1600


@virtual_time
async def test_the_recording_has_both_sides_and_its_name_is_stored() -> None:
    tapes = KeptTapes()
    settings = {"record_calls": True, "recording_notice": {"pt-BR": "Gravamos."}}
    async with live_call(ears=Ears(["tchau"]), settings=settings, tapes=tapes) as call:
        await call.greeted()
        await call.says()
        stored = await call.over()
    assert stored.recording_ref == "call.wav"
    frames = tapes.frames
    assert any(any(caller) for caller, _ in frames)
    assert any(any(secretary) for _, secretary in frames)
    assert abs(len(frames) * 20 - stored.duration_ms) < 100


@virtual_time
async def test_a_secretary_that_does_not_record_has_no_tape() -> None:
    tapes = KeptTapes()
    async with live_call(tapes=tapes) as call:
        await call.greeted()
        call.pbx.party_hangs_up(CHANNEL)
        assert (await call.over()).recording_ref is None
    assert tapes.made == 0
