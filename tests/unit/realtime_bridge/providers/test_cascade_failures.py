"""Providers that fail inside a turn: another one, an apology with the fallback, or the session is told."""

from __future__ import annotations

import asyncio

import pytest

from realtime_bridge.providers.cascade_parts import CascadeOptions, Guess
from realtime_bridge.providers.seam import BrainFailed, ReplyBegan, ReplySaid, Waiting
from tests.fakes.cascade_call import CascadeCall, Ears, KeptUtterances, Mouth, down
from tests.fakes.chat_model import ScriptedChatModel, breaks, calls, says
from tests.fakes.virtual_time import virtual_time
from voice_ai_service.dialogue.actions import HangUp, Transfer
from voice_ai_service.dialogue.call_state import Stage
from voice_ai_service.dialogue.turn import ToolResult, ToolRun, TurnContext
from voice_ai_service.errors import ProviderUnavailable, Unavailable
from voice_ai_service.providers.llm.seam import ToolCall, ToolSpec

ADDRESS = "Ficamos na Rua das Flores, número dez."
NO_GUESSES = CascadeOptions(guesses=0)


@virtual_time
async def test_another_recogniser_hears_in_the_same_turn() -> None:
    async with CascadeCall(ears=Ears([down("ears")]), more_ears=[Ears()]) as call:
        await call.say()
        done = await call.reply()
        assert done.providers["stt"] == "ears1"
        assert call.said(done.reply_id) == ADDRESS


@virtual_time
async def test_without_any_recogniser_the_caller_hears_an_apology_and_goes_to_the_fallback() -> None:
    async with CascadeCall(ears=Ears([down("ears")])) as call:
        await call.say()
        ended_at = call.clock.monotonic()
        done = await call.reply()
        assert isinstance(done.action, Transfer)
        assert done.action.destination.name == "recepção"
        assert call.said(done.reply_id).startswith("Desculpe, estamos com um problema técnico")
        assert call.first_audio_at(done.reply_id) - ended_at < 3
        assert call.observed.guesses == [Guess.FAILED]


@virtual_time
async def test_a_recogniser_that_says_nothing_is_not_waited_for() -> None:
    async with CascadeCall(ears=Ears(delay_s=60), options=NO_GUESSES) as call:
        await call.say()
        ended_at = call.clock.monotonic()
        done = await call.reply()
        assert isinstance(done.action, Transfer)
        assert call.first_audio_at(done.reply_id) - ended_at < 3


@virtual_time
async def test_a_voice_that_breaks_off_is_followed_by_another_with_the_missing_words() -> None:
    mouth, other = Mouth(fails=[down("mouth")], break_after=6), Mouth()
    async with CascadeCall(mouth=mouth, more_mouths=[other]) as call:
        await call.say()
        done = await call.reply()
        assert ADDRESS.endswith(other.said[0])
        assert len(other.said[0]) < len(ADDRESS)
        assert call.said(done.reply_id) == ADDRESS
        assert done.providers["tts"] == "mouth1"


@virtual_time
async def test_without_any_voice_the_session_is_told_at_once() -> None:
    async with CascadeCall(mouth=Mouth(fails=[down("mouth")] * 9)) as call:
        await call.say()
        await asyncio.sleep(1)
        assert call.of(BrainFailed) == [BrainFailed("provider_unavailable", "mouth")]
        assert call.of(ReplyBegan) == []


@virtual_time
async def test_a_reply_that_breaks_off_has_an_end_before_the_session_is_told() -> None:
    async with CascadeCall(mouth=Mouth(fails=[down("mouth")], break_after=3), options=NO_GUESSES) as call:
        await call.say()
        await call.reply()
        await asyncio.sleep(0.1)
        assert [type(event).__name__ for _, event in call.events][-2:] == ["ReplyFinished", "BrainFailed"]


@virtual_time
async def test_a_model_that_fails_is_replaced_by_the_embedded_responder() -> None:
    model = ScriptedChatModel([breaks()])
    async with CascadeCall(model=model) as call:
        await call.say()
        done = await call.reply()
        assert call.said(done.reply_id) == ADDRESS
        assert done.providers["llm"] == "embedded"


@virtual_time
async def test_a_fault_of_ours_ends_in_the_fallback_not_in_silence() -> None:
    model = ScriptedChatModel()  # asked beyond its script, it raises what no adapter may
    model.script = [[None]]  # type: ignore[list-item]
    async with CascadeCall(model=model, options=NO_GUESSES) as call:
        await call.say()
        await asyncio.sleep(8)
        assert call.of(BrainFailed) or call.replies


@virtual_time
async def test_rows_that_cannot_be_read_keep_those_from_before() -> None:
    async with CascadeCall() as call:
        call.rows.failure = Unavailable("no database")
        await call.say()
        await call.reply()
        assert call.rows.asked == 2


async def test_who_cannot_be_heard_at_all_is_another_brains() -> None:
    call = CascadeCall()
    call.rows.failure = Unavailable("no database")
    with pytest.raises(ProviderUnavailable):
        await call.brain.open()
    await call.brain.close()


@virtual_time
async def test_the_session_is_told_when_an_answer_is_not_there_and_told_again() -> None:
    options = CascadeOptions(guesses=0, waiting_again_ms=1000)
    async with CascadeCall(ears=Ears(delay_s=2.4), mouth=Mouth(2.0), options=options) as call:
        await call.say()
        await call.reply()
        assert [event.reason for event in call.of(Waiting)] == ["stt", "stt", "stt", "tts", "tts"]


