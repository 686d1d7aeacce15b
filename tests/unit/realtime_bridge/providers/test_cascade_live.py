"""With a recogniser that hears while the caller speaks: partials, guesses on stable ones, and the final word."""

from __future__ import annotations

import asyncio

import pytest

from realtime_bridge.providers.cascade_parts import Guess
from realtime_bridge.providers.seam import CallerSaid
from tests.fakes.cascade_call import FRAME, CascadeCall, Ears, down
from tests.fakes.virtual_time import virtual_time

ADDRESS = "Ficamos na Rua das Flores, número dez."
HEARD = "qual o endereço"


def live(*partials: tuple[str, bool], final: str = HEARD) -> Ears:
    return Ears([final], delay_s=0.2, live=list(partials))


@virtual_time
async def test_partials_are_told_as_they_come() -> None:
    async with CascadeCall(ears=live(("qual", False), (HEARD, True))) as call:
        assert call.brain.capabilities.partials
        await call.say()
        await call.reply()
        said = [(event.transcript.text, event.final) for event in call.of(CallerSaid)]
        assert said == [("qual", False), (HEARD, False), (HEARD, True)]


@virtual_time
async def test_a_guess_on_a_stable_partial_is_kept_when_the_final_agrees() -> None:
    async with CascadeCall(ears=live((HEARD, True), final="Qual o endereço?")) as call:
        await call.say()
        ended_at = call.clock.monotonic()
        done = await call.reply()
        assert call.said(done.reply_id) == ADDRESS
        assert call.observed.guesses == [Guess.KEPT]
        assert call.mouth.said == [ADDRESS]
        assert call.first_audio_at(done.reply_id) - ended_at == pytest.approx(0.2, abs=0.01)
        timings = done.timings
        assert timings.stt_ms == pytest.approx(200, abs=1)
        answering = sum(filter(None, (timings.first_sentence_ms, timings.tts_first_byte_ms)))
        assert (timings.stt_ms or 0) + answering - timings.speculated_ms == pytest.approx(200, abs=2)
        assert call.book.state.turns[0].heard == "Qual o endereço?"


@virtual_time
async def test_a_guess_that_the_final_contradicts_is_thrown_away() -> None:
    async with CascadeCall(ears=live(("até que horas", True))) as call:
        await call.say()
        done = await call.reply()
        assert call.said(done.reply_id) == ADDRESS
        assert call.observed.guesses == [Guess.DISAGREED]
        assert len(call.replies) == 1


@virtual_time
async def test_an_unstable_partial_is_nothing_to_guess_on() -> None:
    async with CascadeCall(ears=live((HEARD, False))) as call:
        await call.say()
        await call.reply()
        assert call.observed.guesses == []


@virtual_time
async def test_a_partial_that_comes_in_the_pause_replaces_the_guess() -> None:
    ears = live(("qual", True), ("qual o", True), (HEARD, True))
    async with CascadeCall(ears=ears, settings={"turn_taking": {"guesses": 5}}) as call:
        call.brain.began(b"")
        await call.speak(20)
        await call.pause(40)
        await call.reply()
        assert call.observed.guesses == [Guess.DISAGREED, Guess.DISAGREED, Guess.KEPT]


@virtual_time
async def test_the_whole_utterance_reaches_the_recogniser() -> None:
    async with CascadeCall(ears=live((HEARD, True))) as call:
        call.brain.began(FRAME * 15)
        await call.speak(400)
        await call.pause()
        await call.reply()
        assert call.ears.audio[0].duration_ms == 300 + 400 + 500


@virtual_time
async def test_a_stream_that_cannot_be_opened_is_made_up_for_with_the_whole_utterance() -> None:
    broken = live(final="never")
    broken.heard = [down("ears")]
    async with CascadeCall(ears=broken, more_ears=[Ears()]) as call:
        await call.say()
        done = await call.reply()
        assert done.providers["stt"] == "ears1"
        assert call.said(done.reply_id) == ADDRESS


@virtual_time
async def test_a_cough_ends_its_stream() -> None:
    async with CascadeCall(ears=live(("qual", False))) as call:
        call.brain.began(b"")
        await call.speak(200)
        call.brain.abandoned()
        await asyncio.sleep(5)
        assert call.replies == []
        assert [event.final for event in call.of(CallerSaid)] == [False]
