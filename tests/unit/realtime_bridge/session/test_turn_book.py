from __future__ import annotations

from dataclasses import replace

import pytest

from realtime_bridge.providers.seam import ReplyFinished, ReplySaid, TurnTimings
from realtime_bridge.session.turn_book import Asked, TurnBook
from tests.fakes.secretaries import DESTINATIONS, MONDAY_NOON, call
from voice_ai_service.dialogue.actions import HangUp, HangupReason, Transfer
from voice_ai_service.dialogue.call_state import Stage
from voice_ai_service.dialogue.history import messages_before
from voice_ai_service.dialogue.turn import StateChange
from voice_ai_service.providers.stt.seam import Transcript


def book() -> TurnBook:
    return TurnBook(call(), lambda: MONDAY_NOON)


def utterance(at: float = 10.0) -> Asked:
    return Asked(at, at + 0.5, 1000)


def said(text: str, reply_id: str = "r1", at_ms: int | None = 0) -> ReplySaid:
    return ReplySaid(reply_id, text, "pt-BR", at_ms)


def whole(turns: TurnBook, reply_id: str, text: str, audio_ms: int = 2000) -> None:
    turns.began(reply_id)
    turns.said(said(text, reply_id))
    turns.finished(ReplyFinished(reply_id))
    turns.played(reply_id, audio_ms, audio_ms, interrupted=False)


def test_the_turn_is_the_next_until_it_is_answered() -> None:
    turns = book()
    assert turns.turn == 1
    turns.asked(utterance())
    assert (turns.turn, turns.waiting) == (1, True)
    whole(turns, "r1", "Sim.")
    assert (turns.turn, turns.waiting) == (2, False)


def test_what_is_said_before_the_answer_is_one_turn() -> None:
    turns = book()
    turns.asked(utterance())
    turns.heard(Transcript("eu queria", "pt-BR"))
    turns.asked(utterance(12))
    turns.heard(Transcript("o endereço", "pt-BR"))
    assert [(turn.turn, turn.heard, turn.caller_audio_ms) for turn in turns.state.turns] == [
        (1, "eu queria o endereço", 2000)
    ]


def test_words_that_come_after_the_reply_began_belong_to_their_utterance() -> None:
    turns = book()
    turns.asked(utterance())
    turns.began("r1")
    turns.heard(Transcript("qual o endereço", "pt-BR"))
    assert turns.state.turns[0].heard == "qual o endereço"
    assert turns.heard(Transcript("mais", "pt-BR")) is None, "nobody had spoken again"


def test_a_sound_without_words_was_no_turn() -> None:
    turns = book()
    turns.asked(utterance())
    assert turns.nothing_asked()
    assert turns.state.turns == []
    assert not turns.nothing_asked()


def test_keys_are_a_turn_though_no_words_follow() -> None:
    turns = book()
    turns.asked(Asked(1, 1, digits="5"))
    assert not turns.nothing_asked()
    assert turns.state.turns[0].digits == "5"


def test_an_interrupted_reply_keeps_what_was_heard_for_the_next_turn() -> None:
    turns = book()
    turns.asked(utterance())
    turns.heard(Transcript("oi", "pt-BR"))
    turns.began("r1")
    turns.said(said("Abrimos às oito. "))
    turns.said(said("Fechamos às dezoito.", at_ms=2000))
    turns.played("r1", 2100, 4000, interrupted=True)
    record = turns.state.turns[0]
    assert (record.said_heard, record.played_ms, record.barged_in) == ("Abrimos às oito.", 2100, True)
    assert [message.text for message in messages_before(turns.state.turns, turns.turn, 10)] == [
        "oi",
        "Abrimos às oito. …",
    ]


def test_a_second_reply_in_a_turn_does_not_take_the_callers_words_away() -> None:
    turns = book()
    turns.asked(utterance())
    turns.heard(Transcript("tem pão", "pt-BR"))
    whole(turns, "r1", "Vou ver.")
    whole(turns, "r2", "Temos três.")
    assert [turn.turn for turn in turns.state.turns] == [1, 1]
    assert [message.text for message in messages_before(turns.state.turns, turns.turn, 10)] == [
        "tem pão",
        "Vou ver.\nTemos três.",
    ]


def test_an_aside_leaves_the_question_open() -> None:
    turns = book()
    turns.asked(utterance())
    turns.aside("ours-1")
    assert turns.waiting
    assert turns.turn == 1


def test_only_what_a_turn_changed_is_changed() -> None:
    turns = book()
    turns.asked(utterance())
    turns.began("r1")
    before = StateChange.of(turns.state)
    turns.change(replace(before, message_text="Liguem para mim."))
    turns.finished(ReplyFinished("r1", state=replace(before, stage=Stage.OFFERING_MESSAGE)))
    assert turns.state.message_text == "Liguem para mim."
    assert turns.state.stage is Stage.OFFERING_MESSAGE


@pytest.mark.parametrize("finished_first", [True, False])
@pytest.mark.parametrize("action", [HangUp(HangupReason.COMPLETED), Transfer(DESTINATIONS[0], "tool")])
def test_what_was_announced_and_interrupted_does_not_happen(
    action: HangUp | Transfer, finished_first: bool
) -> None:
    turns = book()
    turns.asked(utterance())
    reply = turns.began("r1")
    turns.said(said("Até logo."))
    state = replace(StateChange.of(turns.state), ending="completed", transferred_to="recepção")
    done = ReplyFinished("r1", action=action, state=state)
    if finished_first:
        turns.finished(done)
    turns.played("r1", 300, 1000, interrupted=True)
    if not finished_first:
        turns.finished(done)
    assert reply.over
    assert (turns.state.ending, turns.state.transferred_to) == (None, None)
    assert reply.record.action == "continue"


def test_a_reply_that_was_withdrawn_leaves_its_turn_to_another() -> None:
    turns = book()
    turns.asked(utterance())
    turns.began("r1")
    assert turns.withdrawn("r1")
    assert turns.waiting
    turns.began("r2")
    assert [turn.turn for turn in turns.state.turns] == [1]
    assert not turns.withdrawn("r1")


def test_the_time_the_caller_waited_is_split_into_its_stages() -> None:
    turns = book()
    turns.asked(utterance(10.0))
    reply = turns.began("r1")
    reply.first_audio_at = 10.66
    turns.first_heard("r1", 10.7)
    timings = TurnTimings(stt_ms=40, llm_first_token_ms=70, tts_first_byte_ms=50, llm_ms=300)
    turns.finished(ReplyFinished("r1", timings=timings))
    latency = reply.record.latency_ms
    assert latency.endpointing == 500
    assert latency.playout == pytest.approx(40)
    assert latency.total == pytest.approx(700)
    assert latency.way_ms == pytest.approx(700)
    assert latency.llm == 300, "goes on while the caller listens"
