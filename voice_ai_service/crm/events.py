"""What the CRM and the tenant's own systems are told. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID, uuid5

from voice_ai_service.conversations.conversation import Conversation
from voice_ai_service.dialogue.call_state import Speaker

CALL_COMPLETED: Final = "call_completed"
EVENT_NAMES: Final = frozenset({CALL_COMPLETED})


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
                "timestamp": conversation.ended_at.isoformat().replace("+00:00", "Z"),
                "data": facts,
            },
        },
    )


def transcript(conversation: Conversation) -> list[dict[str, Any]]:
    """Both sides' words in order, of the secretary's those that were heard. `timestamp`: Unix time, ms."""
    return [
        {
            "role": "caller" if message.speaker is Speaker.CALLER else "assistant",
            "text": message.transcript_text or message.digits,
            "timestamp": int(message.spoken_at.timestamp() * 1000),
        }
        for message in conversation.messages
        if message.transcript_text or message.digits
    ]


def event_id_of(call_uuid: UUID, name: str) -> str:
    return f"msg_{uuid5(call_uuid, name).hex}"
