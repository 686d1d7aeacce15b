"""From a tenant's row to an answer over the wire, with the real catalogue, the real adapters and a failing vendor."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.fakes.openai_server import KEY, FakeOpenAi, as_it_is, error, fake_openai
from tests.fakes.providers import PlainSealer, RowsInMemory, Watching, row
from tests.models.tiny_piper import write_tone_voice
from tests.models.tiny_whisper import write_tone_model
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.errors import ProviderRefused, ProviderUnavailable
from voice_ai_service.providers.catalogue import load_registry
from voice_ai_service.providers.entry import ProviderContext, ProviderKind
from voice_ai_service.providers.factory import EmbeddedDefaults, ProviderFactory
from voice_ai_service.providers.llm.seam import ChatDone, ChatMessage, ChatOptions, Role, TextDelta
from voice_ai_service.providers.stt.seam import SttOptions
from voice_ai_service.providers.tts.seam import TtsOptions

DOMAIN = UUID(int=7)
SECOND = PcmAudio(bytes(16000), 8000)
STT, TTS, LLM = ProviderKind.STT, ProviderKind.TTS, ProviderKind.LLM


class Tenant:
    """A domain's rows, and the factory that serves it."""

    def __init__(self, models_dir: Path) -> None:
        self.rows = RowsInMemory()
        self.watching = Watching()
        context = ProviderContext(models_dir=models_dir, allowed_networks=(ip_network("127.0.0.0/8"),))
        self.factory = ProviderFactory(
            load_registry(context),
            self.rows,
            PlainSealer(),
            embedded=EmbeddedDefaults(stt=None, tts=None),
            observer=self.watching,
        )

    def has(self, kind: ProviderKind, *rows: Any) -> None:
        numbered = [replace(one, priority=number) for number, one in enumerate(rows)]
        self.rows.rows[DOMAIN, kind] = numbered
        self.factory.forget(DOMAIN)


@pytest.fixture
async def tenant(tmp_path: Path) -> AsyncIterator[Tenant]:
    made = Tenant(tmp_path)
    yield made
    await made.factory.aclose()


@pytest.fixture
async def first() -> AsyncIterator[FakeOpenAi]:
    async with fake_openai(says=("Da primeira",), transcript={"text": "da primeira"}) as server:
        yield server


@pytest.fixture
async def second() -> AsyncIterator[FakeOpenAi]:
    async with fake_openai(says=("Da segunda",), transcript={"text": "da segunda"}) as server:
        yield server


def over(server: FakeOpenAi, key: str = KEY, **settings: Any) -> Any:
    return row("openai_compatible", {"base_url": server.base_url, **settings}, sealed_secret=f"sealed:{key}")


def chat_row(server: FakeOpenAi, key: str = KEY, **settings: Any) -> Any:
    return over(server, key, model="gpt-4.1-mini", **settings)


async def ask(tenant: Tenant) -> tuple[str, str]:
    """What is said, and by which model's provider row."""
    chain = await tenant.factory.llm(DOMAIN)
    assert chain is not None
    stream = chain.chat([ChatMessage(Role.USER, "Olá")], [], ChatOptions())
    events = [event async for event in stream]
    assert isinstance(events[-1], ChatDone)
    assert stream.used is not None
    return "".join(event.text for event in events if isinstance(event, TextDelta)), stream.used.provider


async def test_the_next_row_answers_the_same_question(
    tenant: Tenant, first: FakeOpenAi, second: FakeOpenAi
) -> None:
    tenant.has(LLM, chat_row(first), chat_row(second))
    assert await ask(tenant) == ("Da primeira", "openai_compatible")
    first.fault = lambda _: error(500, "on fire", None)
    assert await ask(tenant) == ("Da segunda", "openai_compatible")


async def test_a_row_that_is_too_slow_by_its_own_limit_is_left(
    tenant: Tenant, first: FakeOpenAi, second: FakeOpenAi
) -> None:
    first.fault = lambda answer: replace(answer, silent=True)
    tenant.has(LLM, chat_row(first, timeouts={"first_byte_s": 0.1}), chat_row(second))
    assert (await ask(tenant))[0] == "Da segunda"
    await asyncio.wait_for(first.requests[0].abandoned.wait(), 5)
    assert ("llm", "openai_compatible", "provider_timeout") in tenant.watching.results