@virtual_time
async def test_an_answer_that_is_there_lets_nobody_wait() -> None:
    async with CascadeCall() as call:
        await call.say()
        await call.reply()
        assert call.of(Waiting) == []


class SlowBox:
    """A tool that takes two seconds."""

    def __init__(self) -> None:
        self.ran: list[ToolCall] = []
        self.running = 0

    def offered(self, turn: TurnContext) -> tuple[ToolSpec, ...]:
        return (ToolSpec("create_ticket", "Opens a ticket.", {"type": "object", "properties": {}}),)

    async def run(self, turn: TurnContext, call: ToolCall) -> ToolResult:
        self.ran.append(call)
        await asyncio.sleep(2)
        return ToolResult("Ticket 42 was opened.")

    def unheard(self) -> tuple[ToolRun, ...]:
        return ()


@virtual_time
async def test_a_tool_waits_until_the_caller_has_finished() -> None:
    model = ScriptedChatModel([calls("create_ticket"), says("Abri o chamado quarenta e dois.")])
    box = SlowBox()
    async with CascadeCall(model=model, tools=box, ears=Ears(["abra um chamado"])) as call:
        call.brain.began(b"")
        await call.speak(600)
        call.brain.paused(100)
        await call.speak(3000)
        assert len(model.requests) == 1
        assert box.ran == []
        call.end()
        done = await call.reply()
        assert len(box.ran) == 1
        assert call.said(done.reply_id) == "Abri o chamado quarenta e dois."
        assert "tool" in [event.reason for event in call.of(Waiting)]


@virtual_time
async def test_a_guess_that_is_thrown_away_has_run_no_tool() -> None:
    model = ScriptedChatModel([calls("create_ticket"), says("Certo, não abro.")])
    box = SlowBox()
    ears = Ears(["abra um chamado", "abra um chamado não espere"])
    async with CascadeCall(model=model, tools=box, ears=ears) as call:
        call.brain.began(b"")
        await call.speak(600)
        call.brain.paused(100)
        await call.speak(300)
        call.brain.resumed()
        await call.speak(400)
        await call.pause()
        done = await call.reply()
        assert box.ran == []
        assert call.said(done.reply_id) == "Certo, não abro."


@virtual_time
async def test_a_tool_that_ran_is_not_run_again_because_of_more_words() -> None:
    model = ScriptedChatModel([calls("create_ticket"), says("Abri."), says("De nada.")])
    box = SlowBox()
    ears = Ears(["abra um chamado", "obrigado"])
    async with CascadeCall(model=model, tools=box, ears=ears, options=NO_GUESSES) as call:
        await call.say()
        await asyncio.sleep(0.2)
        assert len(box.ran) == 1
        await call.say(400)
        await call.reply(2)
        assert len(box.ran) == 1
        assert [event.text for event in call.of(ReplySaid)] == ["Abri.", "De nada."]


@virtual_time
async def test_a_message_is_kept_as_sound_and_never_guessed_at() -> None:
    folder = KeptUtterances()
    call = CascadeCall(folder=folder, ears=Ears([down("ears")]), stage=Stage.TAKING_MESSAGE)
    async with call:
        await call.say()
        done = await call.reply()
        assert isinstance(done.action, HangUp)
        assert done.state is not None
        assert done.state.message_audio_ref == "utterance-0001.wav"
        assert len(folder.kept) == 1
        assert call.observed.guesses == []


@virtual_time
async def test_repeated_phrases_are_made_once() -> None:
    async with CascadeCall() as call:
        await call.say()
        first = await call.reply()
        call.hears_all(first.reply_id)
        await call.say()
        second = await call.reply(2)
        assert call.mouth.said == [ADDRESS]
        assert call.audio_ms(first.reply_id) == call.audio_ms(second.reply_id)


@virtual_time
async def test_told_to_say_something_the_model_says_it_and_nothing_else_changes() -> None:
    model = ScriptedChatModel([says("Voltamos a falar, ninguém atendeu.")])
    async with CascadeCall(model=model) as call:
        assert call.brain.capabilities.speaks
        call.brain.prompt("Say that nobody answered.")
        done = await call.reply()
        assert call.said(done.reply_id) == "Voltamos a falar, ninguém atendeu."
        assert "Say that nobody answered." in model.requests[0].messages[-1].text
        assert done.state is not None
        assert done.state.no_input == 0
    async with CascadeCall() as without:
        assert not without.brain.capabilities.speaks
        without.brain.prompt("Say that nobody answered.")
        await asyncio.sleep(1)
        assert without.events == []


@virtual_time
async def test_connections_are_opened_while_the_caller_speaks_and_a_refusal_costs_nothing() -> None:
    warmed: list[str] = []

    class WarmEars(Ears):
        async def warm(self) -> None:
            warmed.append("ears")
            raise down("ears")

    class WarmMouth(Mouth):
        async def warm(self) -> None:
            warmed.append("mouth")

    async with CascadeCall(ears=WarmEars(), mouth=WarmMouth()) as call:
        call.brain.began(b"")
        await call.speak(40)
        assert warmed == ["ears", "mouth"]
        await call.speak(600)
        await call.pause()
        done = await call.reply()
        assert call.said(done.reply_id) == ADDRESS
