"""Conversations as they are read back."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from voice_ai_service.conversations.outcome import Resolution
from voice_ai_service.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class StoredMessage:
    index: int
    turn: int
    speaker: str
    text: str
    heard_text: str | None
    language: str | None
    confidence: float | None
    digits: str
    spoken_at: datetime
    audio_ref: str | None
    audio_ms: int
    played_ms: int | None
    barged_in: bool
    action: str | None
    intent: str | None
    latency_ms: dict[str, float]
    providers: dict[str, str]
    prompt_tokens: int
    completion_tokens: int
    sources: tuple[str, ...]
    tools: tuple[dict[str, Any], ...]
    embedding_model: str | None


@dataclass(frozen=True, slots=True)
class StoredConversation:
    """Without its messages; `latency_ms` holds `mean` and `p95` per stage."""

    conversation_uuid: UUID
    call_uuid: UUID
    secretary_uuid: UUID | None
    """None: deleted since."""
    secretary_name: str
    secretary_version: int
    mode: str
    caller_number: str
    called_number: str
    language: str
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime
    duration_ms: int
    turn_count: int
    resolution: Resolution
    end_reason: str
    hangup_cause: str | None
    transferred_to: str | None
    message_text: str | None
    message_audio_ref: str | None
    recording_ref: str | None
    latency_ms: dict[str, dict[str, float]]
    providers: dict[str, list[str]]
    prompt_tokens: int
    completion_tokens: int
    cost_cents: Decimal | None
    summary: str | None


@dataclass(frozen=True, slots=True)
class ConversationDetail:
    conversation: StoredConversation
    messages: tuple[StoredMessage, ...]


@dataclass(frozen=True, slots=True)
class ConversationFilter:
    """What to list; None does not narrow. `text` is looked for in both sides' words, case folded.

    Attributes:
        started_from: Inclusive, timezone-aware.
        started_before: Exclusive, timezone-aware.
        cursor: `ConversationPage.next_cursor` of the page before.
    """

    started_from: datetime | None = None
    started_before: datetime | None = None
    caller_number: str | None = None
    secretary_uuid: UUID | None = None
    resolution: Resolution | None = None
    text: str | None = None
    cursor: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class ConversationPage:
    """Newest first. `next_cursor` is None on the last page."""

    conversations: tuple[StoredConversation, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between two conversations of the list."""

    started_at: datetime
    conversation_uuid: UUID

    def encode(self) -> str:
        text = f"{self.started_at.isoformat()}|{self.conversation_uuid}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Cursor:
        """Raises InvalidInput for anything that `encode` did not make."""
        try:
            plain = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode(
                "ascii"
            )
            started, uuid = plain.split("|")
            cursor = cls(datetime.fromisoformat(started), UUID(uuid))
            if cursor.started_at.tzinfo is None:
                raise ValueError("no time zone")
        except (ValueError, binascii.Error, OverflowError) as error:
            raise InvalidInput(
                "this is not the cursor of a page", field="cursor", fix="take `next_cursor` as it was given"
            ) from error
        return cursor


def conversation_from(row: Mapping[str, Any]) -> StoredConversation:
    return StoredConversation(
        conversation_uuid=row["voice_conversation_uuid"],
        call_uuid=row["call_uuid"],
        secretary_uuid=row["voice_secretary_uuid"],
        secretary_name=row["secretary_name"] or "",
        secretary_version=int(row["secretary_version"] or 0),
        mode=row["conversation_mode"] or "turn",
        caller_number=row["caller_number"] or "",
        called_number=row["called_number"] or "",
        language=row["language"] or "",
        started_at=row["started_date"],
        answered_at=row["answered_date"],
        ended_at=row["ended_date"],
        duration_ms=int(row["duration_ms"] or 0),
        turn_count=int(row["turn_count"] or 0),
        resolution=Resolution(row["resolution"]),
        end_reason=row["end_reason"] or "",
        hangup_cause=row["hangup_cause"],
        transferred_to=row["transferred_to"],
        message_text=row["message_text"],
        message_audio_ref=row["message_audio_ref"],
        recording_ref=row["recording_ref"],
        latency_ms=row["latency"] or {},
        providers=row["providers"] or {},
        prompt_tokens=int(row["prompt_tokens"] or 0),
        completion_tokens=int(row["completion_tokens"] or 0),
        cost_cents=row["cost_cents"],
        summary=row["summary"],
    )


def message_from(row: Mapping[str, Any]) -> StoredMessage:
    return StoredMessage(
        index=int(row["message_index"]),
        turn=int(row["turn_number"]),
        speaker=row["speaker"],
        text=row["message_text"] or "",
        heard_text=row["heard_text"],
        language=row["language"],
        confidence=None if row["confidence"] is None else float(row["confidence"]),
        digits=row["digits"] or "",
        spoken_at=row["message_date"],
        audio_ref=row["audio_ref"],
        audio_ms=int(row["audio_ms"] or 0),
        played_ms=None if row["played_ms"] is None else int(row["played_ms"]),
        barged_in=bool(row["barged_in"]),
        action=row["action"],
        intent=row["intent"],
        latency_ms=row["latency"],
        providers=row["providers"],
        prompt_tokens=int(row["prompt_tokens"] or 0),
        completion_tokens=int(row["completion_tokens"] or 0),
        sources=tuple(row["sources"] or ()),
        tools=tuple(row["tools"] or ()),
        embedding_model=row["embedding_model"],
    )
