"""Conversations in PostgreSQL: written once, whole, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from math import isfinite
from typing import Any, Final, Protocol
from uuid import UUID

from pydantic_core import to_json

from voice_ai_service.conversations.conversation import Conversation, Message, Usage
from voice_ai_service.conversations.recordings import is_link
from voice_ai_service.conversations.stored import (
    ConversationDetail,
    ConversationFilter,
    ConversationPage,
    Cursor,
    conversation_from,
    message_from,
)
from voice_ai_service.conversations.text import storable, storable_json
from voice_ai_service.db import queries
from voice_ai_service.db.pool import Connection, Database
from voice_ai_service.errors import InvalidInput, NotFound

MAX_PAGE: Final = 200

_SQL = queries.load(__package__, "repository.sql")


class Announcement(Protocol):
    """Tells the world of a stored conversation, inside the transaction that stores it."""

    async def enqueue(self, connection: Connection, conversation: Conversation) -> int:
        """Returns how many deliveries were queued."""
        ...


class Ledger(Protocol):
    """`conversations.spending.Spending`."""

    def price(self, usage: Usage) -> Decimal | None: ...

    def stored(self, conversation: Conversation) -> None: ...


@dataclass(frozen=True, slots=True)
class MessageVectors:
    """One vector for each of the conversation's messages, in order; None where there is none."""

    model: str
    vectors: Sequence[Sequence[float] | None]


class ConversationRepository:
    """
    Args:
        announcements: Each is called once per conversation, in the transaction that stores it.
        ledger: Says what was used costs, and is told of what was stored. None: costs are not known.
    """

    def __init__(
        self,
        database: Database,
        announcements: Sequence[Announcement] = (),
        *,
        ledger: Ledger | None = None,
    ) -> None:
        self._database = database
        self._announcements = tuple(announcements)
        self._ledger = ledger

    async def store(self, conversation: Conversation, vectors: MessageVectors | None = None) -> UUID:
        """Store a conversation with all that belongs to it, or nothing at all.

        Idempotent by domain and call: the second time nothing is written and the first uuid comes back.
        The call's row in the journal of live calls goes in the same transaction.

        Raises:
            Unavailable: The database is not there. Nothing was stored; the journal still has the call.
        """
        if self._ledger is not None:
            priced = (replace(usage, cost_cents=self._ledger.price(usage)) for usage in conversation.usage)
            conversation = replace(conversation, usage=tuple(priced))
        stored, is_new = await self._store(conversation, vectors)
        if is_new and self._ledger is not None:
            self._ledger.stored(conversation)
        return stored

    async def _store(self, conversation: Conversation, vectors: MessageVectors | None) -> tuple[UUID, bool]:
        messages = _message_rows(conversation.messages, vectors)
        async with self._database.tenant(conversation.domain_uuid) as connection:
            stored = await connection.fetchval(_SQL.insert_conversation, *_conversation_row(conversation))
            if stored is None:
                await connection.execute(
                    _SQL.remove_live_call, conversation.domain_uuid, conversation.call_uuid
                )
                return await _known(connection, conversation), False
            await self._store_parts(connection, conversation, stored, messages)
        return _uuid(stored), True

    async def find_by_call(self, domain_uuid: UUID, call_uuid: UUID) -> UUID | None:
        """The conversation of a call that is over, None when it is not stored."""
        async with self._database.tenant(domain_uuid) as connection:
            found = await connection.fetchval(_SQL.find_by_call, domain_uuid, call_uuid)
        return None if found is None else _uuid(found)

    async def audio_refs(self, domain_uuid: UUID, call_uuid: UUID) -> tuple[str, ...]:
        """Names of the call's files that stored rows refer to; none when the call is not stored."""
        async with self._database.tenant(domain_uuid) as connection:
            row = await connection.fetchrow(_SQL.audio_refs, domain_uuid, call_uuid)
        if row is None:
            return ()
        names = (*row["audio_refs"], row["message_audio_ref"], row["recording_ref"])
        return tuple(dict.fromkeys(name for name in names if name and not is_link(name)))

    async def find(self, domain_uuid: UUID, conversation_uuid: UUID) -> ConversationDetail:
        """A conversation with all its messages.

        Raises:
            NotFound: The domain has none of this uuid.
        """
        async with self._database.tenant(domain_uuid) as connection:
            row = await connection.fetchrow(_SQL.find_conversation, domain_uuid, conversation_uuid)
            if row is None:
                raise NotFound("there is no such conversation", field="conversation_uuid")
            messages = await connection.fetch(_SQL.list_messages, domain_uuid, conversation_uuid)
        return ConversationDetail(conversation_from(row), tuple(message_from(found) for found in messages))

    async def page(self, domain_uuid: UUID, wanted: ConversationFilter) -> ConversationPage:
        """A page of conversations, newest first.

        Raises:
            InvalidInput: The limit is not 1 to 200, or the cursor is none of ours.
        """
        if not 1 <= wanted.limit <= MAX_PAGE:
            raise InvalidInput(f"a page has 1 to {MAX_PAGE} conversations", field="limit")
        cursor = Cursor.decode(wanted.cursor) if wanted.cursor else None
        async with self._database.tenant(domain_uuid) as connection:
            rows = await connection.fetch(
                _SQL.list_conversations,
                domain_uuid,
                wanted.started_from,
                wanted.started_before,
                wanted.caller_number,
                wanted.secretary_uuid,
                wanted.resolution,
                f"%{_like(wanted.text)}%" if wanted.text else None,
                cursor.started_at if cursor else None,
                cursor.conversation_uuid if cursor else None,
                wanted.limit + 1,
            )
        found = tuple(conversation_from(row) for row in rows[: wanted.limit])
        if len(rows) <= wanted.limit:
            return ConversationPage(found, None)
        return ConversationPage(found, Cursor(found[-1].started_at, found[-1].conversation_uuid).encode())

    async def _store_parts(
        self, connection: Connection, conversation: Conversation, stored: Any, messages: _MessageRows
    ) -> None:
        domain_uuid = conversation.domain_uuid
        if conversation.caller_number:
            await connection.execute(
                _SQL.link_caller, domain_uuid, stored, conversation.caller_number, conversation.started_at
            )
        if messages.rows:
            await connection.execute(
                _SQL.insert_messages, domain_uuid, stored, messages.rows, _as_array(messages.numbers)
            )
        if conversation.usage:
            await connection.execute(_SQL.add_usage, domain_uuid, _usage_rows(conversation))
        for announcement in self._announcements:
            await announcement.enqueue(connection, conversation)
        await connection.execute(_SQL.remove_live_call, domain_uuid, conversation.call_uuid)


