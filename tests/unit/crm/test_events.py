from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from tests.fakes.calls import STARTED, call_state, exchange, greeting
from voice_ai_service.conversations.conversation import build
from voice_ai_service.conversations.outcome import EndedBy, Ending
from voice_ai_service.crm.events import WebhookKind, call_completed, ticket_number, ticket_requested
from voice_ai_service.dialogue.call_state import CallState, Speaker
from voice_ai_service.dialogue.create_ticket import TicketLine, TicketRequest

OMNIPLAY_FIELDS = {
    "event",
    "call_uuid",
    "domain_uuid",
    "caller_id",
    "secretary_name",
    "duration_seconds",
    "transcript",
    "resolution",
    "transferred_to",
}


def told(state: CallState, by: EndedBy = EndedBy.CALLER_HANGUP) -> dict[str, object]:
    ending = Ending(by=by, ended_at=STARTED + timedelta(seconds=46))
    event = call_completed(build(state, ending, secretary_name="Clara"))
    return event.payloads[WebhookKind.OMNIPLAY]


def test_omniplay_is_told_exactly_its_nine_fields() -> None:
    state = call_state(transferred_to="2001")
    body = told(state, EndedBy.TRANSFERRED)
    assert set(body) == OMNIPLAY_FIELDS
    assert body["event"] == "call_completed"
    assert body["call_uuid"] == str(state.call_uuid)
    assert body["domain_uuid"] == str(state.domain_uuid)
    assert body["caller_id"] == "+5511987654321"
    assert body["secretary_name"] == "Clara"
    assert body["duration_seconds"] == 45
    assert body["resolution"] == "transferred"
    assert body["transferred_to"] == "2001"
    assert body["transcript"] == [
        {"role": "assistant", "text": "Bom dia, clínica Sol.", "timestamp": 1772452800025},
        {"role": "caller", "text": "qual o horário", "timestamp": 1772452808200},
        {"role": "assistant", "text": "Abrimos das oito às dezoito.", "timestamp": 1772452810180},
        {"role": "caller", "text": "obrigado", "timestamp": 1772452818200},
        {"role": "assistant", "text": "Até logo.", "timestamp": 1772452820180},
    ]


@pytest.mark.parametrize("by", list(EndedBy))
def test_every_ending_is_told(by: EndedBy) -> None:
    assert set(told(call_state(), by)) == OMNIPLAY_FIELDS


def test_the_transcript_holds_what_was_heard_and_keys_that_were_pressed() -> None:
    state = call_state(None, greeting(played_ms=750), exchange(1, "", "Um momento.", digits="2", played_ms=0))
    body = told(state)
    assert [(line["role"], line["text"]) for line in body["transcript"]] == [  # type: ignore[attr-defined]
        ("assistant", "Bom dia,"),
        ("caller", "2"),
    ]


def test_the_standard_form_carries_the_same_facts() -> None:
    state = call_state()
    ending = Ending(by=EndedBy.CALLER_HANGUP, ended_at=STARTED)
    payloads = call_completed(build(state, ending, secretary_name="Clara")).payloads
    standard = payloads[WebhookKind.STANDARD]
    assert standard["type"] == "call_completed"
    assert standard["timestamp"] == "2026-03-02T12:00:00Z"
    assert {"event": "call_completed", **standard["data"]} == payloads[WebhookKind.OMNIPLAY]


def test_the_same_call_is_the_same_event() -> None:
    state = call_state()
    ending = Ending(by=EndedBy.CALLER_HANGUP, ended_at=STARTED)
    one = call_completed(build(state, ending, secretary_name="Clara"))
    again = call_completed(build(state, ending, secretary_name="Clara"))
    other = call_completed(build(call_state(), ending, secretary_name="Clara"))
    assert one.event_id == again.event_id != other.event_id


TICKET = TicketRequest(
    domain_uuid=UUID(int=1),
    call_uuid=UUID(int=2),
    turn=3,
    subject="Segunda via\x00",
    description="Boleto de março",
    caller_number="+5511987654321",
    secretary_name="Clara",
    language="pt-BR",
    requested_at=STARTED,
    lines=(TicketLine(Speaker.CALLER, "quero a segunda via", STARTED),),
)


def test_a_ticket_tells_who_what_and_the_number_that_the_caller_was_told() -> None:
    event = ticket_requested(TICKET)
    body = event.payloads[WebhookKind.OMNIPLAY]
    assert body == {
        "event": "ticket_requested",
        "call_uuid": str(UUID(int=2)),
        "domain_uuid": str(UUID(int=1)),
        "caller_id": "+5511987654321",
        "secretary_name": "Clara",
        "subject": "Segunda via",
        "description": "Boleto de março",
        "protocol": ticket_number(UUID(int=2), 3),
        "language": "pt-BR",
        "transcript": [
            {"role": "caller", "text": "quero a segunda via", "timestamp": int(STARTED.timestamp() * 1000)}
        ],
    }
    standard = event.payloads[WebhookKind.STANDARD]
    assert standard["type"] == "ticket_requested"
    assert standard["data"] == {name: value for name, value in body.items() if name != "event"}


def test_one_call_and_turn_is_one_ticket() -> None:
    first = ticket_requested(TICKET)
    assert ticket_requested(replace(TICKET, subject="Outra coisa")).event_id == first.event_id
    assert ticket_requested(replace(TICKET, turn=4)).event_id != first.event_id
    assert ticket_requested(replace(TICKET, call_uuid=UUID(int=9))).event_id != first.event_id
    number = ticket_number(UUID(int=2), 3)
    assert (len(number), number.isdigit()) == (8, True)
