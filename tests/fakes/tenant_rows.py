"""One row in every `v_voice_*` table for a domain, so that tests of isolation miss no table."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg

Planted = dict[str, UUID]
"""Table name to its row's primary key."""


async def plant(owner: asyncpg.Connection, domain_uuid: UUID) -> Planted:
    """Insert as the tables' owner."""
    rows: Planted = {}

    async def put(table: str, **values: Any) -> UUID:
        values = {"domain_uuid": domain_uuid, **values}
        columns = ", ".join(values)
        places = ", ".join(f"${n}" for n in range(1, len(values) + 1))
        pk = primary_key(table)
        rows[table] = await owner.fetchval(
            f"INSERT INTO {table} ({columns}) VALUES ({places}) RETURNING {pk}", *values.values()
        )
        return rows[table]

    secretary = await put("v_voice_secretaries", secretary_name="Ana", secretary_extension="8000")
    await put(
        "v_voice_secretary_versions", voice_secretary_uuid=secretary, version_number=1, version_settings="{}"
    )
    await put("v_voice_providers", provider_kind="llm", provider_name="openai", provider_secret="sealed")
    destination = await put(
        "v_voice_transfer_destinations", destination_name="financeiro", destination_number="2001"
    )
    await put("v_voice_transfer_rules", voice_transfer_destination_uuid=destination, rule_intent="pay")
    caller = await put("v_voice_callers", caller_number="+5511999990000")
    live_call = await put("v_voice_live_calls", voice_secretary_uuid=secretary)
    await put(
        "v_voice_stream_tickets",
        voice_live_call_uuid=live_call,
        channel_uuid=live_call,
        ticket_hash=hashlib.sha256(uuid4().bytes).hexdigest(),
        expires_date=datetime.now(UTC),
    )
    conversation = await put(
        "v_voice_conversations",
        call_uuid=uuid4(),
        voice_secretary_uuid=secretary,
        voice_caller_uuid=caller,
        resolution="completed",
    )
    await put("v_voice_messages", voice_conversation_uuid=conversation, message_index=0, speaker="caller")
    document = await put("v_voice_documents", document_name="prices.pdf", voice_secretary_uuid=secretary)
    await put("v_voice_chunks", voice_document_uuid=document, chunk_index=0, chunk_text="ten reais")
    await put("v_voice_document_jobs", voice_document_uuid=document, job_reason="upload", document_version=2)
    webhook = await put("v_voice_webhooks", webhook_url="https://crm.example/hook")
    await put(
        "v_voice_outbox", voice_webhook_uuid=webhook, event_name="call_completed", event_id=f"e-{uuid4()}"
    )
    await put("v_voice_tokens", token_hash=hashlib.sha256(uuid4().bytes).hexdigest(), token_name="pbx")
    await put("v_voice_settings", setting_category="limits", setting_name="x", setting_value="1")
    await put("v_voice_usage", provider_kind="stt", provider_name="embedded")
    return rows


def primary_key(table: str) -> str:
    """FusionPBX's rule: the singular of the table's name, and `_uuid`."""
    name = table.removeprefix("v_")
    singular = {
        "voice_secretaries": "voice_secretary",
        "voice_usage": "voice_usage",
        "voice_outbox": "voice_outbox",
    }
    return f"{singular.get(name, name.removesuffix('s'))}_uuid"
