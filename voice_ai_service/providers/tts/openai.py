"""OpenAI's speech, and every server that speaks it (Kokoro and Piper servers, speaches, ...)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Final

from pydantic import Field

from voice_ai_service.audio.resample import StreamResampler
from voice_ai_service.errors import ProviderRefused
from voice_ai_service.providers.entry import ModelName, ProviderContext, ProviderSettings
from voice_ai_service.providers.openai_sdk import CompatibleSettings
from voice_ai_service.providers.openai_wire import OpenAiWire, open_wire
from voice_ai_service.providers.tts.samples import WholeSamples
from voice_ai_service.providers.tts.seam import TtsCapabilities, TtsOptions, Voice
from voice_ai_service.providers.tts.sentences import speak_by_sentence

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
    """`pcm_rate_hz` is what the server's `pcm` has; nothing in its answer says so."""

    model: ModelName
    voice: ModelName
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

    async def _speak(self, text: str, options: TtsOptions) -> AsyncGenerator[bytes, None]:
        wire, settings = self._wire, self._settings
        asked = {
            "model": settings.model,
            "voice": options.voice or settings.voice,
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
            self._refuse_what_is_no_pcm(answer.headers)
            async for piece in pieces:
                samples.check_start(piece, wire.errors)
                if whole := samples.take(piece):
                    yield whole

    def _refuse_what_is_no_pcm(self, headers: Mapping[str, str]) -> None:
        """A page or a message of an error, spoken as sound, is noise in the caller's ear."""
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind.startswith("text/") or kind in ("application/json", "audio/mpeg", "audio/mp3"):
            raise self._wire.errors.protocol(f"It sent {kind} instead of samples.")
