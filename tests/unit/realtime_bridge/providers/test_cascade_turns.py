"""Whole turns through the cascade: what the caller said becomes a reply, in order, and nothing before its time."""

from __future__ import annotations

import asyncio

import pytest

from realtime_bridge.providers.cascade_parts import CascadeOptions, Guess
from realtime_bridge.providers.seam import (
    CallerSaid,
    ReplyAudio,
    ReplyBegan,
    ReplyFinished,
    ReplySaid,
)
from tests.fakes.cascade_call import CascadeCall, Ears, Mouth
from tests.fakes.chat_model import ScriptedChatModel, says
from tests.fakes.virtual_time import virtual_time

ADDRESS = "Ficamos na Rua das Flores, número dez."


@virtual_time
async def test_what_was_said_is_answered_in_the_order_of_the_seam() -> None:
    async with CascadeCall() as call:
        await call.say()
        done = await call.reply()
        kinds = [type(event) for _, event in call.events]
        assert kinds[:4] == [CallerSaid, CallerSaid, ReplyBegan, ReplySaid]
        assert [event.final for event in call.of(CallerSaid)] == [False, True]
        assert set(kinds[4:-1]) == {ReplyAudio}
        assert kinds[-1] is ReplyFinished
        assert call.said(done.reply_id) == ADDRESS
        assert call.audio_ms(done.reply_id) == len(ADDRESS) * 50 // 100 * 100
        assert done.providers == {"stt": "ears", "llm": "embedded", "tts": "mouth"}
        assert done.intent == "fact"


@virtual_time
async def test_a_guess_takes_the_providers_time_out_of_the_callers_wait() -> None:
    async with CascadeCall() as call:
        await call.say()
        ended_at = call.clock.monotonic()
        done = await call.reply()
        assert call.first_audio_at(done.reply_id) - ended_at < 0.001
        assert call.observed.guesses == [Guess.KEPT]
        assert len(call.ears.audio) == 1


@virtual_time
async def test_without_guesses_everything_begins_at_the_end() -> None:
    async with CascadeCall(options=CascadeOptions(guesses=0)) as call:
        await call.say()
        ended_at = call.clock.monotonic()
        done = await call.reply()
        assert call.first_audio_at(done.reply_id) - ended_at == pytest.approx(0.150, abs=0.001)
        assert call.observed.guesses == []
        assert done.timings.stt_ms == pytest.approx(100, abs=1)
        assert done.timings.speculated_ms == 0


@virtual_time
async def test_nothing_of_a_guess_leaves_before_the_end() -> None:
    async with CascadeCall() as call:
        call.brain.began(b"")
        await call.speak(1000)
        call.brain.paused(100)
        await call.speak(3000)
        assert [type(event) for _, event in call.events] == [CallerSaid]
        assert call.mouth.said == [ADDRESS]
        call.end()
        await call.reply()


@virtual_time
async def test_a_caller_who_goes_on_is_answered_once_to_all_of_it() -> None:
    ears = Ears(["qual o", "qual o endereço"])
    async with CascadeCall(ears=ears) as call:
        call.brain.began(b"")
        await call.speak(400)
        call.brain.paused(100)
        await call.speak(200)
        call.brain.resumed()
        await call.speak(600)
        await call.pause()
        done = await call.reply()
        assert call.said(done.reply_id) == ADDRESS
        assert call.observed.guesses == [Guess.RESUMED, Guess.KEPT]
        assert len(call.replies) == 1
        assert ears.audio[1].duration_ms > ears.audio[0].duration_ms


@virtual_time
async def test_guesses_are_bounded() -> None:
    async with CascadeCall(options=CascadeOptions(guesses=2)) as call:
        call.brain.began(b"")
        for _ in range(5):
            await call.speak(200)
            call.brain.paused(100)
            await call.speak(40)
            call.brain.resumed()
        call.end()
        await call.reply()
        assert call.observed.guesses == [Guess.RESUMED] * 2
        assert call.ears.cancelled == 2
        assert len(call.ears.audio) == 3


