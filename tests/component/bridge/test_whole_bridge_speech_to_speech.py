"""The bridge as it is shipped, with a vendor's speech-to-speech model: a row in the database, its wire on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import websockets
from pydantic import SecretStr

from realtime_bridge.composition import open_bridge
from tests.component.bridge.test_bridge_calls import Caller
from tests.component.bridge.test_whole_bridge import ALWAYS_OPEN, stored
from tests.conftest import DatabaseUrls, MakeDomain
from tests.fakes import elevenlabs_server, gemini_server, openai_realtime_server
from tests.fakes.calls import call_state
from tests.fakes.elevenlabs_server import fake_elevenlabs
from tests.fakes.gemini_server import fake_gemini
from tests.fakes.openai_realtime_server import fake_openai_realtime
from tests.fakes.secretaries import SETTINGS
from tests.fakes.signals import voiced
from tests.fakes.tones import pitch_hz
from tests.fakes.websocket_vendor import Said
from voice_ai_service.calls.repository import SecretaryRepository
from voice_ai_service.calls.secretary import Mode, SecretarySettings
from voice_ai_service.calls.stored import SecretaryDraft
from voice_ai_service.clock import SystemClock
from voice_ai_service.conversations.stored import ConversationDetail
from voice_ai_service.conversations.stream_tickets import StreamOptions, StreamTickets
from voice_ai_service.db.pool import Database
from voice_ai_service.dialogue.call_state import CallState
from voice_ai_service.metrics import Metrics
from voice_ai_service.providers.entry import ProviderKind
from voice_ai_service.providers.rows import ProviderDraft, ProviderRepository
from voice_ai_service.settings import Settings
from voice_ai_service.tenancy.sealing import load_sealer

pytestmark = pytest.mark.postgres


@dataclass(frozen=True)
class Choice:
    name: str
    key: str
    fake: Callable[..., AbstractAsyncContextManager[Any]]
    settings: dict[str, Any]


OPENAI = Choice(
    "openai_compatible", openai_realtime_server.KEY, fake_openai_realtime,
    {"model": openai_realtime_server.MODEL, "transcription_model": "gpt-transcribe"},
)  # fmt: skip
ELEVENLABS = Choice(
    "elevenlabs", elevenlabs_server.KEY, fake_elevenlabs, {"agent_id": elevenlabs_server.AGENT}
)
GEMINI = Choice("gemini", gemini_server.KEY, fake_gemini, {})


@dataclass
class Live:
    db: Database
    call: CallState
    someone: Caller
    metrics: Metrics

    async def over(self) -> ConversationDetail:
        await self.someone.socket.close()
        return await stored(self.db, self.call)


@pytest.fixture
def bridge_with(
    db: Database, database_urls: DatabaseUrls, make_domain: MakeDomain, tmp_path: Path
) -> Callable[[Choice, str], AbstractAsyncContextManager[Live]]:
    settings = Settings(
        data_dir=tmp_path,
        database_url=SecretStr(database_urls.app),
        bridge_port=0,
        bridge_health_port=0,
        esl_host=None,
        allowed_private_networks="127.0.0.0/8",
    )

    async def a_call(choice: Choice, base_url: str) -> CallState:
        domain_uuid = await make_domain()
        sealer = await asyncio.to_thread(load_sealer, settings)
        row = await ProviderRepository(db).create(
            domain_uuid,
            ProviderDraft(
                ProviderKind.REALTIME, choice.name, "", {**choice.settings, "base_url": base_url}, 100, True,
                sealer.seal(choice.key),
            ),
        )  # fmt: skip
        return await a_secretary(db, domain_uuid, row)

    @asynccontextmanager
    async def opened(choice: Choice, base_url: str) -> AsyncIterator[Live]:
        call = await a_call(choice, base_url)
        options = StreamOptions(playout="socket", control="socket")
        ticket = await StreamTickets(db).issue(call, uuid4(), options)
        metrics = Metrics()
        async with open_bridge(settings, metrics, SystemClock()) as bridge:
            url = f"ws://127.0.0.1:{bridge.server.port}/stream/{call.call_uuid}?token={ticket}"
            async with websockets.connect(url, compression=None) as socket:
                someone = Caller(socket)
                beside = [asyncio.create_task(someone.send()), asyncio.create_task(someone.receive())]
                try:
                    yield Live(db, call, someone, metrics)
                finally:
                    await socket.close()
                    await asyncio.gather(*beside, return_exceptions=True)

    return opened


async def a_secretary(db: Database, domain_uuid: UUID, row: UUID) -> CallState:
    wanted = SETTINGS | {
        "hours": {"week": ALWAYS_OPEN},
        "disclosure": False,
        "greeting": {"pt-BR": "Olá."},
        "fallback": {"kind": "hangup"},
        "dtmf": {"9": {"action": "hangup"}, "7": {"action": "hours"}},
        "providers": {"realtime": [str(row)]},
    }
    secretaries = SecretaryRepository(db)
    settings = SecretarySettings.model_validate(wanted)
    draft = SecretaryDraft(name="Clara", extension="8000", mode=Mode.REALTIME, settings=settings)
    made = await secretaries.create(domain_uuid, draft)
    secretary = await secretaries.publish(domain_uuid, made.secretary_uuid)
    return call_state(
        domain_uuid,
        call_uuid=uuid4(),
        secretary_uuid=secretary.secretary_uuid,
        secretary_version=secretary.version,
        started_at=SystemClock().now(),
        answered_at=None,
        mode="realtime",
        turns=[],
    )


def softly(ms: int, rate_hz: int) -> bytes:
    """A voice, not so loud that the ear would have to take the caller's for its echo."""
    return voiced(ms, rate_hz, amplitude=1600).samples


