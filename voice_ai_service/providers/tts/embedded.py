"""The local voice: espeak-ng in a process of its own. Needs no key, no network and no model file."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Final

from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.clock import Clock, SystemClock
from voice_ai_service.errors import ProviderError, ProviderProtocol, ProviderRefused, ProviderTimeout
from voice_ai_service.providers.embedded_speech import extra, framing, messages
from voice_ai_service.providers.embedded_speech.fragments import Fragments
from voice_ai_service.providers.embedded_speech.worker import ONE_THREAD, SpeechWorker, WorkerLimits
from voice_ai_service.providers.tts.seam import TtsCapabilities, TtsOptions, Voice

PROVIDER: Final = "embedded"

_PACKAGE: Final = "espeakng_loader"
_MODULE: Final = "voice_ai_service.providers.embedded_speech.espeak_worker"
_WORDS_PER_MINUTE: Final = 160
_SLOWEST, _FASTEST = 80, 450
"""What espeak-ng takes, in words per minute."""
_SENTENCE_PAUSE_MS: Final = 180
_RATES_HZ: Final = (8000, 16000, 22050, 24000, 44100, 48000)
_CALLER_SPEED: Final = 0.95


def available() -> str | None:
    """Why this voice cannot be used here, or None when it can."""
    return extra.missing(_PACKAGE)


class EmbeddedTts:
    """Many streams at a time over one engine: each asks for one sentence after the other, as it is consumed.

    Voices are espeak-ng's (`pt-br`, `en-us`), with a variant after a plus sign if wanted (`pt-br+f3`).

    Raises:
        ProviderRefused: The `embedded` extra is not installed.
    """

    def __init__(self, *, limits: WorkerLimits | None = None, clock: Clock | None = None) -> None:
        extra.require(_PACKAGE, PROVIDER)
        self._clock = clock or SystemClock()
        self._worker = SpeechWorker(
            PROVIDER, _MODULE, environment=ONE_THREAD, limits=limits, clock=self._clock
        )

    @property
    def capabilities(self) -> TtsCapabilities:
        return TtsCapabilities(streaming_input=True, languages=None, sample_rates_hz=_RATES_HZ)

    async def start(self) -> None:
        """Loads the engine ahead of the first call. Raises ProviderError."""
        await self._worker.start()

    async def stream(self, texts: AsyncIterator[str], options: TtsOptions) -> AsyncGenerator[bytes, None]:
        """See the seam. A text is only ever text: markup in it is spoken.

        Raises:
            ProviderRefused: Unknown voice, or a rate that cannot be made (`field` says which).
            ProviderTimeout: The engine took longer than the options allow; waiting for `texts` does not count.
            ProviderError: See SpeechWorker.ask.
        """
        if options.sample_rate_hz not in _RATES_HZ:
            raise ProviderRefused(
                f"The local voice cannot make {options.sample_rate_hz} Hz.",
                provider=PROVIDER,
                field="sample_rate_hz",
                fix=f"Use one of {', '.join(map(str, _RATES_HZ))}.",
            )
        pause = b""
        patience = _Patience(self._clock, options)
        async for fragment in _sentences(texts):
            if pause:
                yield pause
            async with contextlib.aclosing(self._speak(fragment, options, patience)) as chunks:
                async for chunk in chunks:
                    yield chunk
            pause = bytes(2 * (options.sample_rate_hz * _SENTENCE_PAUSE_MS // 1000))

    async def _speak(
        self, fragment: str, options: TtsOptions, patience: _Patience
    ) -> AsyncGenerator[bytes, None]:
        wanted = messages.Speak(
            text=fragment,
            voice=options.voice or _voice_for(options.language),
            sample_rate_hz=options.sample_rate_hz,
            words_per_minute=min(max(round(_WORDS_PER_MINUTE * options.speed), _SLOWEST), _FASTEST),
        )
        answers = self._worker.ask(wanted, timeout_s=options.first_byte_timeout_s)
        async with contextlib.aclosing(answers):
            while True:
                with patience:
                    answer = await anext(answers, messages.Done())
                if isinstance(answer, messages.Audio):
                    yield answer.samples
                elif isinstance(answer, messages.Failed):
                    raise _refusal(answer)
                else:
                    return

    async def voices(self) -> tuple[Voice, ...]:
        """Every voice; any of the names takes a plus sign and one of `variants`. Raises ProviderError."""
        return tuple(Voice(name.lower(), _bcp47(tag)) for name, tag in (await self._listed()).voices)

    async def variants(self) -> tuple[str, ...]:
        """What may stand after the plus sign of a voice's name. Raises ProviderError."""
        return tuple((await self._listed()).variants)

    async def _listed(self) -> messages.Voices:
        return _expect(await self._worker.ask_once(messages.ListVoices(), timeout_s=5.0), messages.Voices)

    async def pronounce(self, words: Sequence[str], language: str) -> tuple[str, ...]:
        """IPA phonemes of each word, separated by underscores, for a recogniser's lexicon. Raises
        ProviderError.
        """
        wanted = messages.Pronounce(list(words), _voice_for(language))
        answer = await self._worker.ask_once(wanted, timeout_s=10.0)
        return tuple(_expect(answer, messages.Pronounced).phonemes)

    async def speak(self, text: str, language: str, voice_variant: str = "", rate_hz: int = 8000) -> PcmAudio:
        """One whole text in another person's voice: what a simulated caller says. Raises ProviderError."""
        options = TtsOptions(
            language,
            voice=f"{_voice_for(language)}+{voice_variant}" if voice_variant else _voice_for(language),
            sample_rate_hz=rate_hz,
            speed=_CALLER_SPEED,
        )
        async with contextlib.aclosing(self.stream(_one(text), options)) as chunks:
            return PcmAudio(b"".join([chunk async for chunk in chunks]), rate_hz)

    async def aclose(self) -> None:
        await self._worker.aclose()


