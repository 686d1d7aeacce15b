"""OpenAI's transcriptions, and every server that speaks them (faster-whisper servers, Groq, ...)."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Literal

from voice_ai_service.audio.formats import WIDE_RATE_HZ, PcmAudio
from voice_ai_service.audio.wav import write_wav
from voice_ai_service.providers.entry import ModelName, ProviderContext, ProviderSettings
from voice_ai_service.providers.openai_sdk import CompatibleSettings
from voice_ai_service.providers.openai_wire import OpenAiWire, open_wire
from voice_ai_service.providers.stt.batch import BatchStream
from voice_ai_service.providers.stt.hints import KeptPhrases
from voice_ai_service.providers.stt.invented import Segment, spoken
from voice_ai_service.providers.stt.languages import bases, tag_for
from voice_ai_service.providers.stt.seam import SttCapabilities, SttOptions, SttStream, Transcript

_MAX_PROMPT_CHARACTERS: Final = 800
"""Whisper reads the last 224 tokens of a prompt."""

CAPABILITIES: Final = SttCapabilities(
    streaming=False,
    partials=False,
    free_dictation=True,
    languages=None,
    sample_rates_hz=(WIDE_RATE_HZ, 8000, 24000, 48000),
)

Hints = Literal["keywords", "prompt", "none"]
Answer = Literal["json", "verbose_json"]


class OpenAiSttSettings(ProviderSettings):
    """
    Attributes:
        hints: How the model takes the phrases that callers are likely to say. `keywords` models also take a list of
            possible languages; to all others one language is named.
        answer: `verbose_json` says the language and how sure the model is; newer models only know `json`.
    """

    model: ModelName = "gpt-transcribe"
    hints: Hints = "keywords"
    answer: Answer = "json"


class CompatibleSttSettings(CompatibleSettings):
    model: ModelName
    hints: Hints = "prompt"
    answer: Answer = "verbose_json"


SttSettings = OpenAiSttSettings | CompatibleSttSettings


async def build(context: ProviderContext, settings: SttSettings, secret: str | None) -> OpenAiStt:
    name = "openai" if isinstance(settings, OpenAiSttSettings) else "openai_compatible"
    return OpenAiStt(await open_wire(name, settings, secret, context), settings)


class OpenAiStt:
    def __init__(self, wire: OpenAiWire, settings: SttSettings) -> None:
        self._wire = wire
        self._settings = settings
        self._hints_of = KeptPhrases()

    @property
    def capabilities(self) -> SttCapabilities:
        return CAPABILITIES

    async def transcribe(self, audio: PcmAudio, options: SttOptions) -> Transcript:
        """See the seam. What the model says of its own doubt removes texts that nobody spoke."""
        fields = [
            ("model", self._settings.model),
            ("response_format", self._settings.answer),
            *self._hints(options),
        ]
        file = ("utterance.wav", "audio/wav", write_wav(audio))
        answer = await self._wire.post_form("/audio/transcriptions", fields, file, read_s=options.timeout_s)
        return self._transcript(await self._wire.json(answer), options)

    @asynccontextmanager
    async def stream(self, sample_rate_hz: int, options: SttOptions) -> AsyncGenerator[SttStream, None]:
        """Collects the utterance, then transcribes it whole."""
        yield BatchStream(lambda audio: self.transcribe(audio, options), sample_rate_hz)

    async def warm(self) -> None:
        """See `Chain.warm`."""
        await self._wire.warm()

    async def aclose(self) -> None:
        await self._wire.aclose()

    def _hints(self, options: SttOptions) -> list[tuple[str, str]]:
        languages = bases(options.languages)
        phrases = self._hints_of(options)
        if self._settings.hints == "keywords":
            named = [("languages[]", language) for language in languages]
            return [*named, *(("keywords[]", phrase) for phrase in phrases)]
        hints = [("temperature", "0.0"), ("language", languages[0])]
        if self._settings.hints == "prompt" and phrases:
            hints.append(("prompt", _prompt(phrases)))
        return hints

    def _transcript(self, answer: Any, options: SttOptions) -> Transcript:
        text = answer.get("text") if isinstance(answer, dict) else None
        if not isinstance(text, str):
            raise self._wire.errors.protocol("The answer has no text.")
        listed = answer.get("segments")
        segments = [_segment(raw) for raw in listed] if isinstance(listed, list) else []
        judged = segments or [Segment(text)]
        kept = spoken(judged)
        if len(kept) < len(judged):
            text = "".join(
                segment.text for segment in kept
            )  # each begins with the space that belongs before it
        language = tag_for(_language(answer), options.languages) or options.languages[0]
        return Transcript(text.strip(), language, _confidence(kept) if segments else None)


def _prompt(phrases: Sequence[str]) -> str:
    prompt = ""
    for phrase in phrases:
        longer = f"{prompt}, {phrase}" if prompt else phrase
        if len(longer) > _MAX_PROMPT_CHARACTERS:
            break
        prompt = longer
    return prompt


def _language(answer: Mapping[str, Any]) -> str | None:
    named = answer.get("language")
    if isinstance(named, str):
        return named
    listed = answer.get("languages")
    if isinstance(listed, list) and listed and isinstance(listed[0], dict):
        code = listed[0].get("code")
        return code if isinstance(code, str) else None
    return None


def _segment(raw: Any) -> Segment:
    """Servers leave fields out: what is missing raises no doubt."""
    fields = raw if isinstance(raw, dict) else {}
    return Segment(
        text=str(fields.get("text") or ""),
        no_speech=_number(fields.get("no_speech_prob"), 0.0),
        logprob=_number(fields.get("avg_logprob"), 0.0),
        compression=_number(fields.get("compression_ratio"), 1.0),
    )


def _number(value: object, default: float) -> float:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else default


def _confidence(segments: Sequence[Segment]) -> float | None:
    if not segments:
        return None
    mean = sum(segment.logprob for segment in segments) / len(segments)
    return round(min(1.0, math.exp(mean)), 3)