BridgeWith = Callable[[Choice, str], AbstractAsyncContextManager[Live]]


@pytest.mark.parametrize("choice", [OPENAI, ELEVENLABS, GEMINI], ids=lambda choice: choice.name)
async def test_the_caller_talks_with_the_vendors_model(choice: Choice, bridge_with: BridgeWith) -> None:
    async with choice.fake() as fake, bridge_with(choice, fake.base_url) as live:
        fake.replies = [Said("Claro, um momento.", audio_ms=600)]
        someone = live.someone
        await someone.state("listening")
        someone.heard.clear()
        await someone.says(900)
        turn = await someone.turn(1)
        assert pitch_hz(bytes(someone.heard), 8000) == pytest.approx(600, abs=10)
        assert turn["heard_ms"] == turn["audio_ms"] == pytest.approx(600, abs=40)
        detail = await live.over()
    texts = [(message.speaker, message.text) for message in detail.messages if message.turn == 1]
    assert texts == [("caller", "quero pagar minha conta"), ("secretary", "Claro, um momento.")]
    said = next(
        message for message in detail.messages if message.speaker == "secretary" and message.turn == 1
    )
    assert said.providers["realtime"] == choice.name
    assert "Padaria Sol" in str(fake.talk.received[0])


async def test_the_model_hangs_up_after_its_farewell(bridge_with: BridgeWith) -> None:
    async with fake_openai_realtime() as fake, bridge_with(OPENAI, fake.base_url) as live:
        fake.replies = [Said("Até logo!", audio_ms=500, tools=(("end_call", "{}"),))]
        await live.someone.state("listening")
        await live.someone.says(900)
        await live.someone.until(lambda: live.someone.of("hangup"))
        detail = await live.over()
    assert detail.conversation.end_reason == "completed"
    farewell = next(message for message in detail.messages if message.text == "Até logo!")
    assert farewell.heard_text == "Até logo!"
    assert fake.violations == []


async def test_who_interrupts_is_heard_and_the_model_knows_what_was_not(bridge_with: BridgeWith) -> None:
    async with fake_openai_realtime() as fake, bridge_with(OPENAI, fake.base_url) as live:
        offer = "Temos muitos horários livres na semana que vem, de segunda a sexta."
        fake.replies = [Said(offer, 6000, sound=softly)]
        await live.someone.state("listening")
        live.someone.heard.clear()
        await live.someone.says(900)
        await live.someone.until(lambda: len(live.someone.heard) > 16000)
        await live.someone.says(1200)
        await live.someone.turn(2)
        (cut,) = fake.talk.of("conversation.item.truncate")
        detail = await live.over()
    first = next(
        message for message in detail.messages if message.speaker == "secretary" and message.turn == 1
    )
    assert first.barged_in
    assert cut["audio_end_ms"] == pytest.approx(first.played_ms, abs=40)
    assert first.heard_text != first.text
    assert fake.violations == []


async def test_when_the_vendor_dies_in_mid_call_the_cascade_goes_on(bridge_with: BridgeWith) -> None:
    async with fake_openai_realtime() as fake, bridge_with(OPENAI, fake.base_url) as live:
        await live.someone.state("listening")
        fake.wire.status = 500
        fake.talk.cut()
        await live.someone.socket.send('{"type": "dtmf", "digit": "7"}')
        hours = await live.someone.turn(1)
        assert hours["digits"] == "7"
        assert hours["heard_ms"] > 1000
        detail = await live.over()
    assert "realtime" not in detail.messages[-1].providers
