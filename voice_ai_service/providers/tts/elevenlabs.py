"""ElevenLabs' voices: over a WebSocket while the text is still being written, or by HTTP, a request a sentence.

Source: "Text to Speech: WebSocket" and "Stream speech" (elevenlabs.io/docs) and the types of its Python SDK.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote, urlencode

from pydantic import Field, StringConstraints

from voice_ai_service.errors import ProviderError, ProviderRefused
from voice_ai_service.providers.entry import (
    BaseUrl,
    ModelName,
    ProviderContext,
    ProviderSettings,
    StageTimeouts,
)
from voice_ai_service.providers.tts.http_voice import Decode, HttpVoice, SpeechRequest, plain_samples
from voice_ai_service.providers.tts.live_voice import LiveVoice
from voice_ai_service.providers.tts.seam import TtsCapabilities, TtsOptions, Voice
from voice_ai_service.providers.tts.talk import SpeechCall
from voice_ai_service.providers.tts.voice_choice import native_rate_hz, within
from voice_ai_service.providers.vendor_errors import Refusal, VendorErrors
from voice_ai_service.providers.vendor_wire import FailedAnswer, VendorAddress, open_vendor_wire
from voice_ai_service.providers.wire import messages
from voice_ai_service.providers.wire.line import Address
from voice_ai_service.text.languages import base_language

NAME: Final = "elevenlabs"
URL: Final = "https://api.elevenlabs.io"
_RATES_HZ: Final = (8000, 16000, 22050, 24000, 32000, 44100, 48000)
STREAMING: Final = TtsCapabilities(streaming_input=True, languages=None, sample_rates_hz=_RATES_HZ)
BY_SENTENCE: Final = TtsCapabilities(streaming_input=False, languages=None, sample_rates_hz=_RATES_HZ)
_VoiceId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{1,64}$")]
_NO_CREDIT: Final = "insufficient_quota"
_POLICY: Final = 1008


class ElevenLabsTtsSettings(ProviderSettings):
    """
    Attributes:
        transport: `websocket` speaks a sentence while the next is written; `http` keeps one connection for many.
        stability, similarity: Of the voice; None: as the account has it.
    """

    base_url: BaseUrl | None = None
    model: ModelName = "eleven_flash_v2_5"
    voice: _VoiceId
    transport: Literal["websocket", "http"] = "websocket"
    stability: float | None = Field(None, ge=0, le=1)
    similarity: float | None = Field(None, ge=0, le=1)


def _voice_settings(settings: ElevenLabsTtsSettings, options: TtsOptions) -> dict[str, float]:
    wanted = {
        "stability": settings.stability,
        "similarity_boost": settings.similarity,
        "speed": within(options.speed, 0.7, 1.2) if options.speed != 1.0 else None,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _language(settings: ElevenLabsTtsSettings, options: TtsOptions) -> dict[str, str]:
    """Only these models are told the language; others refuse to be."""
    return {"language_code": base_language(options.language)} if "_v2_5" in settings.model else {}


class ElevenLabsTalk:
    """See `talk.SpeechTalk`."""

    def __init__(self, voice_settings: Mapping[str, float], errors: VendorErrors) -> None:
        self.done = False
        self._voice_settings = dict(voice_settings)
        self._errors = errors

    def opening(self) -> Sequence[str]:
        said: dict[str, Any] = {"text": " "}
        if self._voice_settings:
            said["voice_settings"] = self._voice_settings
        return (messages.dumped(said),)

    def text(self, piece: str) -> Sequence[str]:
        return (messages.dumped({"text": f"{piece} "}),)

    def finish(self) -> Sequence[str]:
        return (messages.dumped({"text": ""}),)

    def cancel(self) -> Sequence[str]:
        return ()

    def receive(self, message: str | bytes) -> bytes:
        said = messages.parse(message, NAME)
        kind = messages.text(said, "error")
        if kind or "code" in said:
            raise self._failure(kind, messages.number(said, "code"), str(message))
        if said.get("isFinal") is True:
            self.done = True
        audio = said.get("audio")
        if audio is None:
            return b""
        if not isinstance(audio, str):
            raise messages.broken(NAME, "audio is no text")
        return messages.samples(audio, NAME)

    def closed(self, code: int, reason: str) -> ProviderError:
        return self._failure(reason, code, f"closed with {code} {reason}")

    def _failure(self, kind: str, code: int, detail: str) -> ProviderError:
        return self._errors.of_answer(_judged(kind.lower(), _status(kind.lower(), code), {}, detail[:500]))


def _status(kind: str, code: int) -> int:
    """A close code and the name of an error as the status that HTTP would have."""
    if "api_key" in kind or "unauthorized" in kind or "authentication" in kind:
        return 401
    if "too_many" in kind or "busy" in kind or "rate_limit" in kind:
        return 429
    return 400 if code == _POLICY else 502


def _judged(kind: str, status: int, headers: Mapping[str, str], detail: str) -> Refusal:
    """Too little credit comes as 401, and an unknown voice as a place that does not exist."""
    if "quota" in kind:
        return Refusal(429, headers, detail, code=_NO_CREDIT)
    if "voice" in kind:
        return Refusal(400, headers, detail, param="voice")
    if "model" in kind and status == 400:
        return Refusal(404, headers, detail)
    return Refusal(status, headers, detail)


def as_elevenlabs_says(failed: FailedAnswer) -> Refusal:
    """`{"detail": {"status": ..., "message": ...}}`."""
    said = failed.said if isinstance(failed.said, dict) else {}
    inner = said.get("detail")
    kind = str(inner.get("status") or inner.get("code") or "") if isinstance(inner, dict) else ""
    return _judged(kind.lower(), failed.status, failed.headers, failed.detail)


@dataclass(frozen=True, slots=True)
class ElevenLabsLive:
    """See `talk.SpeechVendor`."""

    settings: ElevenLabsTtsSettings
    secret: str
    errors: VendorErrors

    @property
    def name(self) -> str:
        return NAME

    @property
    def timeouts(self) -> StageTimeouts:
        return self.settings.timeouts

    @property
    def capabilities(self) -> TtsCapabilities:
        return STREAMING

    def call(self, options: TtsOptions) -> SpeechCall:
        settings = self.settings
        rate_hz = native_rate_hz(_RATES_HZ, options.sample_rate_hz)
        asked = {
            "model_id": settings.model,
            "output_format": f"pcm_{rate_hz}",
            "inactivity_timeout": "60",  # seconds without text; a language model may think for long
            "auto_mode": "true",  # whole sentences come: nothing to wait for
            **_language(settings, options),
        }
        url = messages.websocket_url(settings.base_url or URL)
        voice = quote(options.voice or settings.voice, safe="")
        address = Address(
            f"{url}/v1/text-to-speech/{voice}/stream-input?{urlencode(asked)}",
            {"xi-api-key": self.secret},
            settings.base_url is not None,
        )
        return SpeechCall(address, ElevenLabsTalk(_voice_settings(settings, options), self.errors), rate_hz)

    def voices(self) -> tuple[Voice, ...]:
        return (Voice(self.settings.voice, "mul"),)


@dataclass(frozen=True, slots=True)
class ElevenLabsDialect:
    """See `http_voice.Dialect`."""

    settings: ElevenLabsTtsSettings

    @property
    def capabilities(self) -> TtsCapabilities:
        return BY_SENTENCE

    @property
    def decode(self) -> Decode:
        return plain_samples

    def request(self, text: str, options: TtsOptions, rate_hz: int) -> SpeechRequest:
        settings = self.settings
        voice = quote(options.voice or settings.voice, safe="")
        asked: dict[str, Any] = {"text": text, "model_id": settings.model, **_language(settings, options)}
        if wanted := _voice_settings(settings, options):
            asked["voice_settings"] = wanted
        return SpeechRequest.json(f"/v1/text-to-speech/{voice}/stream?output_format=pcm_{rate_hz}", asked)

    def voices(self) -> tuple[Voice, ...]:
        return (Voice(self.settings.voice, "mul"),)


async def build(
    context: ProviderContext, settings: ElevenLabsTtsSettings, secret: str | None
) -> LiveVoice | HttpVoice:
    """Raises ProviderRefused without a key."""
    if not secret:
        raise ProviderRefused("ElevenLabs needs a key.", provider=NAME, field="secret")
    if settings.transport == "websocket":
        vendor = ElevenLabsLive(settings, secret, VendorErrors(NAME, context.clock))
        return LiveVoice(vendor, context.clock, context.allowed_networks)
    address = VendorAddress(
        settings.base_url or URL,
        settings.base_url is not None,
        {"xi-api-key": secret},
        refusal=as_elevenlabs_says,
    )
    wire = await open_vendor_wire(NAME, address, settings.timeouts, context)
    return HttpVoice(wire, ElevenLabsDialect(settings))
