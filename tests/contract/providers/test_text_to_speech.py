"""Speech over OpenAI's wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import numpy as np
import pytest

from tests.contract.providers.wires import LOOPBACK, tts_settings
from tests.fakes.openai_server import KEY, FakeOpenAi, fake_openai
from voice_ai_service.errors import ProviderProtocol, ProviderRefused
from voice_ai_service.providers.tts import openai as tts
from voice_ai_service.providers.tts.seam import TtsOptions

SECOND_OF_TONE = (np.sin(np.arange(24000) * 2 * np.pi * 440 / 24000) * 9000).astype("<i2").tobytes()


@asynccontextmanager
async def voice(
    *, settings: dict[str, Any] | None = None, **fake: Any
) -> AsyncIterator[tuple[FakeOpenAi, Any]]:
    async with fake_openai(**fake) as server:
        made = tts_settings(base_url=server.base_url, **(settings or {}))
        async with aclosing(await tts.build(LOOPBACK, made, KEY)) as provider:
            yield server, provider


async def texts(*given: str) -> AsyncIterator[str]:
    for text in given:
        yield text


async def speak(provider: Any, *given: str, **options: Any) -> bytes:
    return b"".join([chunk async for chunk in provider.stream(texts(*given), TtsOptions("pt-BR", **options))])


@pytest.mark.parametrize("rate_hz", [8000, 16000, 24000])
async def test_the_sound_is_whole_and_at_the_rate_that_was_asked(rate_hz: int) -> None:
    async with voice(samples=SECOND_OF_TONE) as (_, provider):
        samples = np.frombuffer(await speak(provider, "Bom dia.", sample_rate_hz=rate_hz), dtype="<i2")
    assert abs(len(samples) - rate_hz) <= 1
    middle = samples[rate_hz // 4 : rate_hz // 2].astype(float)
    strongest = np.argmax(np.abs(np.fft.rfft(middle))) * rate_hz / len(middle)
    assert strongest == pytest.approx(440, abs=5)


async def test_the_first_sound_comes_before_the_text_is_complete() -> None:
    more = asyncio.Event()

    async def slow_text() -> AsyncIterator[str]:
        yield "Bom dia, Maria. C"
        await more.wait()
        yield "omo vai?"

    async with voice(samples=SECOND_OF_TONE) as (server, provider):
        stream = provider.stream(slow_text(), TtsOptions("pt-BR"))
        assert await anext(stream)
        assert [request.json["input"] for request in server.requests] == ["Bom dia, Maria."]
        more.set()
        assert len([chunk async for chunk in stream]) > 1
        assert server.requests[1].json["input"] == "Como vai?"


async def test_what_is_asked() -> None:
    async with voice(settings={"instructions": "Fale devagar."}) as (server, provider):
        await speak(provider, "Olá, tudo bem?", voice="nova", speed=9.0)
        asked = server.requests[0].json
    assert asked == {
        "model": "tts-1",
        "voice": "nova",
        "input": "Olá, tudo bem?",
        "response_format": "pcm",
        "speed": 4.0,
        "instructions": "Fale devagar.",
    }


async def test_a_voice_that_does_not_exist_is_named_by_who_asked_for_it() -> None:
    async with voice() as (_, provider):
        with pytest.raises(ProviderRefused) as asked:
            await speak(provider, "Olá, tudo bem?", voice="nobody")
    async with voice(settings={"voice": "nobody"}) as (_, provider):
        with pytest.raises(ProviderRefused) as configured:
            await speak(provider, "Olá, tudo bem?")
    assert (asked.value.field, configured.value.field) == ("voice", "settings.voice")


@pytest.mark.parametrize("start", [b"RIFF", b"OggS", b"ID3"])
async def test_a_sound_file_is_not_played_as_samples(start: bytes) -> None:
    async with voice(samples=start + bytes(400)) as (_, provider):
        with pytest.raises(ProviderProtocol):
            await speak(provider, "Olá, tudo bem?")


@pytest.mark.parametrize("kind", ["application/json", "text/plain; charset=utf-8", "audio/mpeg"])
async def test_what_says_it_is_no_pcm_is_not_played(kind: str) -> None:
    async with voice(speech_type=kind) as (_, provider):
        with pytest.raises(ProviderProtocol):
            await speak(provider, "Olá, tudo bem?")


async def test_nothing_to_say_asks_nothing() -> None:
    async with voice() as (server, provider):
        assert await speak(provider, " ", "…") == b""
    assert server.requests == []


async def test_an_odd_last_byte_is_left_out() -> None:
    async with voice(samples=bytes(2001)) as (_, provider):
        assert len(await speak(provider, "Olá, tudo bem?", sample_rate_hz=24000)) == 2000


async def test_the_voices_one_may_choose() -> None:
    async with voice() as (_, provider):
        assert [one.name for one in await provider.voices()] == ["alloy"]
