"""Who speaks over whom: words cancel, a cough does not, and what was heard is known everywhere."""

from __future__ import annotations

import asyncio

import pytest

from realtime_bridge.providers.seam import ReplyAudio, ReplyBegan, ReplyFinished, ReplySaid
from tests.fakes.brains import ToldBrain
from tests.fakes.cascade_call import Ears
from tests.fakes.live_call import SILENCE, LiveCall, live_call
from tests.fakes.virtual_time import virtual_time
from voice_ai_service.dialogue.actions import HangUp, HangupReason
from voice_ai_service.dialogue.phrases import texts

SPOKEN = bytes([2, 0])
LONG = "um dois três quatro cinco seis sete oito nove dez onze doze"


def silent_since(call: LiveCall) -> float:
    """When the caller's ear last had sound, in the loop's time."""
    call.ear.run()
    return max(
        at for at, frame in zip(call.ear.heard_at, call.ear.heard, strict=True) if frame and any(frame)
    )


@virtual_time
async def test_words_cancel_the_reply_and_only_what_was_heard_is_kept() -> None:
    async with live_call(ears=Ears(["qual o endereço", "não, espere"])) as call:
        await call.greeted()
        await call.says()
        await call.until(lambda: call.phase == "speaking")
        await asyncio.sleep(0.6)
        call.leg.say(900)
        reply = await call.answered(1)
        onset_s = asyncio.get_running_loop().time()
        assert reply.barged_in
        assert 0 < (reply.played_ms or 0) < reply.audio_ms
        assert reply.said_heard
        assert reply.said.startswith(reply.said_heard)
        assert silent_since(call) < onset_s
        await call.answered(2)
        assert call.figure("voice_ai_barge_ins_total") == 1
        assert call.figure("voice_ai_false_interruptions_total") == 0
        stored_reply = call.turns[1]
        assert stored_reply.said_heard == reply.said_heard


@virtual_time
async def test_the_ear_is_silent_within_200_ms_of_the_first_sound_of_the_caller() -> None:
    async with live_call(ears=Ears(["qual o endereço", "espere"])) as call:
        await call.greeted()
        await call.says()
        await call.until(lambda: call.phase == "speaking")
        await asyncio.sleep(0.6)
        loop = asyncio.get_running_loop()
        spoke_at = loop.time()
        await call.says(900)
        assert silent_since(call) - spoke_at < 0.2


@pytest.mark.parametrize("cough_ms", [120, 300])
@virtual_time
async def test_a_cough_pauses_and_the_reply_goes_on_at_the_same_sample(cough_ms: int) -> None:
    async with live_call(ears=Ears(["qual o endereço", ""])) as call:
        await call.greeted()
        before = len(call.ear.audio)
        await call.says()
        await call.until(lambda: call.phase == "speaking")
        await asyncio.sleep(0.5)
        call.leg.say(cough_ms)
        reply = await call.answered(1)
        assert not reply.barged_in
        assert call.figure("voice_ai_false_interruptions_total") == 1
        assert call.ear.gaps > 5, "it did pause"
        assert len(call.ear.audio) - before == reply.audio_ms * 16, "no sample was lost or doubled"


@virtual_time
async def test_a_notice_is_heard_to_its_end_and_the_question_may_be_interrupted() -> None:
    notice = texts("pt-BR").disclosure
    greeting = {"pt-BR": "Padaria Sol. Como posso ajudar o senhor ou a senhora, e em que assunto?"}
    settings = {"disclosure": True, "greeting": greeting}
    async with live_call(ears=Ears(["qual o endereço"]), settings=settings) as call:
        await call.until(lambda: call.phase == "greeting")
        notice_ms = 50 * len(f"Padaria Sol. {notice}")
        await call.says(600)
        assert call.figure("voice_ai_spoken_over_total") == 1
        assert call.ear.gaps == 0, "the notice goes on"
        await asyncio.sleep(notice_ms / 1000 - 0.5)
        assert call.figure("voice_ai_spoken_over_total") == 1
        await call.says(700)
        record = await call.answered(0)
        assert record.barged_in
        assert notice_ms - 200 < (record.played_ms or 0) < record.audio_ms
        assert notice in (record.said_heard or "")


@virtual_time
async def test_a_brain_is_told_what_was_heard_and_its_late_audio_is_not_played() -> None:
    brain = ToldBrain()

    def vendor_first(call: LiveCall) -> None:
        call.brains.first.append(lambda view: brain)

    async with live_call(before=vendor_first) as call:
        await call.greeted()
        brain.takes_turn("fale")
        brain.does(ReplyBegan("r1"), ReplySaid("r1", LONG, "pt-BR", 0), ReplyAudio("r1", SPOKEN * 8 * 6000))
        await call.until(lambda: call.phase == "speaking")
        await asyncio.sleep(1.0)
        await call.says(500)
        brain.hears("pare")
        await call.until(lambda: brain.of("interrupted"))
        ((reply_id, heard_ms, heard_text),) = brain.of("interrupted")
        assert reply_id == "r1"
        assert 1000 <= heard_ms <= 1300
        assert LONG.startswith(heard_text)
        heard_before = len(call.ear.audio)
        brain.does(ReplyAudio("r1", SPOKEN * 8000), ReplyFinished("r1"))
        await asyncio.sleep(1)
        assert len(call.ear.audio) == heard_before
        assert call.figure("voice_ai_late_audio_total") == 1
        record = next(one for one in call.turns if one.said)
        assert [one.played_ms for one in call.turns if one.turn == 1] == [heard_ms]
        assert record.turn in (0, 1)


@virtual_time
async def test_a_farewell_that_is_interrupted_does_not_hang_up() -> None:
    brain = ToldBrain()

    def vendor_first(call: LiveCall) -> None:
        call.brains.first.append(lambda view: brain)

    async with live_call(before=vendor_first) as call:
        await call.greeted()
        brain.takes_turn("obrigado")
        brain.says("bye", "Até logo, foi um prazer atender.", 3000, action=HangUp(HangupReason.COMPLETED))
        await call.until(lambda: call.phase == "speaking")
        await asyncio.sleep(0.5)
        await call.says(300)
        brain.takes_turn("espere, mais uma coisa")
        await call.until(lambda: brain.of("interrupted"))
        await asyncio.sleep(5)
        assert call.phase == "thinking"
        assert call.call.live.state.ending is None
        assert call.leg.ended is None


@virtual_time
async def test_a_reply_that_comes_while_the_caller_speaks_waits_for_the_words() -> None:
    brain = ToldBrain()

    def vendor_first(call: LiveCall) -> None:
        call.brains.first.append(lambda view: brain)

    async with live_call(before=vendor_first) as call:
        await call.greeted()
        call.leg.say(1500)
        await asyncio.sleep(0.4)
        heard_before = len(call.ear.audio.strip(SILENCE))
        brain.says("r1", "Sim?", 1000)
        await asyncio.sleep(0.3)
        assert len(call.ear.audio.strip(SILENCE)) - heard_before < 0.1 * 16000
