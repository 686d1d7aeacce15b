from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime_bridge.providers.openai_realtime_messages import session_update, wire_audio
from realtime_bridge.providers.seam import (
    CallerBegan,
    CallerEnded,
    ReplyBegan,
    ReplyFinished,
    ReplySaid,
    ToolAsked,
)
from realtime_bridge.providers.vendor import (
    Abandoned,
    Answer,
    Began,
    Briefing,
    Ended,
    Hold,
    Interrupted,
    Note,
    Renew,
    Request,
    Steps,
    ToolDone,
)
from tests.unit.realtime_bridge.providers.vendor_sequences import (
    BRIEFING,
    MS20,
    b64,
    failed,
    got,
    heard,
    kinds,
    odd,
    openai,
    sent,
    told,
)
from voice_ai_service.audio.formats import Encoding
from voice_ai_service.providers.realtime.openai import OpenAiRealtimeSettings


def created(response: str = "r1") -> dict[str, Any]:
    return {"type": "response.created", "response": {"id": response, "status": "in_progress"}}


def audio(response: str = "r1", item: str = "i1", ms: int = 20) -> dict[str, Any]:
    delta = b64(bytes(8 * ms))
    return {"type": "response.output_audio.delta", "response_id": response, "item_id": item, "delta": delta}


def text(delta: str, response: str = "r1") -> dict[str, Any]:
    return {"type": "response.output_audio_transcript.delta", "response_id": response, "delta": delta}


def done(response: str = "r1", status: str = "completed", **more: Any) -> dict[str, Any]:
    return {"type": "response.done", "response": {"id": response, "status": status, "output": [], **more}}


def call(call_id: str = "c1", response: str = "r1", arguments: str = "{}") -> dict[str, Any]:
    return {
        "type": "response.function_call_arguments.done",
        "response_id": response,
        "item_id": f"f{call_id}",
        "call_id": call_id,
        "name": "transfer_call",
        "arguments": arguments,
    }


def utter(protocol: Any, ms: int = 200) -> Steps:
    steps = protocol.obey(Began(bytes(8 * ms)))
    return [*steps, *protocol.obey(Ended())]


def test_an_utterance_is_committed_and_answered() -> None:
    protocol = openai()
    assert kinds(utter(protocol)) == [
        "input_audio_buffer.append",
        "input_audio_buffer.commit",
        "response.create",
    ]
    steps = got(protocol, created(), text("Bom "), audio(), text("dia"), audio(), done())
    assert told(steps) == [
        ReplyBegan("reply-1"),
        ReplySaid("reply-1", "Bom ", "pt-BR"),
        ReplySaid("reply-1", "dia", "pt-BR"),
        ReplyFinished("reply-1"),
    ]
    assert heard(steps) == ["reply-1", "reply-1"]
    assert not protocol.waiting


def test_between_utterances_nothing_is_sent() -> None:
    protocol = openai()
    assert protocol.audio(MS20) == ()
    protocol.obey(Began(MS20))
    assert len(protocol.audio(MS20)) == 1
    protocol.obey(Ended())
    assert protocol.audio(MS20) == ()


def test_too_little_for_the_vendor_is_no_turn() -> None:
    protocol = openai()
    steps = utter(protocol, ms=60)
    assert kinds(steps) == ["input_audio_buffer.append", "input_audio_buffer.clear"]
    assert [event.transcript.text for event in told(steps)] == [""]
    assert not protocol.waiting


def test_a_cough_is_cleared() -> None:
    protocol = openai()
    protocol.obey(Began(MS20))
    assert kinds(protocol.obey(Abandoned())) == ["input_audio_buffer.clear"]


def test_never_two_responses_at_once() -> None:
    protocol = openai()
    utter(protocol)
    assert kinds(protocol.obey(Request("x"))) == ["conversation.item.create"]
    got(protocol, created(), audio())
    assert kinds(protocol.obey(Answer())) == []
    assert kinds(got(protocol, done())) == ["response.create"]
    assert kinds(got(protocol, created("r2"), done("r2"))) == []


def test_an_answer_that_the_vendor_refuses_because_one_is_active_waits_for_its_end() -> None:
    protocol = openai()
    utter(protocol)
    error = {"type": "error", "error": {"type": "invalid_request_error", "event_id": "ask_1",
             "code": "conversation_already_has_active_response", "message": "x"}}  # fmt: skip
    assert odd(got(protocol, error)) == ["response_was_active"]
    assert protocol.waiting
    assert kinds(got(protocol, done("r9"))) == ["response.create"]


