from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.calls import STARTED, call_state, exchange, greeting
from voice_ai_service.conversations.conversation import Conversation, Usage, build, summarise
from voice_ai_service.conversations.outcome import EndedBy, Ending
from voice_ai_service.dialogue.call_state import CallState, Speaker, StageLatencies

ENDING = Ending(by=EndedBy.CALLER_HANGUP, ended_at=STARTED + timedelta(seconds=31))


def built(state: CallState, *, keep_audio: bool = False) -> Conversation:
    return build(state, ENDING, secretary_name="Clara", keep_audio=keep_audio)


def test_both_sides_in_the_order_in_which_they_spoke() -> None:
    messages = built(call_state()).messages
    assert [message.speaker for message in messages] == [
        Speaker.SECRETARY,
        Speaker.CALLER,
        Speaker.SECRETARY,
        Speaker.CALLER,
        Speaker.SECRETARY,
    ]
    assert [message.spoken_at for message in messages] == sorted(message.spoken_at for message in messages)


def test_a_turn_cut_off_before_its_reply_keeps_what_was_said_and_measured() -> None:
    state = call_state(None, greeting(), exchange(1, "quero falar com", "", action="none"))
    last = built(state).messages[-1]
    assert (last.speaker, last.text, last.prompt_tokens) == (Speaker.CALLER, "quero falar com", 200)
    assert last.latency_ms["stt"] == 40.0


def test_digits_alone_are_a_message_of_the_caller() -> None:
    state = call_state(None, greeting(), exchange(1, "", "Um momento.", digits="2"))
    assert [(m.speaker, m.text, m.digits) for m in built(state).messages[1:2]] == [(Speaker.CALLER, "", "2")]


def test_silence_is_no_message() -> None:
    silent = exchange(1, "", "Alô?", caller_audio_ref=None)
    assert [m.speaker for m in built(call_state(None, greeting(), silent)).messages] == [
        Speaker.SECRETARY
    ] * 2


def test_an_interrupted_reply_keeps_both_what_was_said_and_what_was_heard() -> None:
    state = call_state(None, greeting(played_ms=750, barged_in=True))
    message = built(state).messages[0]
    assert (message.text, message.heard_text) == ("Bom dia, clínica Sol.", "Bom dia,")
    assert message.transcript_text == "Bom dia,"
    assert message.barged_in


def test_a_reply_of_which_nobody_knows_is_told_whole() -> None:
    message = built(call_state(None, greeting(played_ms=None))).messages[0]
    assert message.heard_text is None
    assert message.transcript_text == "Bom dia, clínica Sol."


def test_audio_is_referred_to_only_where_it_is_kept() -> None:
    state = call_state(message_audio_ref="utterance-0002.wav")
    assert built(state).audio_refs == ("utterance-0002.wav",)
    assert built(state, keep_audio=True).audio_refs == ("utterance-0001.wav", "utterance-0002.wav")


def test_a_failed_transfer_leaves_no_destination() -> None:
    assert built(call_state(transferred_to="2001")).transferred_to is None
    ending = Ending(by=EndedBy.TRANSFERRED, ended_at=STARTED)
    state = call_state(transferred_to="2001")
    assert build(state, ending, secretary_name="Clara").transferred_to == "2001"


def test_the_pbx_s_duration_counts_else_the_clock_s() -> None:
    assert built(call_state()).duration_ms == 30_000
    ending = Ending(by=EndedBy.CALLER_HANGUP, ended_at=STARTED, duration_ms=4321)
    assert build(call_state(), ending, secretary_name="").duration_ms == 4321
    early = Ending(by=EndedBy.CALLER_HANGUP, ended_at=STARTED - timedelta(seconds=9))
    assert build(call_state(), early, secretary_name="").duration_ms == 0


def test_usage_is_summed_per_provider_and_priced() -> None:
    def price(usage: Usage) -> Decimal | None:
        return usage.units / 100 if usage.kind == "llm" else None

    conversation = build(call_state(), ENDING, secretary_name="Clara", price=price)
    used = {(usage.kind, usage.provider): (usage.requests, usage.units) for usage in conversation.usage}
    assert used == {
        ("stt", "embedded"): (2, Decimal("3.6")),
        ("llm", "openai"): (2, Decimal(440)),
        ("tts", "embedded"): (3, Decimal(len("Bom dia, clínica Sol.Abrimos das oito às dezoito.Até logo."))),
    }
    assert conversation.cost_cents == Decimal("4.4")
    assert built(call_state()).cost_cents is None


def test_nul_and_lone_surrogates_do_not_survive() -> None:
    state = call_state(None, greeting("a\x00b"), exchange(1, "c\ud800", "d", digits="1\x00"))
    conversation = build(state, ENDING, secretary_name="e\x00")
    assert conversation.secretary_name == "e"
    assert [message.text for message in conversation.messages] == ["ab", "c?", "d"]


def test_a_call_without_turns_is_a_conversation_too() -> None:
    state = call_state().model_copy(update={"turns": []})
    conversation = built(state)
    assert (conversation.messages, conversation.usage, conversation.latency) == ((), (), {})


def test_the_greeting_is_no_turn_in_the_summary() -> None:
    assert summarise([greeting()]) == {}


@given(st.lists(st.floats(0.1, 60_000), min_size=1, max_size=60))
def test_the_percentile_is_a_measured_value_between_mean_and_worst(totals: list[float]) -> None:
    turns = [
        exchange(number, "a", "b", latency_ms=StageLatencies(total=total))
        for number, total in enumerate(totals, start=1)
    ]
    summary = summarise(turns)["total"]
    assert summary.p95 in [round(total, 1) for total in totals]
    assert sum(total > summary.p95 + 0.1 for total in totals) <= len(totals) * 0.05
    assert min(totals) - 0.1 <= summary.mean <= max(totals) + 0.1


@pytest.mark.parametrize("stage", ["stt", "retrieval", "llm", "tts", "total"])
def test_every_stage_that_ran_is_summarised(stage: str) -> None:
    assert stage in built(call_state()).latency
