"""Whether a provider that was left alone is well again, found out beside the calls: no caller's request is a trial."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, Final

import structlog

from voice_ai_service.audio.formats import PHONE_RATE_HZ, PcmAudio
from voice_ai_service.clock import Clock
from voice_ai_service.errors import ProviderError, VoiceAiError
from voice_ai_service.providers.breaker import Admission
from voice_ai_service.providers.entry import ProviderKind
from voice_ai_service.providers.fallback import Link, as_provider_errors, is_about_the_request
from voice_ai_service.providers.llm.seam import ChatMessage, ChatModel, ChatOptions, Role
from voice_ai_service.providers.stt.seam import SpeechToText, SttOptions
from voice_ai_service.providers.tts.seam import TextToSpeech, TtsOptions

PROBE_LIMIT_S: Final = 10.0
_LANGUAGE: Final = "pt-BR"
_SILENCE: Final = PcmAudio(bytes(PHONE_RATE_HZ), PHONE_RATE_HZ)
"""Half a second: less is refused by some."""
_TOKENS: Final = 16
"""The least that every vendor takes."""

log = structlog.get_logger()


async def _hear(stt: SpeechToText) -> None:
    await stt.transcribe(_SILENCE, SttOptions((_LANGUAGE,), timeout_s=PROBE_LIMIT_S))


async def _speak(tts: TextToSpeech) -> None:
    await _first(tts.stream(_one("Oi."), TtsOptions(_LANGUAGE, sample_rate_hz=PHONE_RATE_HZ)))


async def _chat(model: ChatModel) -> None:
    await _first(model.chat([ChatMessage(Role.USER, "Oi")], (), ChatOptions(max_tokens=_TOKENS)))


async def _embed(embeddings: Any) -> None:
    await embeddings.embed(["oi"])


PROBES: Final[dict[ProviderKind, Callable[[Any], Awaitable[None]]]] = {
    ProviderKind.STT: _hear,
    ProviderKind.TTS: _speak,
    ProviderKind.LLM: _chat,
    ProviderKind.EMBEDDINGS: _embed,
}
"""The smallest real request of each kind. Speech to speech has none that is no call: there the next call tries."""


class Prober:
    """One for the factory. As long as somebody wants a resting provider, it is asked at the end of each rest."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._running: dict[int, asyncio.Task[None]] = {}

    def attach(self, kind: ProviderKind, link: Link[Any]) -> None:
        """From now on callers are never the link's trial."""
        if kind in PROBES:
            link.breaker.on_rest = lambda: self._watch(kind, link)

    async def aclose(self) -> None:
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _watch(self, kind: ProviderKind, link: Link[Any]) -> None:
        key = id(link.breaker)
        if key in self._running:
            return
        task = asyncio.create_task(self._until_well(kind, link), name=f"probe {link.name}")
        self._running[key] = task
        task.add_done_callback(lambda _: self._running.pop(key, None))

    async def _until_well(self, kind: ProviderKind, link: Link[Any]) -> None:
        breaker = link.breaker
        while not link.instance.retired:
            rest_s = breaker.retry_after_s
            if rest_s > 0:
                await self._clock.sleep(rest_s)
                continue
            admission = breaker.try_again()
            if admission is None:
                return
            if await self._is_well(kind, link, admission):
                log.info("provider is well again", kind=kind.value, provider=link.name)
                return
            if not breaker.wanted():
                return  # whoever wants it next begins anew

    async def _is_well(self, kind: ProviderKind, link: Link[Any], admission: Admission) -> bool:
        try:
            with as_provider_errors(link.name):
                async with asyncio.timeout(PROBE_LIMIT_S), link.instance.lease() as provider:
                    await PROBES[kind](provider)
        except VoiceAiError as error:
            if isinstance(error, ProviderError) and is_about_the_request(error):
                link.breaker.succeeded(admission)
                return True
            retry_after_s = error.retry_after_s if isinstance(error, ProviderError) else None
            link.breaker.failed(admission, retry_after_s)
            log.debug("a probe failed", kind=kind.value, provider=link.name, code=error.code)
            return False
        except asyncio.CancelledError:
            link.breaker.abandoned(admission)
            raise
        link.breaker.succeeded(admission)
        return True


async def _first(pieces: AsyncIterator[Any]) -> None:
    if hasattr(pieces, "aclose"):
        async with aclosing(pieces):  # type: ignore[type-var]
            await anext(pieces, None)
    else:
        await anext(pieces, None)


async def _one(text: str) -> AsyncIterator[str]:
    yield text
