"""What was said so far, as the model sees it: only what the caller heard, each message once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from voice_ai_service.conversations.heard import heard_text
from voice_ai_service.dialogue.call_state import TurnRecord
from voice_ai_service.providers.llm.seam import ChatMessage, Role

MAX_MESSAGES: Final = 10
"""Messages of caller and secretary together in one request, the present one included."""
MAX_MESSAGE_CHARS: Final = 1000


def messages_before(turns: Iterable[TurnRecord], turn: int, limit: int) -> tuple[ChatMessage, ...]:
    """At most `limit` messages before a turn, beginning with the caller's and taking turns.

    A turn that was stored twice counts once; replies that follow each other without words of the caller (the second
    one after a tool, or what was said when a transfer failed) become one. The greeting is not among them, since a
    conversation begins with the caller here.
    """
    by_number: dict[int, list[TurnRecord]] = {}
    for record in turns:
        if record.turn >= turn:
            continue
        if _caller_words(record) or record.turn not in by_number:
            by_number[record.turn] = [record]
        else:
            by_number[record.turn].append(record)
    found: list[ChatMessage] = []
    for number in sorted(by_number):
        for record in by_number[number]:
            _add(found, Role.USER, _caller_words(record))
            _add(found, Role.ASSISTANT, said_and_heard(record))
    recent = found[-limit:] if limit > 0 else []
    while recent and recent[0].role is not Role.USER:
        recent.pop(0)
    return tuple(recent)


def said_and_heard(record: TurnRecord) -> str:
    """The secretary's words that reached the caller; "…" where a barge-in cut them (playout truth)."""
    if not record.barged_in:
        return record.said
    heard = record.said_heard
    if heard is None:
        heard = heard_text(record.said, record.played_ms, record.audio_ms)
    if heard is None or heard == record.said:
        return record.said
    return f"{heard} …" if heard else ""


def _caller_words(record: TurnRecord) -> str:
    if record.heard:
        return record.heard
    return f"(pressed {record.digits})" if record.digits else ""


def _add(found: list[ChatMessage], role: Role, text: str) -> None:
    text = text.strip()[:MAX_MESSAGE_CHARS]
    if not text:
        return
    if found and found[-1].role is role:
        found[-1] = ChatMessage(role, f"{found[-1].text}\n{text}")
    else:
        found.append(ChatMessage(role, text))
