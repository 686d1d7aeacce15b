from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    Abandoned,
    Answer,
    Began,
    Ended,
    Heard,
    Hold,
    Interrupted,
    Note,
    Renew,
    Request,
    Steps,
    ToolDone,
)
from tests.unit.realtime_bridge.providers.vendor_sequences import (
    b64,
    failed,
    gemini,
    got,
    heard,
    odd,
    sent,
    told,
)

LONG = bytes(9600)
"""Long enough to be an utterance."""


def audio(rate: int = 24000) -> dict[str, Any]:
    data = {"mimeType": f"audio/pcm;rate={rate}", "data": b64()}
    return {"serverContent": {"modelTurn": {"parts": [{"inlineData": data}]}}}


def content(**fields: Any) -> dict[str, Any]:
    return {"serverContent": fields}


def spoken(text: str) -> dict[str, Any]:
    return content(outputTranscription={"text": text})


MADE = content(generationComplete=True)
OVER = content(turnComplete=True)


def call(call_id: str = "f1", name: str = "transfer_call") -> dict[str, Any]:
    return {"toolCall": {"functionCalls": [{"id": call_id, "name": name, "args": {"a": 1}}]}}


def utter(protocol: Any) -> Steps:
    steps = protocol.obey(Began(LONG))
    return [*steps, *protocol.obey(Ended())]


def what(steps: Steps) -> list[str]:
    """The one thing in each message."""
    return [next(iter(message.get("realtimeInput", message))) for message in sent(steps)]


def test_an_utterance_is_an_activity_and_is_answered() -> None:
    protocol = gemini()
    assert what(utter(protocol)) == ["activityStart", "audio", "activityEnd"]
    steps = got(protocol, audio(), spoken("Bom "), audio(), spoken("dia"), MADE)
    assert told(steps) == [
        ReplyBegan("reply-1"),
        ReplySaid("reply-1", "Bom ", "pt-BR"),
        ReplySaid("reply-1", "dia", "pt-BR"),
    ]
    assert protocol.quiet_ms is not None
    assert told(protocol.quiet()) == [ReplyFinished("reply-1")]
    assert told(got(protocol, OVER)) == []
    assert not protocol.waiting


def test_text_after_the_last_audio_still_belongs_to_the_reply() -> None:
    protocol = gemini()
    utter(protocol)
    assert told(got(protocol, audio(), MADE, spoken("dia"), OVER)) == [
        ReplyBegan("reply-1"),
        ReplySaid("reply-1", "dia", "pt-BR"),
        ReplyFinished("reply-1"),
    ]
    assert odd(got(protocol, audio(), MADE)) == []
    protocol.quiet()
    assert odd(got(protocol, spoken("!"))) == ["late_text"]


def test_a_cough_is_never_sent() -> None:
    protocol = gemini()
    assert protocol.obey(Began(bytes(9600))) == []
    assert protocol.audio(bytes(3200)) == ()
    assert protocol.obey(Abandoned()) == []


def test_what_goes_on_is_sent_with_what_was_before_it() -> None:
    protocol = gemini()
    protocol.obey(Began(bytes(9600)))
    messages = [message for _ in range(10) for message in protocol.audio(bytes(640))]
    assert len(messages) == 2
    assert len(protocol.audio(bytes(640))) == 1


def test_over_a_reply_the_caller_waits_until_it_is_an_interruption() -> None:
    protocol = gemini()
    utter(protocol)
    got(protocol, audio())
    protocol.obey(Began(bytes(9600), over_reply=True))
    assert [protocol.audio(bytes(640)) for _ in range(50)] == [()] * 50
    steps = protocol.obey(Interrupted("reply-1", 300, "Bom"))
    assert told(steps) == [ReplyFinished("reply-1")]
    assert what(steps) == ["clientContent", "activityStart", "audio"]
    assert 'only: "Bom"' in str(sent(steps)[0])
    late = got(protocol, audio(), spoken("x"), content(interrupted=True), OVER)
    assert (heard(late), told(late)) == ([], [])
    assert what(protocol.obey(Ended())) == ["activityEnd"]
    assert told(got(protocol, audio()))[0] == ReplyBegan("reply-2")


