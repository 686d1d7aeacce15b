"""Conversations against a real PostgreSQL, as the service's role."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.conftest import MakeDomain
from tests.fakes.calls import STARTED, call_state, exchange, greeting
from voice_ai_service.conversations.conversation import Conversation, build
from voice_ai_service.conversations.outcome import EndedBy, Ending, Resolution
from voice_ai_service.conversations.repository import ConversationRepository, MessageVectors
from voice_ai_service.conversations.stored import ConversationFilter
from voice_ai_service.db.pool import Connection, Database
from voice_ai_service.errors import InvalidInput, NotFound, Unavailable

ENDING = Ending(
    by=EndedBy.CALLER_HANGUP, ended_at=STARTED + timedelta(seconds=60), hangup_cause="NORMAL_CLEARING"
)
TABLES = ("v_voice_conversations", "v_voice_messages", "v_voice_callers", "v_voice_usage")


def conversation_of(domain_uuid: UUID, **changes: Any) -> Conversation:
    return build(call_state(domain_uuid, **changes), ENDING, secretary_name="Clara", keep_audio=True)


async def counts(owner: asyncpg.Connection, domain_uuid: UUID) -> dict[str, int]:
    return {
        table: await owner.fetchval(f"SELECT count(*) FROM {table} WHERE domain_uuid = $1", domain_uuid)
        for table in TABLES
    }


async def test_a_conversation_comes_back_whole(db: Database, make_domain: MakeDomain) -> None:
    domain_uuid = await make_domain()
    repository = ConversationRepository(db)
    conversation = conversation_of(domain_uuid)
    stored = await repository.store(
        conversation, MessageVectors("tiny", [[0.1, 0.2, 0.3], None, [0.5, 0.5, 0.5], None, None])
    )
    detail = await repository.find(domain_uuid, stored)
    assert detail.conversation.call_uuid == conversation.call_uuid
    assert detail.conversation.resolution is Resolution.COMPLETED
    assert detail.conversation.hangup_cause == "NORMAL_CLEARING"
    assert detail.conversation.duration_ms == 59_000
    assert detail.conversation.latency_ms["total"] == {"mean": 180.0, "p95": 180.0}
    assert detail.conversation.prompt_tokens == 400
    assert [(m.speaker, m.text, m.turn) for m in detail.messages] == [
        ("secretary", "Bom dia, clínica Sol.", 0),
        ("caller", "qual o horário", 1),
        ("secretary", "Abrimos das oito às dezoito.", 1),
        ("caller", "obrigado", 2),
        ("secretary", "Até logo.", 2),
    ]
    assert [m.embedding_model for m in detail.messages] == ["tiny", None, "tiny", None, None]
    assert detail.messages[1].audio_ref == "utterance-0001.wav"
    assert detail.messages[2].sources == ("precos.pdf",)
    assert detail.messages[2].latency_ms == {"stt": 40, "retrieval": 2, "llm": 100, "tts": 30, "total": 180}


async def test_stored_twice_is_stored_once(
    db: Database, make_domain: MakeDomain, owner_connection: asyncpg.Connection
) -> None:
    domain_uuid = await make_domain()
    repository = ConversationRepository(db)
    conversation = conversation_of(domain_uuid)
    first = await repository.store(conversation)
    before = await counts(owner_connection, domain_uuid)
    assert await repository.store(conversation) == first
    assert await repository.find_by_call(domain_uuid, conversation.call_uuid) == first
    assert await counts(owner_connection, domain_uuid) == before
    callers = await owner_connection.fetch(
        "SELECT call_count FROM v_voice_callers WHERE domain_uuid = $1", domain_uuid
    )
    assert [int(row["call_count"]) for row in callers] == [1]
