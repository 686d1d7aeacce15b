"""Speech and language providers that take a known time, as somebody else's plug-in would bring them.

This file is copied into a package of its own and found by its entry points only; it imports nothing of the
benchmarks. What they say and the audio they give are of a telephone call's size, so that the service has all of its
own work to do.
"""

from __future__ import annotations

import asyncio
import math
from array import array
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from itertools import count
from typing import Final

from pydantic import Field

from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.errors import ProviderRefused
from voice_ai_service.providers.entry import ProviderContext, ProviderEntry, ProviderKind, ProviderSettings
from voice_ai_service.providers.llm.seam import (
    ChatCapabilities,
    ChatDone,
    ChatEvent,
    ChatMessage,
    ChatOptions,
    TextDelta,
    ToolSpec,
    Usage,
)
from voice_ai_service.providers.stt.seam import SttCapabilities, SttOptions, SttStream, Transcript
from voice_ai_service.providers.tts.seam import TtsCapabilities, TtsOptions, Voice

NAME: Final = "benchmark_stub"

_HEARD: Final = (
    "Bom dia, vocês aceitam o meu convênio médico nessa unidade?",
    "E qual seria o melhor dia para uma primeira consulta?",
    "Preciso levar algum exame anterior quando for aí?",
    "Tem estacionamento perto da clínica para deixar o carro?",
)
_ANSWER: Final = (
    "Sim, aceitamos os principais convênios. ",
    "Para a primeira consulta, traga um documento. ",
)
_MS_PER_CHARACTER: Final = 45
"""Two sentences make a reply of about four seconds."""
_CHUNK_MS: Final = 200


class StubSettings(ProviderSettings):
    """`delay_ms`: until the transcript, the first token or the first audio; all else follows at once."""

    model: str = "stub"
    delay_ms: float = Field(0.0, ge=0, le=10_000)


class _Delayed:
    def __init__(self, settings: StubSettings) -> None:
        self._delay_s = settings.delay_ms / 1000

    async def _work(self) -> None:
        if self._delay_s:
            await asyncio.sleep(self._delay_s)

    async def aclose(self) -> None:
        """Nothing is open."""


class StubStt(_Delayed):
    """Hears one sentence after the other, whatever was said."""

    capabilities = SttCapabilities(
        streaming=False, partials=False, free_dictation=True, languages=None, sample_rates_hz=(8000, 16000)
    )

    def __init__(self, settings: StubSettings) -> None:
        super().__init__(settings)
        self._turns = count()

    async def transcribe(self, audio: PcmAudio, options: SttOptions) -> Transcript:
        """See the seam."""
        await self._work()
        return Transcript(_HEARD[next(self._turns) % len(_HEARD)], options.languages[0], 0.93)

    def stream(self, sample_rate_hz: int, options: SttOptions) -> AbstractAsyncContextManager[SttStream]:
        """Not in turn mode."""
        raise ProviderRefused("The stub takes whole utterances", provider=NAME)


class StubTts(_Delayed):
    """Humming as long as the text would take to say, in chunks like those of a streaming voice."""

    capabilities = TtsCapabilities(streaming_input=True, languages=None, sample_rates_hz=(8000,))

    async def stream(self, texts: AsyncIterator[str], options: TtsOptions) -> AsyncIterator[bytes]:
        """See the seam."""
        waiting = True
        async for text in texts:
            if waiting:
                await self._work()
                waiting = False
            for _ in range(max(1, len(text) * _MS_PER_CHARACTER // _CHUNK_MS)):
                yield _CHUNK

    async def voices(self) -> tuple[Voice, ...]:
        """See the seam."""
        return (Voice("stub", "pt-BR"),)


class StubChat(_Delayed):
    """Answers in two sentences, word by word, and calls no tool."""

    capabilities = ChatCapabilities()

    def __init__(self, settings: StubSettings) -> None:
        super().__init__(settings)
        self.model = settings.model

    async def chat(
        self, messages: Sequence[ChatMessage], tools: Sequence[ToolSpec], options: ChatOptions
    ) -> AsyncIterator[ChatEvent]:
        """See the seam."""
        await self._work()
        for sentence in _ANSWER:
            for word in sentence.split():
                yield TextDelta(word + " ")
        yield ChatDone("stop", Usage(prompt_tokens=640, completion_tokens=24))


def _humming(duration_ms: int) -> bytes:
    samples = (
        6000 * math.sin(at * math.tau * 140 / 8000) * (1.2 + math.sin(at * math.tau * 4 / 8000))
        for at in range(8 * duration_ms)
    )
    return array("h", map(int, samples)).tobytes()


_CHUNK: Final = _humming(_CHUNK_MS)


async def _build_stt(_context: ProviderContext, settings: StubSettings, _secret: str | None) -> StubStt:
    return StubStt(settings)


async def _build_tts(_context: ProviderContext, settings: StubSettings, _secret: str | None) -> StubTts:
    return StubTts(settings)


async def _build_llm(_context: ProviderContext, settings: StubSettings, _secret: str | None) -> StubChat:
    return StubChat(settings)


STT = ProviderEntry(ProviderKind.STT, NAME, StubSettings, _build_stt)
TTS = ProviderEntry(ProviderKind.TTS, NAME, StubSettings, _build_tts)
LLM = ProviderEntry(ProviderKind.LLM, NAME, StubSettings, _build_llm)
