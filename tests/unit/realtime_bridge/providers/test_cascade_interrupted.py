"""A caller who interrupts: the answer stops, its rest is forgotten, and the next one knows what was heard."""

from __future__ import annotations

import asyncio

from realtime_bridge.providers.cascade_parts import CascadeOptions, Guess
from realtime_bridge.providers.seam import (
    BrainEvent,
    CallerSaid,
    ReplyAudio,
    ReplyBegan,
    ReplyFinished,
)
from tests.fakes.cascade_call import CascadeCall, Ears, Mouth
from tests.fakes.chat_model import ScriptedChatModel, says
from tests.fakes.virtual_time import virtual_time

LONG = "Temos muitas opções para o senhor, todas com preço bom e entrega rápida. " * 3
NO_GUESSES = CascadeOptions(guesses=0)


@virtual_time
async def test_the_voice_stops_and_the_reply_ends_once() -> None:
    model = ScriptedChatModel([says(LONG), says("Sim.")])
    async with CascadeCall(model=model, ears=Ears(["o que vocês têm"]), options=NO_GUESSES) as call:
        await call.say()
        await asyncio.sleep(0.3)
        (reply,) = call.replies
        assert call.finished == []
        call.interrupts(reply, 100)
        await asyncio.sleep(0.1)
        assert [done.reply_id for done in call.finished] == [reply]
        assert call.mouth.stopped == 1
        heard_ms = call.audio_ms(reply)
        await asyncio.sleep(10)
        assert call.audio_ms(reply) == heard_ms
        assert len(call.finished) == 1


@virtual_time
async def test_the_next_answer_knows_only_what_was_heard() -> None:
    model = ScriptedChatModel([says("Um dois três quatro cinco. Seis sete oito."), says("Sim.")])
    async with CascadeCall(model=model, ears=Ears(["conte", "pare"]), options=NO_GUESSES) as call:
        await call.say()
        done = await call.reply()
        call.interrupts(done.reply_id, 500)
        await call.say()
        await call.reply(2)
        told = [message.text for message in model.requests[1].messages[1:]]
        assert told[0] == "conte"
        assert told[1].startswith("Um dois")
        assert told[1].endswith("…")
        assert "cinco" not in told[1]
        assert told[2] == "pare"


@virtual_time
async def test_an_interruption_that_words_decide_is_known_before_the_answer_begins() -> None:
    """A batch recogniser's words come at the pause: the session cancels on them, and the guess waits for that."""
    model = ScriptedChatModel([says("Um dois três quatro cinco seis sete oito nove dez."), says("Sim.")])
    async with CascadeCall(model=model, ears=Ears(["conte", "pare"])) as call:
        await call.say()
        reply = (await call.reply()).reply_id

        def cancel(event: BrainEvent) -> None:
            if isinstance(event, CallerSaid) and event.transcript.text == "pare" and len(call.finished) == 1:
                call.interrupts(reply, 300)

        call.on_event = cancel
        await call.say()
        await call.reply(2)
        assert len(model.requests) == 2
        assert model.requests[1].messages[2].text.endswith("…")
        assert call.observed.guesses == [Guess.KEPT, Guess.KEPT]


@virtual_time
async def test_an_answer_begun_on_a_wrong_belief_is_begun_again() -> None:
    model = ScriptedChatModel(
        [says("Um dois três quatro cinco seis sete oito."), says("Falso."), says("Certo.")]
    )
    async with CascadeCall(model=model, ears=Ears(["conte", "pare"])) as call:
        await call.say()
        first = await call.reply()
        call.brain.began(b"")
        await call.speak(600)
        call.brain.paused(100)
        await call.speak(340)
        assert len(model.requests) == 2
        call.interrupts(first.reply_id, 300)
        await call.speak(60)
        call.end()
        second = await call.reply(2)
        assert call.said(second.reply_id) == "Certo."
        assert len(call.replies) == 2
        assert len(call.ears.audio) == 2


@virtual_time
async def test_what_waits_in_the_queue_is_taken_back() -> None:
    call = CascadeCall(options=CascadeOptions(guesses=0, audio_queue_ms=500), ears=Ears(["conte"]))
    call.rows.model = ScriptedChatModel([says(LONG)])
    async with call:
        await call.say()
        await asyncio.sleep(0.25)
        (reply,) = call.replies
        call.reading.clear()
        await asyncio.sleep(2)
        before = call.audio_ms(reply)
        call.brain.interrupted(reply, 100, "Temos")
        call.reading.set()
        await call.reply()
        assert call.audio_ms(reply) - before <= 100  # the piece that was being handed over
        kinds = [type(event) for _, event in call.events]
        assert kinds[-1] is ReplyFinished


@virtual_time
async def test_a_session_that_reads_no_more_stops_the_voice() -> None:
    mouth = Mouth()
    call = CascadeCall(options=CascadeOptions(guesses=0, audio_queue_ms=500), mouth=mouth)
    call.rows.model = ScriptedChatModel([says(LONG)])
    async with call:
        await call.say()
        await asyncio.sleep(0.2)
        call.reading.clear()
        await asyncio.sleep(30)
        assert len(mouth.said) == 1
        call.reading.set()
        done = await call.reply()
        assert call.audio_ms(done.reply_id) == sum(len(text) * 50 // 100 * 100 for text in mouth.said)


@virtual_time
async def test_an_unknown_or_finished_reply_may_be_interrupted_too() -> None:
    async with CascadeCall() as call:
        call.brain.interrupted("reply-99", 10, "")
        await call.say()
        done = await call.reply()
        call.interrupts(done.reply_id, 100)
        call.brain.interrupted(done.reply_id, 100, "")
        call.hears_all(done.reply_id)
        await asyncio.sleep(1)
        assert len(call.finished) == 1
        assert [type(event) for _, event in call.events].count(ReplyBegan) == 1
        assert call.of(ReplyAudio)


@virtual_time
async def test_an_uhum_into_a_reply_is_no_turn_unless_the_reply_asks() -> None:
    for reply, answered in (
        ("Ficamos na praça central da cidade.", False),
        ("Posso transferir o senhor?", True),
    ):
        model = ScriptedChatModel([says(reply), says("Certo, já transfiro.")])
        async with CascadeCall(model=model, ears=Ears(["quero ir aí", "Uhum, tá."])) as call:
            await call.say()
            await call.reply()
            await call.say(300)
            await asyncio.sleep(2)
            assert len(call.replies) == 1 + answered
            said = [event.transcript.text for event in call.of(CallerSaid) if event.final]
            assert said[1] == ("Uhum, tá." if answered else "")