def test_an_interruption_cancels_and_truncates_to_what_was_heard() -> None:
    protocol = openai()
    utter(protocol)
    got(protocol, created(), audio(ms=500))
    steps = protocol.obey(Interrupted("reply-1", 120, "Bom"))
    assert sent(steps) == [
        {"type": "response.cancel", "response_id": "r1"},
        {"type": "conversation.item.truncate", "item_id": "i1", "content_index": 0, "audio_end_ms": 120},
    ]
    late = got(protocol, audio(), text("dia"))
    assert (heard(late), told(late)) == ([], [])
    assert odd(late) == ["cut_audio", "cut_text"]
    assert told(got(protocol, done(status="cancelled"))) == [ReplyFinished("reply-1")]


def test_an_interruption_never_names_more_than_there_is() -> None:
    protocol = openai()
    utter(protocol)
    got(protocol, created(), audio(ms=100))
    assert sent(protocol.obey(Interrupted("reply-1", 900, "")))[1]["audio_end_ms"] == 100


def test_what_was_heard_whole_stays_and_what_was_not_heard_at_all_goes() -> None:
    protocol = openai()
    utter(protocol)
    got(protocol, created(), audio(ms=300), audio(item="i2", ms=300), audio(item="i3", ms=300), done())
    assert [
        (one["type"], one["item_id"]) for one in sent(protocol.obey(Interrupted("reply-1", 400, "")))
    ] == [
        ("conversation.item.truncate", "i2"),
        ("conversation.item.delete", "i3"),
    ]
    assert odd(protocol.obey(Interrupted("reply-9", 0, ""))) == ["unknown_reply"]


def test_a_reply_that_was_heard_to_its_end_is_not_touched() -> None:
    protocol = openai()
    utter(protocol)
    got(protocol, created(), audio(ms=300), done())
    assert sent(protocol.obey(Interrupted("reply-1", 300, "Bom dia"))) == []


def test_an_answer_after_an_interruption_waits_for_the_cancelled_one_to_end() -> None:
    protocol = openai()
    utter(protocol)
    got(protocol, created(), audio())
    protocol.obey(Interrupted("reply-1", 10, ""))
    assert kinds(utter(protocol)) == ["input_audio_buffer.append", "input_audio_buffer.commit"]
    assert kinds(got(protocol, done(status="cancelled"))) == ["response.create"]


def test_a_tool_call_that_comes_three_times_is_asked_once() -> None:
    protocol = openai()
    utter(protocol)
    item = {"type": "function_call", "call_id": "c1", "name": "transfer_call", "arguments": "{}"}
    steps = got(
        protocol,
        created(),
        call(),
        {"type": "response.output_item.done", "response_id": "r1", "item": item},
        done(output=[item]),
    )
    assert told(steps) == [ToolAsked("c1", "transfer_call", {})]
    steps = protocol.obey(ToolDone("c1", "transfer_call", "Busy.", True))
    assert kinds(steps) == ["conversation.item.create", "response.create"]
    assert odd(protocol.obey(ToolDone("c1", "transfer_call", "Busy.", True))) == ["tool_answered_twice"]


def test_several_tools_are_answered_in_full_before_words_are_wanted() -> None:
    protocol = openai()
    utter(protocol)
    got(protocol, created(), call("c1"))
    protocol.obey(ToolDone("c1", "x", "one", True))
    assert kinds(got(protocol, call("c2"), done())) == []
    assert kinds(protocol.obey(ToolDone("c2", "x", "two", False)))[-1] == "response.create"


def test_a_tool_that_acts_wants_no_words() -> None:
    protocol = openai()
    utter(protocol)
    got(protocol, created(), call(), done())
    assert kinds(protocol.obey(ToolDone("c1", "x", "Done.", False))) == ["conversation.item.create"]
    assert not protocol.waiting


@pytest.mark.parametrize("arguments", ["{", "[1]", "null", '"x"'])
def test_arguments_that_are_no_object_are_answered_and_not_asked(arguments: str) -> None:
    protocol = openai()
    utter(protocol)
    steps = got(protocol, created(), call(arguments=arguments))
    assert told(steps) == []
    assert sent(steps)[0]["item"]["type"] == "function_call_output"
    assert kinds(got(protocol, done())) == ["response.create"]


