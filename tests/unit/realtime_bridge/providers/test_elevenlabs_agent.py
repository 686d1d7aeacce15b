from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime_bridge.providers.elevenlabs_agent import ElevenLabsProtocol
from realtime_bridge.providers.seam import (
    CallerBegan,
    CallerEnded,
    CallerSaid,
    ReplyBegan,
    ReplyFinished,
    ReplySaid,
    ToolAsked,
)
from realtime_bridge.providers.vendor import (
    Answer,
    Briefing,
    Hold,
    Interrupted,
    KeepAlive,
    Note,
    Opening,
    Renew,
    Request,
    ToolDone,
)
from tests.unit.realtime_bridge.providers.vendor_sequences import (
    BRIEFING,
    b64,
    elevenlabs,
    failed,
    got,
    heard,
    ids,
    kinds,
    odd,
    sent,
    told,
)
from voice_ai_service.providers.llm.seam import ChatMessage, Role
from voice_ai_service.providers.realtime.elevenlabs import ElevenLabsAgentSettings


def audio(event_id: int = 5, **more: Any) -> dict[str, Any]:
    return {"type": "audio", "audio_event": {"audio_base_64": b64(), "event_id": event_id, **more}}


def response(text: str = "Bom dia", event_id: int = 5) -> dict[str, Any]:
    return {"type": "agent_response", "agent_response_event": {"agent_response": text, "event_id": event_id}}


def user(text: str = "oi", *, tentative: bool = False) -> dict[str, Any]:
    kind = "tentative_user_transcript" if tentative else "user_transcript"
    name = "tentative_user_transcription_event" if tentative else "user_transcription_event"
    return {"type": kind, name: {"user_transcript": text, "event_id": 1}}


def interruption(event_id: int) -> dict[str, Any]:
    return {"type": "interruption", "interruption_event": {"event_id": event_id}}


def call(call_id: str = "t1", name: str = "transfer_call", **more: Any) -> dict[str, Any]:
    asked = {"tool_name": name, "tool_call_id": call_id, "parameters": {"a": 1}, "event_id": 9, **more}
    return {"type": "client_tool_call", "client_tool_call": asked}


COMPLETE = {"type": "agent_response_complete", "agent_response_complete_event": {"event_id": 9}}


def test_a_turn() -> None:
    protocol = elevenlabs()
    steps = got(
        protocol, user("que", tentative=True), user("quero pagar"), response(), audio(5), audio(6), COMPLETE
    )
    assert [type(event) for event in told(steps)] == [
        CallerBegan, CallerSaid, CallerEnded, CallerSaid, ReplyBegan, ReplySaid, ReplyFinished,
    ]  # fmt: skip
    assert heard(steps) == ["reply-1", "reply-1"]


def test_text_may_come_after_the_first_audio() -> None:
    steps = got(elevenlabs(), audio(4), response(), audio(5), COMPLETE)
    assert told(steps) == [
        ReplyBegan("reply-1"),
        ReplySaid("reply-1", "Bom dia", "pt-BR"),
        ReplyFinished("reply-1"),
    ]


def test_an_end_that_nobody_announces_is_a_silence() -> None:
    assert elevenlabs().quiet_ms is None
    protocol = elevenlabs()
    got(protocol, response(), audio())
    assert protocol.quiet_ms == 900
    assert told(protocol.quiet()) == [ReplyFinished("reply-1")]
    assert protocol.quiet() == []


def test_the_last_piece_may_say_so() -> None:
    assert told(got(elevenlabs(), response(), audio(is_final=True)))[-1] == ReplyFinished("reply-1")


def test_another_text_is_another_reply() -> None:
    steps = got(elevenlabs(), response("um"), audio(), response("dois"), audio(), COMPLETE)
    assert [type(event) for event in told(steps)] == [
        ReplyBegan, ReplySaid, ReplyFinished, ReplyBegan, ReplySaid, ReplyFinished,
    ]  # fmt: skip


