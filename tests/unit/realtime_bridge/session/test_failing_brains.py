"""Brains that fail are followed by the next one; nobody hears silence, and the conversation goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from realtime_bridge.providers.seam import ReplyAudio, ReplyBegan, ReplySaid, Waiting
from realtime_bridge.session.parts import SessionOptions
from tests.fakes.brains import ToldBrain
from tests.fakes.cascade_call import Ears, Mouth, down
from tests.fakes.live_call import LiveCall, live_call
from tests.fakes.pbx import Phone
from tests.fakes.virtual_time import virtual_time
from voice_ai_service.errors import ProviderRefused, Unavailable

ADDRESS = "Ficamos na Rua das Flores, número dez."
APOLOGY = "Desculpe, estamos com um problema técnico."


def with_brains(*brains: ToldBrain, cascades: int = 1) -> Callable[[LiveCall], None]:
    def arrange(call: LiveCall) -> None:
        for brain in brains:
            call.brains.first.append(lambda view, brain=brain: brain)  # type: ignore[misc]
        call.brains.cascades = cascades

    return arrange


@virtual_time
async def test_a_brain_that_cannot_be_opened_is_passed_over_during_the_greeting() -> None:
    refused = ToldBrain(fails_to_open=ProviderRefused("no", provider="vendor"))
    slow = ToldBrain(name="slow", opens_after_s=60)
    async with live_call(before=with_brains(refused, slow)) as call:
        await call.greeted()
        await call.says()
        assert (await call.answered(1)).said == ADDRESS
        assert refused.closed
        assert slow.closed
        assert not slow.opened
        assert call.figure("voice_ai_brain_failures_total", brain="slow", code="timeout") == 1


@virtual_time
async def test_what_the_caller_had_asked_is_answered_by_the_next_brain_within_3_s() -> None:
    vendor = ToldBrain(owns_turns=False)
    async with live_call(before=with_brains(vendor)) as call:
        await call.greeted()
        await call.says()
        await call.until(lambda: vendor.of("ended"))
        failed_at = asyncio.get_running_loop().time()
        vendor.fails()
        await call.until(lambda: call.phase == "speaking")
        assert asyncio.get_running_loop().time() - failed_at < 3
        record = await call.answered(1)
        assert (record.heard, record.said) == ("qual o endereço", ADDRESS)
        assert [turn.turn for turn in call.turns] == [0, 1]
        assert vendor.closed


@virtual_time
async def test_a_reply_that_was_begun_and_not_heard_is_answered_anew() -> None:
    vendor = ToldBrain(owns_turns=False)
    async with live_call(before=with_brains(vendor)) as call:
        await call.greeted()
        await call.says()
        await call.until(lambda: vendor.of("ended"))
        vendor.hears("qual o endereço")
        vendor.does(ReplyBegan("r1"), ReplySaid("r1", "Fica", "pt-BR"))
        vendor.fails()
        record = await call.answered(1)
        assert (record.heard, record.said) == ("qual o endereço", ADDRESS)
        assert [turn.turn for turn in call.turns] == [0, 1]


@virtual_time
async def test_a_reply_that_is_cut_is_excused_and_the_caller_may_say_it_again() -> None:
    vendor = ToldBrain()
    async with live_call(before=with_brains(vendor)) as call:
        await call.greeted()
        vendor.takes_turn("qual o endereço")
        vendor.does(
            ReplyBegan("r1"), ReplySaid("r1", "Fica na", "pt-BR", 0), ReplyAudio("r1", b"\2\0" * 8000)
        )
        vendor.fails()
        await call.until(lambda: any("tive um problema" in turn.said for turn in call.turns))
        await call.until(lambda: call.phase == "listening")
        assert [turn.played_ms for turn in call.turns if turn.said == "Fica na"] == [1000]
        await call.says()
        assert (await call.answered(2)).said == ADDRESS


@virtual_time
async def test_a_brain_that_gives_no_sign_of_life_is_given_up() -> None:
    vendor = ToldBrain(owns_turns=False)
    options = SessionOptions(strict=True, thinking_s=2.0)
    async with live_call(before=with_brains(vendor), options=options) as call:
        await call.greeted()
        await call.says()
        record = await call.answered(1)
        assert record.said == ADDRESS
        assert call.figure("voice_ai_brain_failures_total", brain="vendor", code="silent") == 1


@pytest.mark.parametrize("named", [True, False])
@virtual_time
async def test_without_any_brain_the_caller_hears_an_apology_and_reaches_the_fallback(named: bool) -> None:
    def arrange(call: LiveCall) -> None:
        call.pbx.phones["2000"] = Phone()
        call.brains.cascades = 0
        if not named:
            call.brains.failure = Unavailable("the database is away")

    async with live_call(before=arrange) as call:
        stored = await call.over()
    last = stored.messages[-1]
    assert last.text.startswith(APOLOGY)
    assert last.heard_text == last.text
    assert stored.transferred_to == "recepção"


@virtual_time
async def test_a_fallback_that_nobody_answers_ends_in_words() -> None:
    def arrange(call: LiveCall) -> None:
        call.pbx.phones["2000"] = Phone(ends_after_s=0.5, cause="USER_BUSY")
        call.brains.cascades = 0

    async with live_call(before=arrange) as call:
        stored = await call.over()
    assert stored.end_reason == "providers_down"
    assert stored.messages[-1].heard_text == stored.messages[-1].text
    assert stored.resolution == "failed"


@virtual_time
async def test_without_brain_and_voice_the_fallback_is_still_reached() -> None:
    def arrange(call: LiveCall) -> None:
        call.pbx.phones["2000"] = Phone()
        call.brains.cascades = 0

    async with live_call(before=arrange, mouth=Mouth(fails=[down()] * 9)) as call:
        stored = await call.over()
    assert stored.transferred_to == "recepção"
    assert stored.messages[0].played_ms == 0


@virtual_time
async def test_a_fallback_to_a_message_is_a_farewell_where_nobody_can_take_one() -> None:
    def arrange(call: LiveCall) -> None:
        call.brains.cascades = 0

    async with live_call(before=arrange, settings={"fallback": {"kind": "message"}}) as call:
        stored = await call.over()
    assert stored.end_reason == "providers_down"
    assert stored.messages[-1].text.startswith(APOLOGY)


@virtual_time
async def test_keys_that_were_not_answered_are_given_to_the_next_brain() -> None:
    vendor = ToldBrain()
    async with live_call(before=with_brains(vendor)) as call:
        await call.greeted()
        call.pbx.press(call.leg.leg_uuid, "3")  # without an action of its own
        await call.until(lambda: vendor.of("keys"))
        vendor.fails()
        record = await call.answered(1)
        assert record.digits == "3"
        assert record.intent == "dtmf"


@virtual_time
async def test_what_is_being_said_while_brains_change_is_not_lost() -> None:
    vendor = ToldBrain(owns_turns=False)
    ears = Ears(["qual o endereço"])
    async with live_call(ears=ears, before=with_brains(vendor)) as call:
        await call.greeted()
        call.leg.say(1500)
        await asyncio.sleep(0.8)
        vendor.fails()
        assert (await call.answered(1)).said == ADDRESS
        assert ears.audio[-1].duration_ms >= 1500


@virtual_time
async def test_a_filler_is_heard_while_a_brain_waits_and_never_over_the_answer() -> None:
    vendor = ToldBrain()
    async with live_call(before=with_brains(vendor)) as call:
        await call.greeted()
        vendor.takes_turn("espere")
        vendor.does(Waiting("tool"))
        await call.until(lambda: call.figure("voice_ai_fillers_total") == 1)
        await asyncio.sleep(0.4)
        assert call.phase == "thinking"
        sounding = len(call.ear.audio)
        vendor.says("r1", "Pronto.", 1000)
        reply = await call.answered(1)
        assert not reply.barged_in
        after = call.ear.audio[sounding:]
        answer_at = after.index(b"\3\0")
        assert answer_at < 0.2 * 16000, "the filler gives way at once"
        assert b"\2\0" not in after[answer_at:]
        assert call.figure("voice_ai_barge_ins_total") == 0


@virtual_time
async def test_a_secretary_without_a_voice_goes_to_the_fallback_at_once() -> None:
    def arrange(call: LiveCall) -> None:
        call.pbx.phones["2000"] = Phone()

    async with live_call(before=arrange, mouth=Mouth(fails=[down()] * 20)) as call:
        await call.until(lambda: call.pbx.rung, 3)
        stored = await call.over()
    assert stored.transferred_to == "recepção"


@virtual_time
async def test_a_reply_that_was_interrupted_before_its_brain_failed_is_closed() -> None:
    vendor = ToldBrain()
    async with live_call(before=with_brains(vendor)) as call:
        await call.greeted()
        vendor.takes_turn("fale")
        vendor.does(
            ReplyBegan("r1"), ReplySaid("r1", "Era uma vez", "pt-BR"), ReplyAudio("r1", b"\2\0" * 32000)
        )
        await call.until(lambda: call.phase == "speaking")
        await call.says(400)
        vendor.hears("pare")
        await call.until(lambda: vendor.of("interrupted"))
        book = call.call.live.book
        assert "r1" in book.unfinished
        vendor.fails()
        await call.until(lambda: vendor.closed)
        assert not book.unfinished
        assert book.reply("r1") is None
