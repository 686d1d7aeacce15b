"""One provider tried once, by itself: what an administrator wants to know before callers do."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.errors import InvalidInput, ProviderError
from voice_ai_service.providers.chains import ChatChain, EmbeddingChain, SttChain, TtsChain
from voice_ai_service.providers.entry import ProviderKind
from voice_ai_service.providers.factory import ProviderFactory
from voice_ai_service.providers.llm.seam import ChatMessage, ChatOptions, Role, TextDelta
from voice_ai_service.providers.stt.seam import SttOptions
from voice_ai_service.providers.tts.seam import TtsOptions

SENTENCE: Final = "Bom dia"
LANGUAGE: Final = "pt-BR"
_RATE_HZ: Final = 8000
_SAMPLE_BYTES: Final = 2


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it.

    Attributes:
        first_ms: Until the first sound or word, where the provider streams; else as `total_ms`.
        total_ms: Until all was there.
        outcome: What it heard, answered or made, shortly; the content of a trial is nobody's secret.
    """

    provider: str
    model: str | None
    first_ms: float
    total_ms: float
    outcome: str


async def try_provider(
    factory: ProviderFactory, domain_uuid: UUID, kind: ProviderKind, provider_uuid: UUID
) -> Trial:
    """Ask it for the smallest real thing of its kind; no other provider stands in for it.

    Raises:
        InvalidInput: It is disabled, or of a kind that only a call can try.
        ProviderError: Why it does not work.
    """
    chain = await factory.only(domain_uuid, kind, provider_uuid)
    match chain:
        case ChatChain():
            return await _chat(chain)
        case TtsChain():
            return await _speak(chain)
        case SttChain():
            return await _listen(chain, await _sentence(factory, domain_uuid))
        case EmbeddingChain():
            return await _embed(chain)
        case _:
            raise InvalidInput(
                "A speech-to-speech provider is tried by calling a secretary that uses it",
                field="provider_uuid",
                fix="Use the test phone",
            )


async def _chat(chain: ChatChain) -> Trial:
    began, first_ms, said = time.perf_counter(), None, ""
    message = ChatMessage(Role.USER, f"{SENTENCE}! Responda com uma palavra.")
    stream = chain.chat([message], (), ChatOptions(max_tokens=64))
    async with aclosing(stream):
        async for event in stream:
            if first_ms is None:
                first_ms = _since(began)
            if isinstance(event, TextDelta):
                said += event.text
    used = stream.used or chain.links[0].used
    return Trial(used.provider, used.model, first_ms or _since(began), _since(began), said.strip()[:200])


async def _speak(chain: TtsChain) -> Trial:
    began, first_ms, size = time.perf_counter(), None, 0
    stream = chain.stream(_one(SENTENCE), _spoken())
    async with aclosing(stream):
        async for piece in stream:
            if first_ms is None:
                first_ms = _since(began)
            size += len(piece)
    used = stream.used or chain.links[0].used
    audio_ms = size * 1000 // (_RATE_HZ * _SAMPLE_BYTES)
    return Trial(used.provider, used.model, first_ms or _since(began), _since(began), f"{audio_ms} ms")


async def _listen(chain: SttChain, audio: PcmAudio) -> Trial:
    began = time.perf_counter()
    used = await chain.transcribe(audio, SttOptions((LANGUAGE,)))
    took = _since(began)
    return Trial(used.provider, used.model, took, took, used.value.text[:200])


async def _embed(chain: EmbeddingChain) -> Trial:
    began = time.perf_counter()
    used = await chain.embed([SENTENCE])
    took = _since(began)
    return Trial(used.provider, used.model, took, took, str(len(used.value[0])))


async def _sentence(factory: ProviderFactory, domain_uuid: UUID) -> PcmAudio:
    """The sentence in the domain's voice; a second of silence where it has none that works."""
    try:
        chain = await factory.tts(domain_uuid)
        pieces = [piece async for piece in chain.stream(_one(SENTENCE), _spoken())]
    except ProviderError:
        pieces = [bytes(_RATE_HZ * _SAMPLE_BYTES)]
    return PcmAudio(b"".join(pieces), _RATE_HZ)


def _spoken() -> TtsOptions:
    return TtsOptions(language=LANGUAGE, sample_rate_hz=_RATE_HZ)


async def _one(text: str) -> AsyncIterator[str]:
    yield text


def _since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 1)