async def test_a_vendor_that_keeps_failing_is_not_asked_any_more(
    tenant: Tenant, first: FakeOpenAi, second: FakeOpenAi
) -> None:
    first.fault = lambda _: error(503, "overloaded", None)
    tenant.has(LLM, chat_row(first), chat_row(second))
    for _ in range(6):
        await ask(tenant)
    assert (len(first.requests), len(second.requests)) == (3, 6)


async def test_a_busy_vendors_word_is_obeyed_at_once(
    tenant: Tenant, first: FakeOpenAi, second: FakeOpenAi
) -> None:
    first.fault = lambda _: error(429, "slow down", "rate_limit_exceeded", headers={"retry-after": "60"})
    tenant.has(LLM, chat_row(first), chat_row(second))
    for _ in range(3):
        await ask(tenant)
    assert len(first.requests) == 1


async def test_the_second_key_works_when_the_first_is_refused(tenant: Tenant, first: FakeOpenAi) -> None:
    tenant.has(LLM, chat_row(first, f"sk-revoked\n{KEY}"))
    assert (await ask(tenant))[0] == "Da primeira"
    assert len(first.requests) == 2


async def test_no_vendors_error_becomes_a_transcript(tenant: Tenant, first: FakeOpenAi) -> None:
    first.fault = lambda _: error(400, "Audio could not be decoded", None)
    tenant.has(STT, over(first, model="whisper-1"))
    chain = await tenant.factory.stt(DOMAIN)
    with pytest.raises(ProviderRefused) as caught:
        await chain.transcribe(SECOND, SttOptions(("pt-BR",)))
    assert "decoded" not in caught.value.message


async def test_no_vendors_error_becomes_sound(tenant: Tenant, first: FakeOpenAi) -> None:
    async def texts() -> AsyncIterator[str]:
        yield "Olá, tudo bem?"

    tenant.has(TTS, over(first, model="tts-1", voice="alloy"))
    first.fault = lambda answer: replace(answer, cut_after=0)
    with pytest.raises(ProviderUnavailable):
        _ = [chunk async for chunk in (await tenant.factory.tts(DOMAIN)).stream(texts(), TtsOptions("pt-BR"))]
    first.fault = as_it_is
    heard = [chunk async for chunk in (await tenant.factory.tts(DOMAIN)).stream(texts(), TtsOptions("pt-BR"))]
    assert sum(map(len, heard)) == pytest.approx(4800 / 3, abs=4)


async def test_changed_settings_reach_the_next_question_and_the_old_client_is_closed(
    tenant: Tenant, first: FakeOpenAi, second: FakeOpenAi
) -> None:
    uuid = uuid4()
    tenant.has(LLM, replace(chat_row(first), provider_uuid=uuid))
    chain = await tenant.factory.llm(DOMAIN)
    assert chain is not None
    stream = chain.chat([ChatMessage(Role.USER, "Olá")], [], ChatOptions())
    await anext(stream)
    tenant.has(LLM, replace(chat_row(second), provider_uuid=uuid))
    assert (await ask(tenant))[0] == "Da segunda"
    assert isinstance([event async for event in stream][-1], ChatDone)
    await chain.links[0].instance.closed()
    assert not chain.links[0].instance.alive


async def test_twenty_parallel_first_requests_load_a_real_model_once(tenant: Tenant, tmp_path: Path) -> None:
    write_tone_model(tmp_path / "whisper" / "tones")
    tenant.has(STT, row("faster_whisper", {"model": "tones", "cpu_threads": 1}))
    chains = await asyncio.gather(*(tenant.factory.stt(DOMAIN) for _ in range(20)))
    pids = set()

    async def use(chain: Any) -> None:
        async with chain.links[0].instance.lease() as engine:
            pids.add(engine._worker.pid)

    await asyncio.gather(*(use(chain) for chain in chains))
    assert len(pids) == 1


async def test_a_local_voice_of_the_operator(tenant: Tenant, tmp_path: Path) -> None:
    async def texts() -> AsyncIterator[str]:
        yield "Sim, pode."

    write_tone_voice(tmp_path / "piper")
    tenant.has(TTS, row("piper", {"model": "tones"}))
    stream = (await tenant.factory.tts(DOMAIN)).stream(texts(), TtsOptions("pt-BR"))
    assert b"".join([chunk async for chunk in stream])
    assert stream.used is not None
    assert (stream.used.provider, stream.used.model) == ("piper", "tones")
