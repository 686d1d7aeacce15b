"""Cartesia's voices over their WebSocket, sentence by sentence in one context.

Source: "Text to Speech (WebSocket)" of API version 2026-03-01 (docs.cartesia.ai) and the types of its Python SDK.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import StringConstraints

from voice_ai_service.errors import ProviderError, ProviderRefused
from voice_ai_service.providers.entry import (
    BaseUrl,
    ModelName,
    ProviderContext,
    ProviderSettings,
    StageTimeouts,
)
from voice_ai_service.providers.tts.live_voice import LiveVoice
from voice_ai_service.providers.tts.seam import TtsCapabilities, TtsOptions, Voice
from voice_ai_service.providers.tts.talk import SpeechCall
from voice_ai_service.providers.tts.voice_choice import native_rate_hz, within
from voice_ai_service.providers.vendor_errors import Refusal, VendorErrors
from voice_ai_service.providers.wire import messages
from voice_ai_service.providers.wire.line import Address
from voice_ai_service.text.languages import base_language

NAME: Final = "cartesia"
URL: Final = "https://api.cartesia.ai"
_VERSION: Final = "2026-03-01"
CAPABILITIES: Final = TtsCapabilities(
    streaming_input=True, languages=None, sample_rates_hz=(8000, 16000, 22050, 24000, 44100, 48000)
)
_VoiceId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$")]


class CartesiaSettings(ProviderSettings):
    """`voice`: the uuid of a voice."""

    base_url: BaseUrl | None = None
    model: ModelName = "sonic-3"
    voice: _VoiceId


class CartesiaTalk:
    """See `talk.SpeechTalk`. `wanted` is what every message of the context repeats."""

    def __init__(self, wanted: dict[str, Any], errors: VendorErrors) -> None:
        self.done = False
        self._wanted = wanted
        self._errors = errors
        self._spoken = False

    def opening(self) -> Sequence[str]:
        return ()

    def text(self, piece: str) -> Sequence[str]:
        # Texts of a context are put together as they are.
        transcript = f" {piece}" if self._spoken else piece
        self._spoken = True
        return (messages.dumped({**self._wanted, "transcript": transcript, "continue": True}),)

    def finish(self) -> Sequence[str]:
        return (messages.dumped({**self._wanted, "transcript": "", "continue": False}),)

    def cancel(self) -> Sequence[str]:
        return (messages.dumped({"context_id": self._wanted["context_id"], "cancel": True}),)

    def receive(self, message: str | bytes) -> bytes:
        said = messages.parse(message, NAME)
        kind = messages.text(said, "type")
        if kind == "error":
            raise self._failure(said, str(message))
        if not kind or not messages.text(said, "context_id"):
            raise messages.broken(NAME, "a message of no type or no context")
        if kind == "chunk" and not isinstance(said.get("data"), str):
            raise messages.broken(NAME, "a chunk without sound")
        if said.get("context_id") != self._wanted["context_id"]:
            return b""
        if kind == "done":
            self.done = True
        return messages.samples(messages.text(said, "data"), NAME) if kind == "chunk" else b""

    def closed(self, code: int, reason: str) -> ProviderError:
        return self._errors.gone(f"closed with {code} {reason}")

    def _failure(self, said: Any, detail: str) -> ProviderError:
        status = messages.number(said, "status_code")
        if not 400 <= status < 600:
            return self._errors.gone(detail)
        code = messages.text(said, "error_code")
        if status in (400, 404) and "voice" in code:
            return self._errors.of_answer(Refusal(400, {}, detail[:500], param="voice"))
        return self._errors.of_answer(Refusal(status, {}, detail[:500]))


@dataclass(frozen=True, slots=True)
class Cartesia:
    """See `talk.SpeechVendor`."""

    settings: CartesiaSettings
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
        return CAPABILITIES

    def call(self, options: TtsOptions) -> SpeechCall:
        settings = self.settings
        rate_hz = native_rate_hz(CAPABILITIES.sample_rates_hz, options.sample_rate_hz)
        wanted: dict[str, Any] = {
            "model_id": settings.model,
            "voice": {"mode": "id", "id": options.voice or settings.voice},
            "language": base_language(options.language),
            "context_id": uuid.uuid4().hex,
            "output_format": {"container": "raw", "encoding": "pcm_s16le", "sample_rate": rate_hz},
            "max_buffer_delay_ms": 0,  # whole sentences come
        }
        if options.speed != 1.0:
            wanted["generation_config"] = {"speed": within(options.speed, 0.6, 1.5)}
        url = messages.websocket_url(settings.base_url or URL)
        headers = {"Authorization": f"Bearer {self.secret}", "Cartesia-Version": _VERSION}
        address = Address(
            f"{url}/tts/websocket?cartesia_version={_VERSION}", headers, settings.base_url is not None
        )
        return SpeechCall(address, CartesiaTalk(wanted, self.errors), rate_hz)

    def voices(self) -> tuple[Voice, ...]:
        return (Voice(self.settings.voice, "mul"),)


async def build(context: ProviderContext, settings: CartesiaSettings, secret: str | None) -> LiveVoice:
    """Raises ProviderRefused without a key."""
    if not secret:
        raise ProviderRefused("Cartesia needs a key.", provider=NAME, field="secret")
    vendor = Cartesia(settings, secret, VendorErrors(NAME, context.clock))
    return LiveVoice(vendor, context.clock, context.allowed_networks)