def test_what_the_agent_made_before_an_interruption_counts_no_more() -> None:
    protocol = elevenlabs()
    got(protocol, response(), audio(5), audio(6))
    steps = got(protocol, interruption(7), audio(6), audio(7))
    assert told(steps) == [CallerBegan(), ReplyFinished("reply-1")]
    assert odd(steps) == ["cut_audio", "cut_audio"]
    assert heard(got(protocol, user(), response("Sim", 8), audio(8))) == ["reply-2"]


def test_an_interruption_of_ours_lets_nothing_more_through_until_the_next_turn() -> None:
    protocol = elevenlabs()
    got(protocol, response(), audio(5))
    steps = protocol.obey(Interrupted("reply-1", 20, "Bom"))
    assert told(steps) == [ReplyFinished("reply-1")]
    assert "Bom" in sent(steps)[0]["text"]
    assert sent(steps)[0]["type"] == "contextual_update"
    assert odd(got(protocol, audio(6), audio(7))) == ["cut_audio", "cut_audio"]
    assert heard(got(protocol, user(), audio(8))) == ["reply-2"]


def test_a_tool_is_asked_once_and_answered_once() -> None:
    protocol = elevenlabs()
    steps = got(protocol, call(), call())
    assert told(steps) == [ToolAsked("t1", "transfer_call", {"a": 1})]
    assert odd(steps) == ["double_tool_call"]
    answer = protocol.obey(ToolDone("t1", "transfer_call", "Busy.", True))
    assert sent(answer) == [
        {"type": "client_tool_result", "tool_call_id": "t1", "result": "Busy.", "is_error": False}
    ]
    assert odd(protocol.obey(ToolDone("t1", "transfer_call", "Busy.", True))) == ["tool_answered_twice"]


def test_a_tool_that_was_not_offered() -> None:
    steps = got(elevenlabs(), call(name="format_disk"))
    assert told(steps) == []
    assert sent(steps)[0]["is_error"] is True


def test_a_tool_that_expects_no_answer_gets_none() -> None:
    protocol = elevenlabs()
    assert len(told(got(protocol, call(expects_response=False)))) == 1
    assert sent(protocol.obey(ToolDone("t1", "x", "y", True))) == []


def test_a_result_for_another_connection_is_told() -> None:
    assert kinds(elevenlabs().obey(ToolDone("old", "x", "y", True))) == ["user_message"]
    assert kinds(elevenlabs().obey(ToolDone("old", "x", "y", False))) == ["contextual_update"]


def test_pings_are_answered() -> None:
    ping = {"type": "ping", "ping_event": {"event_id": 77, "ping_ms": 50}}
    assert sent(got(elevenlabs(), ping)) == [{"type": "pong", "event_id": 77}]


def test_a_wish_waits_for_the_end_of_a_reply() -> None:
    protocol = elevenlabs()
    got(protocol, response(), audio())
    assert protocol.obey(Request("Say it.")) == []
    assert sent(got(protocol, COMPLETE)) == [{"type": "user_message", "text": "Say it."}]


def test_on_hold() -> None:
    protocol = elevenlabs()
    got(protocol, response(), audio())
    assert told(protocol.obey(Hold(True))) == [ReplyFinished("reply-1")]
    assert protocol.audio(b"\xff") == ()
    steps = got(protocol, response("Alô?", 9), audio(9))
    assert (told(steps), heard(steps)) == ([], [])
    assert protocol.obey(Request("x")) == []
    assert kinds(protocol.obey(KeepAlive())) == ["user_activity", "user_audio_chunk"]


def test_notes() -> None:
    protocol = elevenlabs()
    steps = [*protocol.obey(Note("Bom dia", said=True)), *protocol.obey(Note("It rained."))]
    assert kinds(steps) == ["contextual_update", "contextual_update"]


def test_a_voice_score_that_is_high_is_the_caller() -> None:
    score = {"type": "vad_score", "vad_score_event": {"vad_score": 0.9}}
    low = {"type": "vad_score", "vad_score_event": {"vad_score": 0.2}}
    assert told(got(elevenlabs(), low, score, score)) == [CallerBegan()]


