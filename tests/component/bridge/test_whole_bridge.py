"""The bridge as it is shipped: its composition on a real PostgreSQL, the embedded voice, a real socket, real time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import websockets
from pydantic import SecretStr

from realtime_bridge.composition import open_bridge
from tests.component.bridge.test_bridge_calls import Caller
from tests.conftest import DatabaseUrls, MakeDomain
from tests.fakes.calls import call_state
from tests.fakes.secretaries import SETTINGS
from voice_ai_service.calls.repository import SecretaryRepository
from voice_ai_service.calls.secretary import Mode, SecretarySettings
from voice_ai_service.calls.stored import SecretaryDraft
from voice_ai_service.clock import SystemClock
from voice_ai_service.conversations.live_calls import LiveCalls
from voice_ai_service.conversations.repository import ConversationRepository
from voice_ai_service.conversations.stored import ConversationDetail
from voice_ai_service.conversations.stream_tickets import StreamOptions, StreamTickets
from voice_ai_service.db.pool import Database
from voice_ai_service.dialogue.call_state import CallState
from voice_ai_service.metrics import Metrics
from voice_ai_service.settings import Settings

pytestmark = pytest.mark.postgres
ALWAYS_OPEN = {
    day: [{"opens": "00:00", "closes": "23:59"}] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
}


async def a_call(db: Database, domain_uuid: UUID) -> CallState:
    settings = SETTINGS | {
        "hours": {"week": ALWAYS_OPEN},
        "disclosure": False,
        "greeting": {"pt-BR": "Olá."},
        "fallback": {"kind": "hangup"},
        "dtmf": {"9": {"action": "hangup"}, "7": {"action": "hours"}},
    }
    secretaries = SecretaryRepository(db)
    stored = await secretaries.create(
        domain_uuid,
        SecretaryDraft(
            name="Clara",
            extension="8000",
            mode=Mode.REALTIME,
            settings=SecretarySettings.model_validate(settings),
        ),
    )
    secretary = await secretaries.publish(domain_uuid, stored.secretary_uuid)
    return call_state(
        domain_uuid,
        call_uuid=uuid4(),
        secretary_uuid=secretary.secretary_uuid,
        secretary_version=secretary.version,
        started_at=datetime.now(UTC),
        answered_at=None,
        mode="realtime",
        turns=[],
    )


async def stored(db: Database, call: CallState) -> ConversationDetail:
    conversations = ConversationRepository(db)
    async with asyncio.timeout(10):
        while True:
            found = await conversations.find_by_call(call.domain_uuid, call.call_uuid)
            if found is not None:
                return await conversations.find(call.domain_uuid, found)
            await asyncio.sleep(0.05)


async def test_a_call_through_the_shipped_bridge(
    db: Database, database_urls: DatabaseUrls, make_domain: MakeDomain, tmp_path: Path
) -> None:
    call = await a_call(db, await make_domain())
    ticket = await StreamTickets(db).issue(call, uuid4(), StreamOptions(playout="socket", control="socket"))
    settings = Settings(
        data_dir=tmp_path,
        database_url=SecretStr(database_urls.app),
        bridge_port=0,
        bridge_health_port=0,
        esl_host=None,
    )
    metrics = Metrics()
    async with open_bridge(settings, metrics, SystemClock()) as bridge:
        url = f"ws://127.0.0.1:{bridge.server.port}/stream/{call.call_uuid}?token={ticket}"
        async with websockets.connect(url, compression=None) as socket:
            someone = Caller(socket)
            beside = [asyncio.create_task(someone.send()), asyncio.create_task(someone.receive())]
            await someone.state("listening")
            assert someone.heard, "the greeting was audible"
            await socket.send('{"type": "dtmf", "digit": "7"}')
            hours = await someone.turn(1)
            assert hours["digits"] == "7"
            assert hours["heard_ms"] == hours["audio_ms"] > 1000
            journalled = await LiveCalls(db).load(call.domain_uuid, call.call_uuid)
            assert journalled is not None
            assert journalled.mode == "realtime"
            await socket.send('{"type": "dtmf", "digit": "9"}')
            await someone.until(lambda: someone.of("hangup"))
            await socket.close()
            await asyncio.gather(*beside, return_exceptions=True)
        detail = await stored(db, call)
    assert detail.conversation.mode == "realtime"
    assert detail.conversation.end_reason == "completed"
    assert [message.digits for message in detail.messages if message.digits] == ["7", "9"]
    assert all(
        message.heard_text == message.text for message in detail.messages if message.speaker == "secretary"
    )
    assert await LiveCalls(db).load(call.domain_uuid, call.call_uuid) is None
    assert metrics.registry.get_sample_value(
        "voice_ai_calls_ended_total", {"mode": "realtime", "resolution": "completed"}
    )
