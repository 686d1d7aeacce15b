"""OpenAI's transcriptions, and every server that speaks them (faster-whisper servers, Groq, ...)."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Literal

from voice_ai_service.audio.formats import WIDE_RATE_HZ, PcmAudio
from voice_ai_service.audio.wav import write_wav
from voice_ai_service.providers.entry import ModelName, ProviderContext, ProviderSettings
from voice_ai_service.providers.openai_sdk import CompatibleSettings, OpenAiClient, open_client
from voice_ai_service.providers.stt.batch import BatchStream
from voice_ai_service.providers.stt.invented import Segment, spoken
from voice_ai_service.providers.stt.languages import bases, tag_for
from voice_ai_service.providers.stt.seam import Phrase, SttCapabilities, SttOptions, SttStream, Transcript

_MAX_HINTS: Final = 60
_MAX_PROMPT_CHARACTERS: Final = 800
"""Whisper reads the last 224 tokens of a prompt."""

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
    client = await open_client(
        name, settings, secret, context, used=lambda client: client.audio.transcriptions
    )
    return OpenAiStt(client, settings)


class OpenAiStt:
    def __init__(self, client: OpenAiClient, settings: SttSettings) -> None:
        self._client = client
        self._settings = settings

    @property
    def capabilities(self) -> SttCapabilities:
        return SttCapabilities(
            streaming=False,
            partials=False,
            free_dictation=True,
            languages=None,
            sample_rates_hz=(WIDE_RATE_HZ, 8000, 24000, 48000),
        )

    async def transcribe(self, audio: PcmAudio, options: SttOptions) -> Transcript:
        """See the seam. What the model says of its own doubt removes texts that nobody spoke."""
        errors = self._client.errors
        wav = await asyncio.to_thread(write_wav, audio)
        with errors.mapped():
            answer = await self._client.client.audio.transcriptions.create(
                file=("utterance.wav", wav, "audio/wav"),
                model=self._settings.model,
                response_format=self._settings.answer,
                timeout=self._client.wait_limits(options.timeout_s),
                **self._hints(options),
            )
            return self._transcript(answer, options)

    @asynccontextmanager
    async def stream(self, sample_rate_hz: int, options: SttOptions) -> AsyncGenerator[SttStream, None]:
        """Collects the utterance, then transcribes it whole."""
        yield BatchStream(lambda audio: self.transcribe(audio, options), sample_rate_hz)

    async def aclose(self) -> None:
        await self._client.aclose()

    def _hints(self, options: SttOptions) -> dict[str, Any]:
        languages = bases(options.languages)
        phrases = _likely(options)
        hints: dict[str, Any] = {"temperature": 0.0}
        if self._settings.hints == "keywords":
            # By way of the body: older versions of the SDK do not know these two fields.
            hints = {"extra_body": {"languages": list(languages), "keywords": phrases}}
        else:
            hints["language"] = languages[0]
        if self._settings.hints == "prompt" and phrases:
            hints["prompt"] = _prompt(phrases)
        return hints

    def _transcript(self, answer: Any, options: SttOptions) -> Transcript:
        text = getattr(answer, "text", None)
        if not isinstance(text, str):
            raise self._client.errors.protocol("The answer has no text.")
        segments = [_segment(raw) for raw in getattr(answer, "segments", None) or ()]
        judged = segments or [Segment(text)]
        kept = spoken(judged)
        if len(kept) < len(judged):
            text = "".join(
                segment.text for segment in kept
            )  # each begins with the space that belongs before it
        language = tag_for(_language(answer), options.languages) or options.languages[0]
        return Transcript(text.strip(), language, _confidence(kept) if segments else None)


def _likely(options: SttOptions) -> list[str]:
    """Phrases in the caller's first language first; short, because long ones are no hint but a dictation."""
    order = {code: place for place, code in enumerate(bases(options.languages))}

    def place(phrase: Phrase) -> int:
        return order.get(bases((phrase.language,))[0], len(order))

    known = [phrase for phrase in options.phrases if place(phrase) < len(order)]
    return list(dict.fromkeys(phrase.text for phrase in sorted(known, key=place)))[:_MAX_HINTS]


def _prompt(phrases: Sequence[str]) -> str:
    prompt = ""
    for phrase in phrases:
        longer = f"{prompt}, {phrase}" if prompt else phrase
        if len(longer) > _MAX_PROMPT_CHARACTERS:
            break
        prompt = longer
    return prompt


def _language(answer: Any) -> str | None:
    named = getattr(answer, "language", None)
    if isinstance(named, str):
        return named
    listed = getattr(answer, "languages", None)
    if isinstance(listed, list) and listed:
        code = getattr(listed[0], "code", None)
        return code if isinstance(code, str) else None
    return None


def _segment(raw: Any) -> Segment:
    """Servers leave fields out: what is missing raises no doubt."""
    return Segment(
        text=str(getattr(raw, "text", "") or ""),
        no_speech=_number(getattr(raw, "no_speech_prob", None), 0.0),
        logprob=_number(getattr(raw, "avg_logprob", None), 0.0),
        compression=_number(getattr(raw, "compression_ratio", None), 1.0),
    )


def _number(value: object, default: float) -> float:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else default


def _confidence(segments: Sequence[Segment]) -> float | None:
    if not segments:
        return None
    mean = sum(segment.logprob for segment in segments) / len(segments)
    return round(min(1.0, math.exp(mean)), 3)
