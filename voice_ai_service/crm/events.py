"""What the CRM and the tenant's own systems are told. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID, uuid5

from voice_ai_service.conversations.conversation import Conversation
from voice_ai_service.conversations.text import storable
from voice_ai_service.dialogue.call_state import Speaker
from voice_ai_service.dialogue.create_ticket import TicketRequest

CALL_COMPLETED: Final = "call_completed"
TICKET_REQUESTED: Final = "ticket_requested"
EVENT_NAMES: Final = frozenset({CALL_COMPLETED, TICKET_REQUESTED})
_ROLES: Final = {Speaker.CALLER: "caller", Speaker.SECRETARY: "assistant"}
_NUMBER_DIGITS: Final = 8


class WebhookKind(StrEnum):
    STANDARD = "standard"
    """`{"type", "timestamp", "data"}`, as the Standard Webhooks specification recommends."""
    OMNIPLAY = "omniplay"
    """OmniPlay's flat body, as its contract has it."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, in each kind's words.

    Attributes:
        event_id: Made from the call and the name: whoever announces it twice announces the same event.
    """

    domain_uuid: UUID
    name: str
    event_id: str
    payloads: dict[WebhookKind, dict[str, Any]]


def call_completed(conversation: Conversation) -> Event:
    """The end of a call, whatever its ending. OmniPlay gets exactly its nine fields."""
    facts: dict[str, Any] = {
        "call_uuid": str(conversation.call_uuid),
        "domain_uuid": str(conversation.domain_uuid),
        "caller_id": conversation.caller_number,
        "secretary_name": conversation.secretary_name,
        "duration_seconds": round(conversation.duration_ms / 1000),
        "transcript": transcript(conversation),
        "resolution": conversation.resolution.value,
        "transferred_to": conversation.transferred_to,
    }
    return Event(
        domain_uuid=conversation.domain_uuid,
        name=CALL_COMPLETED,
        event_id=event_id_of(conversation.call_uuid, CALL_COMPLETED),
        payloads={
            WebhookKind.OMNIPLAY: {"event": CALL_COMPLETED, **facts},
            WebhookKind.STANDARD: {
                "type": CALL_COMPLETED,
                "timestamp": _iso(conversation.ended_at),
                "data": facts,
            },
        },
    )


def ticket_requested(ticket: TicketRequest) -> Event:
    """A caller's request for the staff. `protocol` is the number that the caller was told."""
    name = f"{TICKET_REQUESTED}:{ticket.turn}"
    facts: dict[str, Any] = {
        "call_uuid": str(ticket.call_uuid),
        "domain_uuid": str(ticket.domain_uuid),
        "caller_id": ticket.caller_number,
        "secretary_name": ticket.secretary_name,
        "subject": storable(ticket.subject),
        "description": storable(ticket.description),
        "protocol": ticket_number(ticket.call_uuid, ticket.turn),
        "language": ticket.language,
        "transcript": [
            {"role": _ROLES[line.speaker], "text": storable(line.text), "timestamp": _unix_ms(line.at)}
            for line in ticket.lines
        ],
    }
    return Event(
        domain_uuid=ticket.domain_uuid,
        name=TICKET_REQUESTED,
        event_id=event_id_of(ticket.call_uuid, name),
        payloads={
            WebhookKind.OMNIPLAY: {"event": TICKET_REQUESTED, **facts},
            WebhookKind.STANDARD: {
                "type": TICKET_REQUESTED,
                "timestamp": _iso(ticket.requested_at),
                "data": facts,
            },
        },
    )


def ticket_number(call_uuid: UUID, turn: int) -> str:
    """Eight digits, the same for the same call and turn. For people to refer to; `webhook-id` is what is unique."""
    return str(uuid5(call_uuid, f"{TICKET_REQUESTED}:{turn}").int % 10**_NUMBER_DIGITS).zfill(_NUMBER_DIGITS)


def transcript(conversation: Conversation) -> list[dict[str, Any]]:
    """Both sides' words in order, of the secretary's those that were heard. `timestamp`: Unix time, ms."""
    return [
        {
            "role": _ROLES[message.speaker],
            "text": message.transcript_text or message.digits,
            "timestamp": _unix_ms(message.spoken_at),
        }
        for message in conversation.messages
        if message.transcript_text or message.digits
    ]


def event_id_of(call_uuid: UUID, name: str) -> str:
    return f"msg_{uuid5(call_uuid, name).hex}"


def _iso(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _unix_ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