async def _known(connection: Connection, conversation: Conversation) -> UUID:
    return _uuid(
        await connection.fetchval(_SQL.find_by_call, conversation.domain_uuid, conversation.call_uuid)
    )


def _uuid(value: Any) -> UUID:
    """asyncpg gives a subclass of UUID that does not pickle."""
    return UUID(int=value.int)


def _like(text: str) -> str:
    return storable(text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _conversation_row(conversation: Conversation) -> tuple[Any, ...]:
    return (
        conversation.domain_uuid,
        conversation.call_uuid,
        conversation.secretary_uuid,
        conversation.secretary_name,
        conversation.secretary_version,
        conversation.mode,
        conversation.caller_number,
        conversation.called_number,
        conversation.language,
        conversation.started_at,
        conversation.answered_at,
        conversation.ended_at,
        conversation.duration_ms,
        conversation.turn_count,
        conversation.resolution,
        conversation.end_reason,
        conversation.hangup_cause,
        conversation.transferred_to,
        conversation.message_text,
        conversation.message_audio_ref,
        conversation.recording_ref,
        {stage: asdict(summary) for stage, summary in conversation.latency.items()},
        {stage: list(names) for stage, names in conversation.providers.items()},
        conversation.prompt_tokens,
        conversation.completion_tokens,
        conversation.cost_cents,
    )


@dataclass(frozen=True, slots=True)
class _MessageRows:
    """
    Attributes:
        rows: A message each; its vector is `numbers[embedding_first - 1 : embedding_last]`.
        numbers: All vectors, one after the other.
    """

    rows: list[dict[str, Any]]
    numbers: list[float]


def _message_rows(messages: Sequence[Message], vectors: MessageVectors | None) -> _MessageRows:
    rows: list[dict[str, Any]] = []
    numbers: list[float] = []
    every = vectors.vectors if vectors is not None else [None] * len(messages)
    for index, (message, vector) in enumerate(zip(messages, every, strict=True)):
        row = _message_row(index, message)
        if vectors is not None and vector is not None and all(map(isfinite, vector)):
            row["embedding_model"], row["embedding_first"] = vectors.model, len(numbers) + 1
            numbers.extend(vector)
            row["embedding_last"] = len(numbers)
        rows.append(row)
    return _MessageRows(storable_json(rows), numbers)


def _as_array(numbers: list[float]) -> str:
    """As PostgreSQL reads an array."""
    return "{" + to_json(numbers)[1:-1].decode() + "}"


def _message_row(index: int, message: Message) -> dict[str, Any]:
    return {
        "message_index": index,
        "turn_number": message.turn,
        "speaker": message.speaker,
        "message_text": message.text,
        "heard_text": message.heard_text,
        "language": message.language,
        "confidence": message.confidence,
        "digits": message.digits,
        "message_date": message.spoken_at.isoformat(),
        "audio_ref": message.audio_ref,
        "audio_ms": message.audio_ms,
        "played_ms": message.played_ms,
        "barged_in": message.barged_in,
        "action": message.action,
        "intent": message.intent,
        "latency": message.latency_ms,
        "providers": message.providers,
        "prompt_tokens": message.prompt_tokens,
        "completion_tokens": message.completion_tokens,
        "sources": list(message.sources),
        "tools": list(message.tools),
    }


def _usage_rows(conversation: Conversation) -> list[dict[str, Any]]:
    return [
        {
            "usage_day": usage.day.isoformat(),
            "provider_kind": usage.kind,
            "provider_name": usage.provider,
            "provider_model": storable(usage.model),
            "request_count": usage.requests,
            "unit_count": str(usage.units),
            "cost_cents": None if usage.cost_cents is None else str(usage.cost_cents),
        }
        for usage in conversation.usage
    ]
