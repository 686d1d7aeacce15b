from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.calls import STARTED, call_state, exchange, greeting
from voice_ai_service.conversations.outcome import EndedBy, Ending, Resolution, end_reason_of, resolution_of
from voice_ai_service.dialogue.actions import HangupReason
from voice_ai_service.dialogue.call_state import TurnRecord

ONLY_GREETED = (greeting(),)
ANSWERED = (greeting(), exchange(1, "qual o horário", "Das oito às dezoito."))
NOT_HEARD = (greeting(), exchange(1, "qual o horário", "Das oito às dezoito.", played_ms=0))
CUT_OFF = (*ANSWERED, exchange(2, "e no sáb", "", action="none"))
BEING_TRANSFERRED = (greeting(), exchange(1, "financeiro", "Um momento.", action="transfer"))
BY_KEY = (greeting(), exchange(1, "", "Das oito às dezoito.", digits="1"))


@pytest.mark.parametrize(
    ("turns", "changes", "by", "resolution"),
    [
        (ONLY_GREETED, {}, EndedBy.CALLER_HANGUP, Resolution.ABANDONED),
        (ANSWERED, {}, EndedBy.CALLER_HANGUP, Resolution.COMPLETED),
        (BY_KEY, {}, EndedBy.CALLER_HANGUP, Resolution.COMPLETED),
        (NOT_HEARD, {}, EndedBy.CALLER_HANGUP, Resolution.ABANDONED),
        (CUT_OFF, {}, EndedBy.CALLER_HANGUP, Resolution.ABANDONED),
        (BEING_TRANSFERRED, {"ending": "transferred"}, EndedBy.CALLER_HANGUP, Resolution.ABANDONED),
        (BEING_TRANSFERRED, {"transferred_to": "2001"}, EndedBy.TRANSFERRED, Resolution.TRANSFERRED),
        (ANSWERED, {"transferred_to": "2001"}, EndedBy.FALLBACK, Resolution.TRANSFERRED),
        (ANSWERED, {}, EndedBy.FALLBACK, Resolution.FAILED),
        (ANSWERED, {}, EndedBy.ERROR, Resolution.FAILED),
        (ONLY_GREETED, {}, EndedBy.CLOSED, Resolution.CLOSED),
        (ONLY_GREETED, {}, EndedBy.BUSY, Resolution.BUSY),
        (ANSWERED, {}, EndedBy.ABANDONED, Resolution.ABANDONED),
        (ANSWERED, {"message_text": "ligue para Ana"}, EndedBy.CALLER_HANGUP, Resolution.MESSAGE),
        (ANSWERED, {"message_audio_ref": "utterance-0001.wav"}, EndedBy.ABANDONED, Resolution.MESSAGE),
        (ANSWERED, {"message_text": "Ana"}, EndedBy.TRANSFERRED, Resolution.TRANSFERRED),
        (ANSWERED, {}, EndedBy.SECRETARY_HANGUP, Resolution.COMPLETED),
        (ANSWERED, {"ending": "completed"}, EndedBy.SECRETARY_HANGUP, Resolution.COMPLETED),
        (ANSWERED, {"ending": "message_taken"}, EndedBy.SECRETARY_HANGUP, Resolution.MESSAGE),
        (ANSWERED, {"ending": "caller_silent"}, EndedBy.SECRETARY_HANGUP, Resolution.ABANDONED),
        (ANSWERED, {"ending": "not_understood"}, EndedBy.SECRETARY_HANGUP, Resolution.FAILED),
        (ANSWERED, {"ending": "providers_down"}, EndedBy.SECRETARY_HANGUP, Resolution.FAILED),
        (ANSWERED, {"ending": "closed"}, EndedBy.SECRETARY_HANGUP, Resolution.CLOSED),
        (ANSWERED, {"ending": "completed"}, EndedBy.CALLER_HANGUP, Resolution.COMPLETED),
    ],
)
def test_one_word_for_what_came_of_the_call(
    turns: tuple[TurnRecord, ...], changes: dict[str, Any], by: EndedBy, resolution: Resolution
) -> None:
    ending = Ending(by=by, ended_at=STARTED)
    assert resolution_of(call_state(None, *turns, **changes), ending) is resolution


@pytest.mark.parametrize("reason", list(HangupReason))
def test_every_reason_of_the_secretary_has_a_resolution_and_is_kept(reason: HangupReason) -> None:
    ending = Ending(by=EndedBy.SECRETARY_HANGUP, ended_at=STARTED)
    state = call_state(None, *ANSWERED, ending=reason.value)
    assert end_reason_of(state, ending) == reason.value
    if reason is not HangupReason.COMPLETED:
        assert resolution_of(state, ending) is not Resolution.COMPLETED


def test_the_reason_is_who_ended_the_call_when_the_secretary_did_not() -> None:
    state = call_state(None, *ANSWERED, ending="completed")
    for by in set(EndedBy) - {EndedBy.SECRETARY_HANGUP}:
        assert end_reason_of(state, Ending(by=by, ended_at=STARTED)) == by.value