def test_over_a_reply_that_plays_to_its_end_the_caller_is_sent_then() -> None:
    protocol = gemini()
    utter(protocol)
    got(protocol, audio(), MADE, OVER)
    protocol.obey(Began(bytes(9600), over_reply=True))
    protocol.audio(bytes(6400))
    assert what(protocol.obey(Heard())) == ["activityStart", "audio"]


def test_the_end_of_an_interrupted_turn_is_not_the_end_of_the_next() -> None:
    protocol = gemini()
    utter(protocol)
    got(protocol, audio())
    protocol.obey(Began(bytes(9600), over_reply=True))
    protocol.audio(bytes(6400))
    protocol.obey(Interrupted("reply-1", 300, "Bom"))
    protocol.obey(Ended())
    assert told(got(protocol, content(interrupted=True), OVER)) == []
    assert protocol.waiting
    assert [type(event) for event in told(got(protocol, audio(), MADE, OVER))] == [ReplyBegan, ReplyFinished]


def test_the_callers_words_come_in_pieces_and_are_final_once() -> None:
    protocol = gemini()
    utter(protocol)
    steps = got(
        protocol,
        content(interimInputTranscription={"text": "que"}),
        content(inputTranscription={"text": "quero "}),
        content(inputTranscription={"text": "pagar"}),
        audio(),
        MADE,
        OVER,
    )
    said = [(event.transcript.text, event.final) for event in told(steps) if isinstance(event, CallerSaid)]
    assert said == [("que", False), ("quero", False), ("quero pagar", False), ("quero pagar", True)]


def test_where_gemini_owns_the_turns_it_says_when_they_begin_and_end() -> None:
    protocol = gemini(turn_detection="automatic")
    assert len(protocol.audio(bytes(640))) == 1
    steps = got(
        protocol,
        {"voiceActivity": {"voiceActivityType": "ACTIVITY_START"}},
        content(inputTranscription={"text": "oi"}),
        audio(),
        content(interrupted=True),
        OVER,
    )
    assert [type(event) for event in told(steps)] == [
        CallerBegan, CallerSaid, CallerEnded, CallerSaid, ReplyBegan, ReplyFinished, CallerBegan, CallerEnded,
    ]  # fmt: skip


def test_a_tool_ends_what_was_said_before_it() -> None:
    protocol = gemini()
    utter(protocol)
    assert told(got(protocol, audio(), call())) == [
        ReplyBegan("reply-1"),
        ReplyFinished("reply-1"),
        ToolAsked("f1", "transfer_call", {"a": 1}),
    ]
    assert odd(got(protocol, call())) == ["double_tool_call"]
    steps = protocol.obey(ToolDone("f1", "transfer_call", "Busy.", True))
    assert sent(steps)[0]["toolResponse"]["functionResponses"][0]["response"] == {"output": "Busy."}
    assert [type(event) for event in told(got(protocol, audio(), MADE, OVER))] == [ReplyBegan, ReplyFinished]


def test_a_tool_that_was_not_offered_is_answered_and_not_asked() -> None:
    protocol = gemini()
    utter(protocol)
    steps = got(protocol, call(name="format_disk"))
    assert (told(steps), odd(steps), what(steps)) == ([], ["tool_not_offered"], ["toolResponse"])


def test_a_tool_that_gemini_cancels_ends_as_a_note() -> None:
    protocol = gemini()
    utter(protocol)
    got(protocol, call(), {"toolCallCancellation": {"ids": ["f1", "f9", 3]}}, OVER)
    steps = protocol.obey(ToolDone("f1", "transfer_call", "Done.", True))
    assert what(steps) == ["clientContent"]
    assert sent(steps)[0]["clientContent"]["turnComplete"] is False


def test_content_of_ours_waits_for_the_end_of_a_reply() -> None:
    protocol = gemini()
    utter(protocol)
    got(protocol, audio())
    assert protocol.obey(Note("x")) == []
    assert protocol.obey(Request("Say it.")) == []
    steps = got(protocol, MADE, OVER)
    turns = sent(steps)[0]["clientContent"]
    assert [turn["parts"][0]["text"] for turn in turns["turns"]] == ["x", "Say it."]
    assert turns["turnComplete"] is True


