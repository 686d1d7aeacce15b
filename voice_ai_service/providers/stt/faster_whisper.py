"""Whisper on this machine: free dictation with a model that the operator put there.

In a process of its own: a model takes gigabytes and a crash of its native code must not end calls. Nothing is
ever downloaded.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from voice_ai_service.audio.formats import PHONE_RATE_HZ, WIDE_RATE_HZ, PcmAudio
from voice_ai_service.clock import Clock
from voice_ai_service.errors import ProviderProtocol, ProviderTimeout
from voice_ai_service.providers.embedded_speech import framing, messages
from voice_ai_service.providers.embedded_speech.worker import SpeechWorker, WorkerLimits
from voice_ai_service.providers.entry import ProviderContext, ProviderSettings
from voice_ai_service.providers.model_files import FileName, require_model
from voice_ai_service.providers.stt.batch import BatchStream
from voice_ai_service.providers.stt.invented import Segment, spoken
from voice_ai_service.providers.stt.languages import base, bases, tag_for
from voice_ai_service.providers.stt.seam import SttCapabilities, SttOptions, SttStream, Transcript

NAME: Final = "faster_whisper"

_MODULE: Final = "voice_ai_service.providers.stt.faster_whisper_worker"
_FOLDER: Final = "whisper"
_FILES: Final = ("model.bin", "config.json", "tokenizer.json", "preprocessor_config.json")
"""Without the last two the library would ask the network."""
_MAX_AUDIO_MS: Final = 30_000
_MAX_HOT_WORDS: Final = 40
_STUCK_S: Final = 120.0
"""The slowest model needs a minute for the longest utterance; a worker that needs longer is ended."""
_LIMITS: Final = WorkerLimits(max_pending=16, start_timeout_s=180.0)


class FasterWhisperSettings(ProviderSettings):
    """
    Attributes:
        model: A folder below `whisper` in the models' folder, in CTranslate2's format.
        beam_size: 1 is the quickest; more costs time and seldom helps on short utterances.
        cpu_threads: 0 takes all cores.
        vad: Cut silence away before the model sees it, and with it most invented words.
    """

    model: FileName
    device: Literal["cpu", "cuda", "auto"] = "cpu"
    compute_type: Literal["int8", "int8_float16", "int8_float32", "float16", "float32", "default"] = "int8"
    beam_size: int = Field(1, ge=1, le=10)
    cpu_threads: int = Field(0, ge=0, le=64)
    vad: bool = True


async def check(context: ProviderContext, settings: FasterWhisperSettings) -> None:
    """Raises InvalidInput when the model is not there."""

    def look() -> None:
        root = context.models_dir / _FOLDER
        known = sorted(place.name for place in root.iterdir() if place.is_dir()) if root.is_dir() else []
        require_model(root / settings.model, _FILES, field="settings.model", known=known)

    await asyncio.to_thread(look)


async def build(
    context: ProviderContext, settings: FasterWhisperSettings, secret: str | None
) -> FasterWhisperStt:
    """Loads the model, which may take a minute. Raises InvalidInput, ProviderError."""
    await check(context, settings)
    engine = FasterWhisperStt(context.models_dir / _FOLDER / settings.model, settings, clock=context.clock)
    try:
        await engine.start()
    except BaseException:
        await engine.aclose()
        raise
    return engine


class FasterWhisperStt:
    """One model in one process; utterances wait for each other, at most `max_pending` of them."""

    def __init__(
        self,
        model: Path,
        settings: FasterWhisperSettings,
        *,
        limits: WorkerLimits | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._worker = SpeechWorker(
            NAME,
            _MODULE,
            arguments=(str(model), settings.model_dump_json(include=_WORKERS_SETTINGS)),
            limits=limits or _LIMITS,
            clock=clock,
        )

    @property
    def capabilities(self) -> SttCapabilities:
        return SttCapabilities(
            streaming=False,
            partials=False,
            free_dictation=True,
            languages=None,
            sample_rates_hz=(WIDE_RATE_HZ, PHONE_RATE_HZ),
        )

    async def start(self) -> None:
        """Loads the model; nothing when it is loaded. Raises ProviderError."""
        await self._worker.start()

    async def transcribe(self, audio: PcmAudio, options: SttOptions) -> Transcript:
        """See the seam. Only the first 30 s count; that is what the model hears at a time.

        Raises:
            ProviderBusy: Too many utterances wait.
            ProviderTimeout: `options.timeout_s` has passed; the model goes on with the next utterance.
            ProviderUnavailable: The process ended; the next utterance starts another.
        """
        wanted = messages.Transcribe(
            sample_rate_hz=audio.sample_rate_hz,
            languages=list(bases(options.languages)),
            hot_words=_hot_words(options),
            samples=audio.samples[: 2 * audio.sample_rate_hz * _MAX_AUDIO_MS // 1000],
        )
        try:
            async with asyncio.timeout(options.timeout_s):
                answer = await self._worker.ask_once(wanted, timeout_s=_STUCK_S)
        except TimeoutError as error:
            raise ProviderTimeout("The local Whisper took too long.", provider=NAME) from error
        return _transcript(_expected(answer), options)

    @asynccontextmanager
    async def stream(self, sample_rate_hz: int, options: SttOptions) -> AsyncGenerator[SttStream, None]:
        """Collects the utterance, then transcribes it whole."""
        yield BatchStream(lambda audio: self.transcribe(audio, options), sample_rate_hz, max_ms=_MAX_AUDIO_MS)

    async def aclose(self) -> None:
        await self._worker.aclose()


_WORKERS_SETTINGS: Final = {"device", "compute_type", "beam_size", "cpu_threads", "vad"}


def _hot_words(options: SttOptions) -> str:
    """Phrases in the languages that may be spoken. One text: the model reads it as if it had just been said."""
    allowed = bases(options.languages)
    texts = [phrase.text for phrase in options.phrases if base(phrase.language) in allowed]
    return ", ".join(list(dict.fromkeys(texts))[:_MAX_HOT_WORDS])


def _expected(answer: messages.Message) -> messages.Transcribed:
    try:
        return messages.expect(answer, messages.Transcribed)
    except framing.FrameError as error:
        detail = answer.detail if isinstance(answer, messages.Failed) else str(error)
        raise ProviderProtocol("The local Whisper failed.", provider=NAME, detail=detail) from error


def _transcript(answer: messages.Transcribed, options: SttOptions) -> Transcript:
    segments = [
        Segment(str(text), no_speech=no_speech, logprob=logprob, compression=compression)
        for text, logprob, no_speech, compression in answer.segments
    ]
    kept = spoken(segments)
    text = "".join(segment.text for segment in kept).strip()
    language = tag_for(answer.language, options.languages) or options.languages[0]
    return Transcript(text, language, _confidence(kept))


def _confidence(segments: Sequence[Segment]) -> float | None:
    if not segments:
        return None
    return round(min(1.0, math.exp(sum(segment.logprob for segment in segments) / len(segments))), 3)