def opening(overrides: tuple[Any, ...], **briefing: Any) -> dict[str, Any]:
    wanted = ElevenLabsAgentSettings(agent_id="a", overrides=overrides)
    told_to = Briefing("You are Clara.", **briefing)
    history = (ChatMessage(Role.USER, "Sou a Bia."),)
    made = ElevenLabsProtocol("elevenlabs", wanted, Opening(told_to, history), ids())
    first: dict[str, Any] = sent(made.opening())[0]
    return first


def test_only_the_overrides_that_are_allowed_are_sent() -> None:
    assert opening(()) == {"type": "conversation_initiation_client_data"}
    all_of_them = opening(("prompt", "language", "first_message", "voice"), voice="v1")
    override = all_of_them["conversation_config_override"]
    assert override["agent"]["language"] == "pt-br"
    assert override["agent"]["first_message"] == ""
    assert "Sou a Bia." in override["agent"]["prompt"]["prompt"]
    assert override["tts"] == {"voice_id": "v1"}


def test_formats_that_we_do_not_know() -> None:
    made = ElevenLabsProtocol("elevenlabs", ElevenLabsAgentSettings(agent_id="a"), Opening(BRIEFING), ids())
    data = {"agent_output_audio_format": "mp3", "user_input_audio_format": "pcm_16000"}
    kind = "conversation_initiation_metadata"
    assert failed(made.receive(json.dumps({"type": kind, f"{kind}_event": data}))) == ["provider_protocol"]
    assert not made.ready


@pytest.mark.parametrize(
    ("kind", "code", "expected"),
    [
        ("override_error", 1008, "provider_refused"),
        ("llm_timeout", 1002, "provider_timeout"),
        ("tts_cascade_error", 1002, "provider_unavailable"),
        ("unknown_websocket_crash", 1011, "provider_unavailable"),
    ],
)
def test_errors(kind: str, code: int, expected: str) -> None:
    event = {"type": "error", "error_event": {"code": code, "error_type": kind, "message": "x"}}
    assert failed(got(elevenlabs(), event)) == [expected]


def test_its_time_is_up() -> None:
    event = {"type": "error", "error_event": {"code": 1000, "error_type": "max_duration_exceeded"}}
    assert got(elevenlabs(), event) == [Renew(0.0)]


@pytest.mark.parametrize("message", ["", "[]", '{"type":"audio"}', '{"type":"ping","ping_event":3}', b"\xff"])
def test_nonsense_never_raises(message: str | bytes) -> None:
    elevenlabs().receive(message)


EVENTS = st.one_of(
    st.integers(0, 12).map(audio),
    st.integers(0, 12).map(lambda event_id: audio(event_id, is_final=True)),
    st.integers(0, 12).map(interruption),
    st.sampled_from([response("um"), response("dois"), user(), user(""), user(tentative=True), COMPLETE, call("t1"),
                     call("t2"), {"type": "never.heard.of"}]),
)  # fmt: skip
COMMANDS = st.one_of(
    st.sampled_from([Hold(True), Hold(False), Request("x"), Note("y"), Answer(), KeepAlive()]),
    st.integers(1, 4).map(lambda number: Interrupted(f"reply-{number}", 100, "a")),
    st.sampled_from(["t1", "t2", "t3"]).map(lambda one: ToolDone(one, "t", "r", True)),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(EVENTS, COMMANDS, st.just("quiet")), max_size=40))
def test_in_any_order_replies_begin_and_end_once(steps: list[Any]) -> None:
    protocol = elevenlabs()
    begun: list[str] = []
    ended: list[str] = []
    held = False
    for one in steps:
        if one == "quiet":
            out = protocol.quiet()
        else:
            out = got(protocol, one) if isinstance(one, dict) else protocol.obey(one)
        held = one.on if isinstance(one, Hold) else held
        assert not (held and heard(out))
        for event in told(out):
            if isinstance(event, ReplyBegan):
                assert event.reply_id not in begun
                begun.append(event.reply_id)
            if isinstance(event, ReplyFinished):
                ended.append(event.reply_id)
        assert not set(heard(out)) & set(ended) or any(
            isinstance(event, ReplyFinished) for event in told(out)
        )
    ended += [event.reply_id for event in told(protocol.lost())]
    assert sorted(begun) == sorted(ended)
