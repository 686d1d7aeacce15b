from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.virtual_time import virtual_time
from voice_ai_service.errors import ProviderUnavailable
from voice_ai_service.providers.fallback import Used
from voice_ai_service.providers.tts.cache import PhraseCache, PhraseKey

KEY = PhraseKey(UUID(int=1), "piper", None, "pt-BR", 8000, 1.0, "Olá")


class Voice:
    """Makes sounds and counts them."""

    def __init__(self, size: int = 100, provider: str = "piper") -> None:
        self.made = 0
        self.size = size
        self.provider = provider
        self.error: Exception | None = None

    async def __call__(self) -> Used[bytes]:
        self.made += 1
        await asyncio.sleep(1)
        if self.error is not None:
            raise self.error
        return Used(bytes(self.size), self.provider, None)


class Lookups:
    def __init__(self) -> None:
        self.seen: list[str] = []

    def on_lookup(self, outcome: str) -> None:
        self.seen.append(outcome)


@virtual_time
async def test_made_once_for_all_who_ask() -> None:
    lookups = Lookups()
    cache, voice = PhraseCache(10_000, lookups), Voice()
    sounds = await asyncio.gather(*(cache.get(KEY, voice) for _ in range(20)))
    assert (voice.made, {used.provider for used in sounds}) == (1, {"piper"})
    await cache.get(KEY, voice)
    assert voice.made == 1
    assert (lookups.seen.count("miss"), lookups.seen.count("joined"), lookups.seen.count("hit")) == (1, 19, 1)


@pytest.mark.parametrize(
    "other",
    [
        replace(KEY, domain_uuid=UUID(int=2)),
        replace(KEY, engine="openai"),
        replace(KEY, voice="ana"),
        replace(KEY, language="en"),
        replace(KEY, sample_rate_hz=16000),
        replace(KEY, speed=1.2),
        replace(KEY, text="Oi"),
    ],
)
def test_every_part_of_the_key_tells_sounds_apart(other: PhraseKey) -> None:
    @virtual_time
    async def run() -> None:
        cache, voice = PhraseCache(10_000), Voice()
        await cache.get(KEY, voice)
        await cache.get(other, voice)
        assert voice.made == 2

    run()


@virtual_time
async def test_a_fallbacks_voice_is_not_kept_as_the_engines() -> None:
    cache, voice = PhraseCache(10_000), Voice(provider="embedded")
    assert (await cache.get(KEY, voice)).provider == "embedded"
    assert len(cache) == 0


@virtual_time
async def test_a_failure_reaches_all_who_wait_and_is_not_kept() -> None:
    cache, voice = PhraseCache(10_000), Voice()
    voice.error = ProviderUnavailable("down", provider="piper")
    results = await asyncio.gather(*(cache.get(KEY, voice) for _ in range(3)), return_exceptions=True)
    assert [type(result) for result in results] == [ProviderUnavailable] * 3
    voice.error = None
    assert len((await cache.get(KEY, voice)).value) == 100


@virtual_time
async def test_making_goes_on_when_the_first_who_asked_hangs_up() -> None:
    cache, voice = PhraseCache(10_000), Voice()
    first = asyncio.create_task(cache.get(KEY, voice))
    await asyncio.sleep(0.5)
    first.cancel()
    await asyncio.sleep(1)
    await cache.get(KEY, voice)
    assert voice.made == 1


@virtual_time
async def test_a_domain_can_be_forgotten() -> None:
    cache, voice = PhraseCache(10_000), Voice()
    await cache.get(KEY, voice)
    await cache.get(replace(KEY, domain_uuid=UUID(int=2)), voice)
    cache.forget(UUID(int=1))
    assert (len(cache), cache.size_bytes) == (1, 100)


@virtual_time
async def test_closing_stops_what_is_being_made() -> None:
    cache, voice = PhraseCache(10_000), Voice()
    waiting = asyncio.create_task(cache.get(KEY, voice))
    await asyncio.sleep(0.5)
    await cache.aclose()
    with pytest.raises(asyncio.CancelledError):
        await waiting


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 200)), max_size=60))
def test_never_more_than_its_bytes_and_the_count_is_true(asked: list[tuple[int, int]]) -> None:
    @virtual_time
    async def run() -> None:
        cache = PhraseCache(800)
        for text, size in asked:
            await cache.get(replace(KEY, text=str(text)), Voice(size))
            assert cache.size_bytes <= 800
            assert cache.size_bytes == sum(len(used.value) for used in cache._kept.values())

    run()