def test_a_tool_of_an_interrupted_reply_is_not_run() -> None:
    protocol = openai()
    utter(protocol)
    got(protocol, created(), audio())
    protocol.obey(Interrupted("reply-1", 10, ""))
    assert odd(got(protocol, call())) == ["tool_of_cut_reply"]


def test_a_result_for_another_connection_becomes_a_note() -> None:
    protocol = openai()
    steps = protocol.obey(ToolDone("old", "transfer_call", "Busy.", True))
    assert sent(steps)[0]["item"]["role"] == "system"
    assert "transfer_call" in sent(steps)[0]["item"]["content"][0]["text"]
    assert kinds(steps)[1] == "response.create"


def test_an_answer_without_a_sound_is_an_empty_reply() -> None:
    protocol = openai()
    utter(protocol)
    assert told(got(protocol, created(), done())) == [ReplyBegan("reply-1"), ReplyFinished("reply-1")]


def test_ends_that_come_twice_or_without_a_beginning_count_once() -> None:
    protocol = openai()
    utter(protocol)
    steps = got(protocol, audio(), done(), done(), created())
    assert [type(event) for event in told(steps)] == [ReplyBegan, ReplyFinished]
    assert odd(steps) == ["double_end"]
    assert not protocol.waiting


def test_transcripts_grow_and_are_final_once() -> None:
    protocol = openai()
    base = {"item_id": "u1", "content_index": 0}
    kind = "conversation.item.input_audio_transcription"
    steps = got(
        protocol,
        {**base, "type": f"{kind}.delta", "delta": "quero "},
        {**base, "type": f"{kind}.delta", "delta": "pagar"},
        {**base, "type": f"{kind}.completed", "transcript": "Quero pagar."},
        {**base, "type": f"{kind}.completed", "transcript": "Quero pagar."},
        {**base, "type": f"{kind}.delta", "delta": "!"},
    )
    said = [(event.transcript.text, event.final) for event in told(steps)]
    assert said == [("quero ", False), ("quero pagar", False), ("Quero pagar.", True)]
    assert odd(steps) == ["double_transcript"]


def test_where_the_vendor_owns_the_turns_we_still_decide_who_is_answered() -> None:
    protocol = openai(turn_detection="server_vad")
    assert len(protocol.audio(MS20)) == 1
    steps = got(
        protocol,
        {"type": "input_audio_buffer.speech_started", "item_id": "u1", "audio_start_ms": 0},
        {"type": "input_audio_buffer.speech_stopped", "item_id": "u1", "audio_end_ms": 9},
        {"type": "input_audio_buffer.committed", "item_id": "u1"},
    )
    assert [type(event) for event in told(steps)] == [CallerBegan, CallerEnded]
    assert kinds(steps) == ["response.create"]


def test_on_hold_nothing_is_sent_and_what_comes_is_cancelled() -> None:
    protocol = openai()
    utter(protocol)
    got(protocol, created(), audio())
    assert kinds(protocol.obey(Hold(True))) == ["response.cancel"]
    assert odd(got(protocol, audio())) == ["audio_on_hold"]
    assert protocol.obey(Answer()) == []
    assert told(got(protocol, done(status="cancelled"))) == [ReplyFinished("reply-1")]
    protocol.obey(Hold(False))
    assert kinds(protocol.obey(Answer())) == ["response.create"]


def test_notes_are_items_and_ask_for_nothing() -> None:
    protocol = openai()
    steps = [*protocol.obey(Note("Bom dia", said=True)), *protocol.obey(Note("It rained."))]
    assert [message["item"]["role"] for message in sent(steps)] == ["assistant", "system"]


def test_the_hour_is_over() -> None:
    steps = got(
        openai(), {"type": "error", "error": {"type": "invalid_request_error", "code": "session_expired"}}
    )
    assert steps == [Renew(0.0)]


@pytest.mark.parametrize(
    "message", ["", "x", "[]", "null", b"\xff", '{"type":5}', '{"type":"response.done"}']
)
def test_nonsense_never_raises(message: str | bytes) -> None:
    openai().receive(message)


def test_audio_that_is_no_base64_ends_the_connection() -> None:
    event = {**audio(), "delta": "%%%"}
    assert failed(got(openai(), event)) == ["provider_protocol"]


