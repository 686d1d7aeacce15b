"""OpenAI's speech, and every server that speaks it (Kokoro and Piper servers, speaches, ...)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Final

from pydantic import Field

from voice_ai_service.audio.resample import StreamResampler
from voice_ai_service.errors import ProviderRefused
from voice_ai_service.providers.entry import ModelName, ProviderContext, ProviderSettings
from voice_ai_service.providers.openai_sdk import CompatibleSettings
from voice_ai_service.providers.openai_wire import OpenAiWire, open_wire
from voice_ai_service.providers.tts.samples import WholeSamples, refuse_what_is_no_pcm
from voice_ai_service.providers.tts.seam import TtsCapabilities, TtsOptions, Voice
from voice_ai_service.providers.tts.sentences import speak_by_sentence
from voice_ai_service.providers.tts.voice_choice import LanguageTag, VoiceName
from voice_ai_service.text.languages import closest

_VOICES: Final = (
    *("alloy", "ash", "ballad", "coral", "echo", "fable", "onyx"),
    *("nova", "sage", "shimmer", "verse", "marin", "cedar"),
)
_SLOWEST, _FASTEST = 0.25, 4.0


class OpenAiTtsSettings(ProviderSettings):
    """`instructions` tell newer models how to speak; `tts-1` refuses them."""

    model: ModelName = "gpt-4o-mini-tts"
    voice: ModelName = "alloy"
    instructions: str | None = Field(None, max_length=2000)
    pcm_rate_hz: int = Field(24000, ge=8000, le=48000)


class CompatibleTtsSettings(CompatibleSettings):
    """
    Attributes:
        voices: By language, before `voice`.
        pcm_rate_hz: What the server's `pcm` has; nothing in its answer says so.
    """

    model: ModelName
    voice: ModelName
    voices: dict[LanguageTag, VoiceName] = Field({}, max_length=20)
    instructions: str | None = Field(None, max_length=2000)
    pcm_rate_hz: int = Field(24000, ge=8000, le=48000)


TtsSettings = OpenAiTtsSettings | CompatibleTtsSettings


async def build(context: ProviderContext, settings: TtsSettings, secret: str | None) -> OpenAiTts:
    name = "openai" if isinstance(settings, OpenAiTtsSettings) else "openai_compatible"
    return OpenAiTts(await open_wire(name, settings, secret, context), settings)


class OpenAiTts:
    def __init__(self, wire: OpenAiWire, settings: TtsSettings) -> None:
        self._wire = wire
        self._settings = settings

    @property
    def capabilities(self) -> TtsCapabilities:
        return TtsCapabilities(
            streaming_input=False, languages=None, sample_rates_hz=(self._settings.pcm_rate_hz,)
        )

    async def stream(self, texts: AsyncIterator[str], options: TtsOptions) -> AsyncGenerator[bytes, None]:
        """See the seam: one request a sentence, each streamed as it is made."""
        resampler = StreamResampler(self._settings.pcm_rate_hz, options.sample_rate_hz)
        spoken = speak_by_sentence(texts, lambda piece: self._speak(piece, options))
        try:
            async with aclosing(spoken) as chunks:
                async for chunk in chunks:
                    yield resampler.process(chunk)
        except ProviderRefused as error:
            if error.field == "settings.voice" and options.voice is not None:
                error.field = "voice"  # the one that was asked for, not the row's own
            raise

    async def voices(self) -> tuple[Voice, ...]:
        """The vendor's; they speak every language. A compatible server only tells of the configured one."""
        names = _VOICES if isinstance(self._settings, OpenAiTtsSettings) else (self._settings.voice,)
        return tuple(Voice(name, "mul") for name in names)

    async def warm(self) -> None:
        """See `Chain.warm`."""
        await self._wire.warm()

    async def aclose(self) -> None:
        await self._wire.aclose()

    def _voice_for(self, language: str) -> str:
        settings = self._settings
        if not isinstance(settings, CompatibleTtsSettings):
            return settings.voice
        tag = closest(language, tuple(settings.voices))
        return settings.voices[tag] if tag is not None else settings.voice

    async def _speak(self, text: str, options: TtsOptions) -> AsyncGenerator[bytes, None]:
        wire, settings = self._wire, self._settings
        asked = {
            "model": settings.model,
            "voice": options.voice or self._voice_for(options.language),
            "input": text,
            "response_format": "pcm",
            "speed": min(max(options.speed, _SLOWEST), _FASTEST),
        }
        if settings.instructions:
            asked["instructions"] = settings.instructions
        samples = WholeSamples()
        read_s = max(options.first_byte_timeout_s, wire.timeouts.stall_s)
        answer = await wire.post("/audio/speech", asked, read_s=read_s)
        async with aclosing(wire.pieces(answer)) as pieces:
            refuse_what_is_no_pcm(answer.headers, wire.errors)
            async for piece in pieces:
                samples.check_start(piece, wire.errors)
                if whole := samples.take(piece):
                    yield whole