@virtual_time
async def test_the_timings_add_up_to_the_wait_with_and_without_a_guess() -> None:
    for options in (CascadeOptions(guesses=0), CascadeOptions()):
        model = ScriptedChatModel([says("Um momento. ", "Já respondo.")])
        call = CascadeCall(
            options=options, model=model, ears=Ears(["tudo bem com vocês"], delay_s=0.3), mouth=Mouth(0.25)
        )
        async with call:
            await call.say(pause_ms=100, end_ms=300)
            ended_at = call.clock.monotonic()
            done = await call.reply()
            waited_ms = (call.first_audio_at(done.reply_id) - ended_at) * 1000
            timings = done.timings
            stages = (
                timings.stt_ms, timings.retrieval_ms, timings.llm_first_token_ms, timings.first_sentence_ms,
                timings.tts_first_byte_ms,
            )  # fmt: skip
            assert sum(filter(None, stages)) - timings.speculated_ms == pytest.approx(waited_ms, rel=0.01)


@virtual_time
async def test_speech_without_words_is_no_turn_when_short_and_asked_again_when_long() -> None:
    async with CascadeCall(ears=Ears([""])) as call:
        call.brain.began(b"")
        await call.speak(300)
        await call.pause(speech_ms=300)
        await asyncio.sleep(1)
        assert [event.transcript.text for event in call.of(CallerSaid)] == [""]
        assert call.replies == []
        await call.say()
        done = await call.reply()
        assert call.said(done.reply_id).startswith("Desculpe, não entendi")


@virtual_time
async def test_the_voice_begins_with_the_first_sentence_while_the_model_still_writes() -> None:
    model = ScriptedChatModel([says("Bom dia. ", "Temos vagas na terça-feira de manhã cedo. ", "Serve?")])
    async with CascadeCall(model=model, ears=Ears(["tem vaga"])) as call:
        await call.say()
        done = await call.reply()
        assert call.mouth.said[0] == "Bom dia."
        assert call.said(done.reply_id) == "Bom dia. Temos vagas na terça-feira de manhã cedo. Serve?"
        places = [(event.text, event.at_ms) for event in call.of(ReplySaid)]
        assert places[0] == ("Bom dia.", 0)
        assert places[1][1] == 400


@virtual_time
async def test_two_utterances_before_an_answer_are_one_turn() -> None:
    ears = Ears(["quero saber", "qual o endereço"], delay_s=0.4)
    async with CascadeCall(ears=ears, options=CascadeOptions(guesses=0)) as call:
        await call.say()
        await asyncio.sleep(0.05)
        await call.say(600)
        done = await call.reply()
        assert len(call.replies) == 1
        assert call.said(done.reply_id) == ADDRESS
        assert call.book.state.turns[0].heard == "quero saber qual o endereço"
        await asyncio.sleep(5)
        assert len(call.replies) == 1


@virtual_time
async def test_a_cough_after_the_question_delays_the_answer_and_loses_nothing() -> None:
    async with CascadeCall(options=CascadeOptions(guesses=0)) as call:
        await call.say()
        call.brain.began(b"")
        await call.speak(400)
        assert call.replies == []
        call.brain.abandoned()
        done = await call.reply()
        assert call.said(done.reply_id) == ADDRESS


@virtual_time
async def test_an_answer_does_not_wait_for_ever_for_noise_to_end() -> None:
    async with CascadeCall(options=CascadeOptions(guesses=0, hold_back_ms=800)) as call:
        await call.say()
        call.brain.began(b"")
        await call.speak(3000)
        assert len(call.replies) == 1


@virtual_time
async def test_keys_are_a_turn_of_their_own_and_end_what_was_being_said() -> None:
    async with CascadeCall() as call:
        call.brain.began(b"")
        await call.speak(400)
        call.brain.paused(100)
        await call.speak(60)
        call.press("7")
        done = await call.reply()
        assert done.action is not None
        assert "horas" in call.said(done.reply_id)
        assert call.observed.guesses == [Guess.DROPPED]
        assert call.book.state.turns[0].digits == "7"


@virtual_time
async def test_a_silent_caller_is_asked_again_and_not_while_something_goes_on() -> None:
    async with CascadeCall() as call:
        call.silent()
        call.brain.nobody_spoke()
        done = await call.reply()
        assert call.said(done.reply_id).startswith("Desculpe, não ouvi")
        await asyncio.sleep(3)
        assert len(call.replies) == 1
        assert call.book.state.no_input == 1


@virtual_time
async def test_on_hold_nothing_is_heard_and_nothing_begins() -> None:
    async with CascadeCall(options=CascadeOptions(guesses=0)) as call:
        await call.say()
        call.brain.hold(True)
        await call.say()
        call.brain.keys("7")
        call.brain.nobody_spoke()
        await asyncio.sleep(2)
        assert call.replies == []
        assert len(call.ears.audio) == 1
        call.brain.hold(False)
        await call.reply()
        assert len(call.replies) == 1