def test_a_narrow_leg_speaks_g711_and_a_wide_one_does_not() -> None:
    wanted = OpenAiRealtimeSettings()
    assert wire_audio(wanted, 8000).encoding is Encoding.PCMU
    assert wire_audio(wanted, 16000).sample_rate_hz == 24000
    assert wire_audio(OpenAiRealtimeSettings(audio="pcm"), 8000).sample_rate_hz == 24000


def test_the_language_of_the_transcription_is_always_named() -> None:
    told_to = Briefing("x", languages=("pt-BR", "en"), phrases=("segunda via",))
    narrow = wire_audio(OpenAiRealtimeSettings(), 8000)
    listed = json.loads(session_update(OpenAiRealtimeSettings(), told_to, narrow))
    asked = listed["session"]["audio"]["input"]["transcription"]
    assert asked == {"model": "gpt-transcribe", "languages": ["pt", "en"], "keywords": ["segunda via"]}
    single = OpenAiRealtimeSettings(transcription_model="whisper-1", transcription_hints="language")
    asked = json.loads(session_update(single, told_to, narrow))["session"]["audio"]["input"]["transcription"]
    assert asked == {"model": "whisper-1", "language": "pt"}


RESPONSES = st.sampled_from(["r1", "r2", "r3"])
EVENTS = st.one_of(
    RESPONSES.map(created),
    RESPONSES.map(audio),
    RESPONSES.map(lambda response: text("a", response)),
    st.tuples(RESPONSES, st.sampled_from(["completed", "cancelled", "incomplete"])).map(
        lambda one: done(*one)
    ),
    st.tuples(st.sampled_from(["c1", "c2"]), RESPONSES).map(lambda one: call(*one)),
    st.sampled_from(
        [
            {"type": "error", "error": {"code": "conversation_already_has_active_response"}},
            {"type": "error", "error": {"code": "response_cancel_not_active"}},
            {"type": "input_audio_buffer.committed", "item_id": "u"},
            {"type": "never.heard.of.it"},
            {"type": "session.updated"},
        ]
    ),
)
COMMANDS = st.one_of(
    st.sampled_from(
        [Began(bytes(1600)), Ended(), Abandoned(), Answer(), Hold(True), Hold(False), Request("x"), Note("y")]
    ),
    st.tuples(st.integers(1, 4), st.integers(0, 500)).map(
        lambda one: Interrupted(f"reply-{one[0]}", one[1], "")
    ),
    st.sampled_from(["c1", "c2", "c3"]).map(lambda one: ToolDone(one, "t", "r", True)),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(EVENTS, COMMANDS), max_size=40))
def test_in_any_order_replies_begin_and_end_once_and_one_response_is_asked_for_at_a_time(
    steps: list[Any],
) -> None:
    protocol = openai()
    begun: list[str] = []
    ended: list[str] = []
    cut: set[str] = set()
    asked = False
    for one in steps:
        if isinstance(one, dict):
            if one["type"] in ("response.created", "error", "response.done"):
                asked = False
            out = got(protocol, one)
        else:
            out = protocol.obey(one)
            if isinstance(one, Interrupted) and one.reply_id in begun:
                cut.add(one.reply_id)
        for message in sent(out):
            if message["type"] == "response.create":
                assert not asked
                asked = True
        assert not cut.intersection(heard(out))
        for event in told(out):
            match event:
                case ReplyBegan(reply_id):
                    assert reply_id not in begun
                    begun.append(reply_id)
                case ReplyFinished(reply_id):
                    assert reply_id in begun
                    ended.append(reply_id)
                case ReplySaid(reply_id):
                    assert reply_id not in ended
        assert not set(heard(out)) & set(ended)
    ended += [event.reply_id for event in told(protocol.lost())]
    assert sorted(begun) == sorted(ended)


def test_the_briefing_is_sent_whole() -> None:
    opening = json.loads(
        session_update(OpenAiRealtimeSettings(), BRIEFING, wire_audio(OpenAiRealtimeSettings(), 8000))
    )
    session = opening["session"]
    assert session["instructions"] == "You are Clara."
    assert session["tools"][0]["name"] == "transfer_call"
    assert session["audio"]["input"]["turn_detection"] is None
    assert session["output_modalities"] == ["audio"]