def test_a_turn_without_anything_is_an_empty_reply() -> None:
    protocol = gemini()
    utter(protocol)
    assert told(got(protocol, OVER)) == [ReplyBegan("reply-1"), ReplyFinished("reply-1")]
    assert told(got(protocol, OVER)) == []


def test_on_hold_the_activity_ends_and_nothing_is_said() -> None:
    protocol = gemini()
    protocol.obey(Began(LONG))
    protocol.audio(LONG)
    assert what(protocol.obey(Hold(True))) == ["activityEnd"]
    assert (heard(got(protocol, audio())), protocol.audio(LONG)) == ([], ())
    assert protocol.obey(Answer()) == []


def test_another_rate_is_followed() -> None:
    protocol = gemini()
    utter(protocol)
    got(protocol, audio(rate=16000))
    assert protocol.output.sample_rate_hz == 16000


@pytest.mark.parametrize(("left", "seconds"), [("9.5s", 9.5), ("60s", 60.0), ("soon", 0.0), ("", 0.0)])
def test_it_goes_away(left: str, seconds: float) -> None:
    assert got(gemini(), {"goAway": {"timeLeft": left}}) == [Renew(seconds)]


def test_only_a_handle_that_can_be_resumed_is_kept() -> None:
    protocol = gemini()
    got(protocol, {"sessionResumptionUpdate": {"newHandle": "h1", "resumable": True}})
    got(protocol, {"sessionResumptionUpdate": {"newHandle": "", "resumable": False}})
    assert protocol.resume == "h1"


@pytest.mark.parametrize(
    "message", ["", "[]", '{"serverContent":3}', '{"toolCall":{"functionCalls":[1]}}', b"\xff"]
)
def test_nonsense_never_raises(message: str | bytes) -> None:
    gemini().receive(message)


def test_audio_that_is_no_base64_ends_the_connection() -> None:
    data = {"mimeType": "audio/pcm", "data": "%%"}
    assert failed(got(gemini(), content(modelTurn={"parts": [{"inlineData": data}]}))) == [
        "provider_protocol"
    ]


EVENTS = st.sampled_from(
    [
        audio(), spoken("a"), MADE, OVER, content(interrupted=True), call("f1"), call("f2"),
        content(interrupted=True, turnComplete=True), content(inputTranscription={"text": "oi", "finished": True}),
        {"toolCallCancellation": {"ids": ["f1"]}}, {"usageMetadata": {"promptTokenCount": 3}}, {"new": {}},
    ]
)  # fmt: skip
COMMANDS = st.one_of(
    st.sampled_from(
        [Began(LONG), Began(bytes(640), over_reply=True), Ended(), Abandoned(), Heard(), Answer(), Hold(True),
         Hold(False), Request("x"), Note("y")]
    ),
    st.integers(1, 4).map(lambda number: Interrupted(f"reply-{number}", 100, "a")),
    st.sampled_from(["f1", "f2", "f3"]).map(lambda one: ToolDone(one, "t", "r", True)),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.booleans(), st.lists(st.one_of(EVENTS, COMMANDS, st.just("quiet"), st.just("frame")), max_size=40))
def test_in_any_order_replies_begin_and_end_once(ours: bool, steps: list[Any]) -> None:
    protocol = gemini(turn_detection="none" if ours else "automatic")
    begun: list[str] = []
    ended: list[str] = []
    active = False
    for one in steps:
        if one == "quiet":
            out = protocol.quiet()
        elif one == "frame":
            messages = list(protocol.audio(bytes(6400)))
            out = []
            active = active or any("activityStart" in message for message in messages)
        else:
            out = got(protocol, one) if isinstance(one, dict) else protocol.obey(one)
        for message in sent(out):
            if "activityStart" in message.get("realtimeInput", {}):
                assert ours
                assert not active
                active = True
            if "activityEnd" in message.get("realtimeInput", {}):
                assert active
                active = False
        for event in told(out):
            if isinstance(event, ReplyBegan):
                assert event.reply_id not in begun
                begun.append(event.reply_id)
            if isinstance(event, ReplyFinished):
                ended.append(event.reply_id)
        assert not set(heard(out)) & set(ended)
    ended += [event.reply_id for event in told(protocol.lost())]
    assert sorted(begun) == sorted(ended)
