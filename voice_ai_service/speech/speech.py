"""From reply texts to the caller's audio, through the tenant's voices."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import UUID

from voice_ai_service.audio.formats import PHONE_RATE_HZ, PcmAudio
from voice_ai_service.calls.secretary import Secretary
from voice_ai_service.errors import ProviderUnavailable
from voice_ai_service.providers.chains import TtsChain
from voice_ai_service.providers.fallback import Used
from voice_ai_service.providers.tts.cache import PhraseCache, PhraseKey
from voice_ai_service.providers.tts.seam import TtsOptions


class Voices(Protocol):
    async def tts(self, domain_uuid: UUID, choice: tuple[UUID, ...] = ()) -> TtsChain: ...


@dataclass(frozen=True, slots=True)
class Spoken:
    """A reply as audio, and what it took.

    Attributes:
        first_byte_ms: From asking to the first chunk, less the wait for text.
        took_ms: From asking to the last chunk.
        waited_ms: The part of `took_ms` that was spent waiting for text.
        cached: It was made before: no provider was asked now.
    """

    audio: PcmAudio
    provider: str
    first_byte_ms: float
    took_ms: float
    waited_ms: float = 0.0
    model: str | None = None
    cached: bool = False


@dataclass(frozen=True, slots=True)
class Speech:
    voices: Voices
    cache: PhraseCache

    async def phrase(self, secretary: Secretary, text: str, language: str) -> Spoken:
        """A text that is said again and again: greeting, apology, farewell. Cached per domain and voice.

        Raises:
            ProviderError: no voice answered.
        """
        began = time.perf_counter()
        chain, options = await self._chain(secretary, language)
        return await self._cached(chain, options, secretary.domain_uuid, text, began)

    async def sentence(self, domain_uuid: UUID, text: str, language: str) -> Spoken:
        """`phrase` where no secretary answers: in the domain's first voice. Raises ProviderError."""
        began = time.perf_counter()
        chain = await self.voices.tts(domain_uuid)
        options = TtsOptions(language=language, sample_rate_hz=PHONE_RATE_HZ)
        return await self._cached(chain, options, domain_uuid, text, began)

    async def _cached(
        self, chain: TtsChain, options: TtsOptions, domain_uuid: UUID, text: str, began: float
    ) -> Spoken:
        key = PhraseKey(
            domain_uuid=domain_uuid,
            engine=chain.names[0],
            revision=chain.revision,
            voice=options.voice,
            language=options.language,
            sample_rate_hz=options.sample_rate_hz,
            speed=options.speed,
            text=text,
        )

        made = False

        async def make() -> Used[bytes]:
            nonlocal made
            made = True
            spoken = await _collect(chain, _one(text), options)
            return Used(spoken.audio.samples, spoken.provider, spoken.model)

        found = await self.cache.get(key, make)
        took_ms = (time.perf_counter() - began) * 1000
        audio = PcmAudio(found.value, PHONE_RATE_HZ)
        return Spoken(audio, found.provider, took_ms, took_ms, model=found.model, cached=not made)

    async def reply(self, secretary: Secretary, texts: AsyncIterator[str], language: str) -> Spoken:
        """A text that is still being written: the voice begins with its first sentence.

        Raises:
            ProviderError: no voice answered, or it broke off.
        """
        chain, options = await self._chain(secretary, language)
        return await _collect(chain, texts, options)

    async def instead(self, secretary: Secretary, text: str, language: str, failed: str) -> Spoken:
        """The same words, from their beginning, by another provider: nothing of a reply is heard before it is whole.

        Args:
            failed: The provider that broke off.

        Raises:
            ProviderError: there is no other, or none answered.
        """
        chain, options = await self._chain(secretary, language)
        others = [link for link in chain.links if link.name != failed]
        if not others:
            raise ProviderUnavailable("There is no other voice", provider=failed)
        remaining = chain.but(others)
        return await _collect(remaining, _one(text), replace(options, voice=None))

    async def _chain(self, secretary: Secretary, language: str) -> tuple[TtsChain, TtsOptions]:
        settings = secretary.settings
        chain = await self.voices.tts(secretary.domain_uuid, settings.providers.tts)
        options = TtsOptions(
            language=language, voice=settings.voices.get(language), sample_rate_hz=PHONE_RATE_HZ
        )
        return chain, options


async def _one(text: str) -> AsyncIterator[str]:
    yield text


class _TimedTexts:
    """Texts on their way to the voice, with the time that was spent waiting for them."""

    def __init__(self, texts: AsyncIterator[str]) -> None:
        self.waited_ms = 0.0
        self._texts = texts

    async def __aiter__(self) -> AsyncIterator[str]:
        while True:
            began = time.perf_counter()
            try:
                text = await anext(self._texts)
            except StopAsyncIteration:
                return
            finally:
                self.waited_ms += (time.perf_counter() - began) * 1000
            yield text


async def _collect(chain: TtsChain, texts: AsyncIterator[str], options: TtsOptions) -> Spoken:
    began = time.perf_counter()
    first_byte_ms: float | None = None
    pieces: list[bytes] = []
    timed = _TimedTexts(texts)
    stream = chain.stream(aiter(timed), options)
    async with aclosing(stream):
        async for piece in stream:
            if first_byte_ms is None:
                first_byte_ms = (time.perf_counter() - began) * 1000 - timed.waited_ms
            pieces.append(piece)
    took_ms = (time.perf_counter() - began) * 1000
    used = stream.used or chain.links[0].used
    audio = PcmAudio(b"".join(pieces), PHONE_RATE_HZ)
    first = first_byte_ms if first_byte_ms is not None else took_ms
    return Spoken(audio, used.provider, first, took_ms, timed.waited_ms, used.model)
