"""A call's voice: one sentence after the other, each out of the cache or streamed as it is made."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Final

import structlog

from voice_ai_service.calls.secretary import Secretary
from voice_ai_service.conversations.heard import heard_text
from voice_ai_service.errors import ProviderError
from voice_ai_service.providers.chains import TtsChain, UsedStream
from voice_ai_service.providers.fallback import Link, Used, UsedProvider
from voice_ai_service.providers.tts.cache import PhraseCache, PhraseKey
from voice_ai_service.providers.tts.seam import TextToSpeech, TtsOptions

_MS_PER_CHARACTER: Final = 65
"""Of speech, for judging how far a voice came before it broke off."""
_SLICE_MS: Final = 500
"""Of a phrase out of the cache, so that its reader can stop in the middle."""
_LONGEST_KEPT_CHARS: Final = 300

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Voice:
    """The tenant's voices as one call uses them.

    Attributes:
        chain: Asked in its order, for every sentence anew.
        first_byte_timeout_s: After so much silence the next voice is asked.
    """

    chain: TtsChain
    cache: PhraseCache
    secretary: Secretary
    sample_rate_hz: int
    first_byte_timeout_s: float = 5.0

    def sentence(self, text: str, language: str, *, keep: bool = False) -> UsedStream[bytes]:
        """Mono L16 at `sample_rate_hz`, as it is made; what the cache has comes at once.

        A voice that breaks off is followed by the next one with the words that are missing.

        Args:
            keep: The sentence will be said again: the cache keeps it when it was spoken whole.

        Raises:
            ProviderError: no voice is left. What came before it was heard.
        """
        return UsedStream(lambda out: self._sentence(text, language, keep, out))

    async def _sentence(
        self, text: str, language: str, keep: bool, out: UsedStream[bytes]
    ) -> AsyncGenerator[bytes, None]:
        options = TtsOptions(
            language=language,
            voice=self.secretary.settings.voices.get(language),
            sample_rate_hz=self.sample_rate_hz,
            first_byte_timeout_s=self.first_byte_timeout_s,
        )
        key = self._key(text, options)
        found = self.cache.peek(key)
        if found is not None:
            out.used = UsedProvider(found.provider, found.model, cached=True)
            step = self.sample_rate_hz * 2 * _SLICE_MS // 1000
            for at in range(0, len(found.value), step):
                yield found.value[at : at + step]
            return
        kept: list[bytes] | None = [] if keep and len(text) <= _LONGEST_KEPT_CHARS else None
        async with aclosing(self._spoken(text, options, out)) as chunks:
            async for chunk in chunks:
                if kept is not None:
                    kept.append(chunk)
                yield chunk
        if kept and out.used is not None:
            self.cache.keep(key, Used(b"".join(kept), out.used.provider, out.used.model))

    async def _spoken(
        self, text: str, options: TtsOptions, out: UsedStream[bytes]
    ) -> AsyncGenerator[bytes, None]:
        chain: TtsChain = self.chain
        while True:
            spoken_bytes = 0
            stream = chain.stream(_one(text), options)
            try:
                async with aclosing(stream):
                    async for chunk in stream:
                        out.used = stream.used
                        spoken_bytes += len(chunk)
                        yield chunk
            except ProviderError as error:
                remaining = _after(chain.links, stream.used)
                if not remaining:
                    raise
                log.warning(
                    "a voice broke off, the next one goes on", provider=error.provider, code=error.code
                )
                text = _rest(text, spoken_bytes * 500 // self.sample_rate_hz)
                if not text:
                    return
                chain = chain.but(remaining)
                options = replace(options, voice=None)
            else:
                return

    def _key(self, text: str, options: TtsOptions) -> PhraseKey:
        return PhraseKey(
            domain_uuid=self.secretary.domain_uuid,
            engine=self.chain.names[0],
            revision=self.chain.revision,
            voice=options.voice,
            language=options.language,
            sample_rate_hz=options.sample_rate_hz,
            speed=options.speed,
            text=text,
        )


async def _one(text: str) -> AsyncIterator[str]:
    yield text


def _after(links: Sequence[Link[TextToSpeech]], used: UsedProvider | None) -> Sequence[Link[TextToSpeech]]:
    """The links that were not asked yet: those behind the one that gave sound. None gave any: all were asked."""
    if used is None:
        return ()
    names = [link.name for link in links]
    return links[names.index(used.provider) + 1 :]


def _rest(text: str, spoken_ms: int) -> str:
    """What of a sentence is left to say after so much sound; empty when it is about all."""
    said = heard_text(text, spoken_ms, len(text) * _MS_PER_CHARACTER) or ""
    return text[len(said) :].strip()
