"""What a PBX may send: shapes that hold whatever comes, and never become a path, a command or a query."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from voice_ai_service.turn_mode.wire import CallEvent, CallSetup, EndRequest, TurnRequest, UtteranceAudio

text = st.text(max_size=40) | st.from_regex(r"[0-9*#+;'\"$` ]{1,40}", fullmatch=True)
SAFE_FILE = re.compile(r"[a-z0-9][a-z0-9-]{0,40}\.(wav|r8)")


@given(text)
def test_a_number_is_only_what_a_keypad_dials(number: str) -> None:
    try:
        asked = CallSetup(call_uuid=uuid4(), called_number=number)
    except ValidationError:
        assert re.fullmatch(r"\+?[0-9*#]{1,32}", number) is None
    else:
        assert re.fullmatch(r"\+?[0-9*#]{1,32}", asked.called_number)


@given(text | st.from_regex(r"[a-z0-9./\\%-]{1,50}\.(wav|r8)\n?", fullmatch=True))
def test_a_file_is_a_plain_name_of_ours(name: str) -> None:
    try:
        sent = UtteranceAudio(file=name)
    except ValidationError:
        assert SAFE_FILE.fullmatch(name) is None
    else:
        assert SAFE_FILE.fullmatch(str(sent.file))


@given(st.text(max_size=40))
def test_digits_are_keys(digits: str) -> None:
    body = {"call_uuid": str(uuid4()), "turn": 1, "digits": digits, "no_input": True}
    try:
        TurnRequest.model_validate(body)
    except ValidationError:
        assert re.fullmatch(r"[0-9*#]{0,32}", digits) is None
    else:
        assert re.fullmatch(r"[0-9*#]{0,32}", digits)


@pytest.mark.parametrize(
    "body",
    [
        {"turn": 1},
        {"turn": 1, "digits": "", "no_input": False, "audio": None},
        {"turn": 0, "digits": "1"},
        {"turn": 1001, "digits": "1"},
        {"turn": 1, "digits": "1", "extra": True},
        {"turn": 1, "audio": {"content": "AA", "file": "a.wav"}},
        {"turn": 1, "digits": "1", "previous": {"played_ms": -1}},
        {"turn": 1, "digits": "1", "previous": {"played_ms": 1e12}},
    ],
)
def test_turns_that_say_nothing_or_two_things(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TurnRequest.model_validate({"call_uuid": str(uuid4()), **body})


@pytest.mark.parametrize(
    "body",
    [
        {"type": "exploded"},
        {"type": "played"},
        {"type": "played", "turn": 1, "played_ms": 5, "cause": "X"},
        {"type": "transfer_failed", "cause": "no answer; rm -rf"},
        {"type": "transfer_failed", "cause": ""},
        {},
    ],
)
def test_events_that_are_none(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(CallEvent).validate_python(body)


@pytest.mark.parametrize(
    "more", [{"reason": "bored"}, {"hangup_cause": "A B"}, {"duration_ms": -1}, {"audio": {}}]
)
def test_ends_that_are_none(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        EndRequest.model_validate({"reason": "error", **more})
