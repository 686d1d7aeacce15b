"""Vosk on this machine, with a model folder that the operator put there; in a process of its own.

A model is one language's. Nothing is ever downloaded.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from voice_ai_service.audio.formats import PHONE_RATE_HZ, WIDE_RATE_HZ, PcmAudio
from voice_ai_service.clock import Clock
from voice_ai_service.errors import ProviderProtocol, ProviderTimeout
from voice_ai_service.providers.embedded_speech import framing, messages
from voice_ai_service.providers.embedded_speech.worker import SpeechWorker, WorkerLimits
from voice_ai_service.providers.entry import ProviderContext, ProviderSettings
from voice_ai_service.providers.model_files import FileName, require_model
from voice_ai_service.providers.stt.batch import BatchStream
from voice_ai_service.providers.stt.languages import base, forced
from voice_ai_service.providers.stt.seam import SttCapabilities, SttOptions, SttStream, Transcript
from voice_ai_service.providers.stt.utterance import heard, joined
from voice_ai_service.providers.stt.vosk_server import LanguageTag

NAME: Final = "vosk"

_MODULE: Final = "voice_ai_service.providers.stt.vosk_worker"
_FOLDER: Final = "vosk"
_FILES: Final = ("am/final.mdl", "conf/mfcc.conf")
_MAX_AUDIO_MS: Final = 60_000
_STUCK_S: Final = 60.0
_LIMITS: Final = WorkerLimits(max_pending=16, start_timeout_s=120.0)


class VoskSettings(ProviderSettings):
    """
    Attributes:
        model: A folder below `vosk` in the models' folder, as its archive unpacks.
        language: The model's, as in `pt-BR` or `pt`.
    """

    model: FileName
    language: LanguageTag


async def check(context: ProviderContext, settings: VoskSettings) -> None:
    """Raises InvalidInput when the model is not there."""

    def look() -> None:
        root = context.models_dir / _FOLDER
        known = sorted(place.name for place in root.iterdir() if place.is_dir()) if root.is_dir() else []
        require_model(root / settings.model, _FILES, field="settings.model", known=known)

    await asyncio.to_thread(look)


async def build(context: ProviderContext, settings: VoskSettings, secret: str | None) -> VoskStt:
    """Loads the model, which may take a minute. Raises InvalidInput, ProviderError."""
    await check(context, settings)
    engine = VoskStt(context.models_dir / _FOLDER / settings.model, settings, clock=context.clock)
    try:
        await engine.start()
    except BaseException:
        await engine.aclose()
        raise
    return engine


class VoskStt:
    """One model in one process; utterances wait for each other, at most `max_pending` of them."""

    def __init__(
        self,
        model: Path,
        settings: VoskSettings,
        *,
        limits: WorkerLimits | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._capabilities = SttCapabilities(
            streaming=False,
            partials=False,
            free_dictation=True,
            languages=frozenset({settings.language}),
            sample_rates_hz=(WIDE_RATE_HZ, PHONE_RATE_HZ),
        )
        self._worker = SpeechWorker(
            NAME, _MODULE, arguments=(str(model),), limits=limits or _LIMITS, clock=clock
        )

    @property
    def capabilities(self) -> SttCapabilities:
        return self._capabilities

    async def start(self) -> None:
        """Loads the model; nothing when it is loaded. Raises ProviderError."""
        await self._worker.start()

    async def transcribe(self, audio: PcmAudio, options: SttOptions) -> Transcript:
        """See the seam. Only the first minute counts.

        Raises:
            ProviderBusy: Too many utterances wait.
            ProviderRefused: The model is of another language.
            ProviderTimeout: `options.timeout_s` has passed.
            ProviderUnavailable: The process ended; the next utterance starts another.
        """
        language = forced(options.languages, self.capabilities.languages, NAME)
        wanted = messages.Transcribe(
            sample_rate_hz=audio.sample_rate_hz,
            languages=[base(language)],
            hot_words="",
            samples=audio.samples[: 2 * audio.sample_rate_hz * _MAX_AUDIO_MS // 1000],
        )
        try:
            async with asyncio.timeout(options.timeout_s):
                answer = await self._worker.ask_once(wanted, timeout_s=_STUCK_S)
        except TimeoutError as error:
            raise ProviderTimeout("The local Vosk took too long.", provider=NAME) from error
        said = _expected(answer)
        return joined(
            [heard(text, language, math.exp(logprob)) for text, logprob, _, _ in said.segments], language
        )

    @asynccontextmanager
    async def stream(self, sample_rate_hz: int, options: SttOptions) -> AsyncGenerator[SttStream, None]:
        """Collects the utterance, then transcribes it whole."""
        yield BatchStream(lambda audio: self.transcribe(audio, options), sample_rate_hz, max_ms=_MAX_AUDIO_MS)

    async def aclose(self) -> None:
        await self._worker.aclose()


def _expected(answer: messages.Message) -> messages.Transcribed:
    try:
        return messages.expect(answer, messages.Transcribed)
    except framing.FrameError as error:
        detail = answer.detail if isinstance(answer, messages.Failed) else str(error)
        raise ProviderProtocol("The local Vosk failed.", provider=NAME, detail=detail) from error