class _Patience:
    """Adds up the time spent on the engine in one stream."""

    def __init__(self, clock: Clock, options: TtsOptions) -> None:
        self._clock = clock
        self._left_s = options.total_timeout_s
        self._since = 0.0

    def __enter__(self) -> None:
        self._since = self._clock.monotonic()

    def __exit__(self, *_: object) -> None:
        self._left_s -= self._clock.monotonic() - self._since
        if self._left_s < 0:
            raise ProviderTimeout("The local voice took too long.", provider=PROVIDER)


async def _one(text: str) -> AsyncIterator[str]:
    yield text


async def _sentences(texts: AsyncIterator[str]) -> AsyncIterator[str]:
    fragments = Fragments()
    async for text in texts:
        for fragment in fragments.feed(text):
            yield fragment
    for fragment in fragments.finish():
        yield fragment


def _voice_for(language: str) -> str:
    """espeak-ng's name of a language; its plain `en` is British and its plain `pt` European."""
    tag = language.lower().replace("_", "-")
    return {"en": "en-us", "pt": "pt-br"}.get(tag, tag)


def _bcp47(tag: str) -> str:
    first, _, region = tag.partition("-")
    return f"{first}-{region.upper()}" if len(region) == 2 else tag


def _expect(answer: messages.Message, wanted: type[messages.M]) -> messages.M:
    if isinstance(answer, messages.Failed):
        raise _refusal(answer)
    try:
        return messages.expect(answer, wanted)
    except framing.FrameError as error:
        raise ProviderProtocol(
            "The local voice gave a wrong answer.", provider=PROVIDER, detail=str(error)
        ) from error


def _refusal(failed: messages.Failed) -> ProviderError:
    if failed.reason == "bad_voice":
        return ProviderRefused(
            "The local voice does not know this voice or language.",
            provider=PROVIDER,
            field="voice",
            fix="List the voices with `voice-ai providers voices embedded`.",
            detail=failed.detail,
        )
    return ProviderProtocol("The local voice failed.", provider=PROVIDER, detail=failed.detail)
