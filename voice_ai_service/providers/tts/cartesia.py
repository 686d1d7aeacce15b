"""Cartesia's voices over their WebSocket, a sentence after the other.

Source: "Text to Speech (WebSocket)" of API version 2026-03-01 (docs.cartesia.ai) and the types of its Python SDK.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
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
    """See `talk.SpeechTalk`. Every sentence is a context of its own.

    A context that got no text for a second after its last sound is gone, and a text that is still being written may
    pause for longer. The vendor works on several at once: what comes too early waits for its turn.

    Attributes:
        wanted: What every request says.
    """

    def __init__(self, wanted: Mapping[str, Any], errors: VendorErrors) -> None:
        self.done = False
        self._wanted = wanted
        self._errors = errors
        self._name = uuid.uuid4().hex
        self._count = 0
        self._finished = False
        self._open: dict[str, bytearray] = {}
        """Contexts in their order, with what came of them before their turn."""
        self._over: set[str] = set()

    def opening(self) -> Sequence[str]:
        return ()

    def text(self, piece: str) -> Sequence[str]:
        self._count += 1
        context = f"{self._name}-{self._count}"
        self._open[context] = bytearray()
        asked = {**self._wanted, "context_id": context, "transcript": piece, "continue": False}
        return (messages.dumped(asked),)

    def finish(self) -> Sequence[str]:
        self._finished = True
        self.done = not self._open
        return ()

    def cancel(self) -> Sequence[str]:
        return [messages.dumped({"context_id": context, "cancel": True}) for context in self._open]

    def receive(self, message: str | bytes) -> bytes:
        said = messages.parse(message, NAME)
        kind = messages.text(said, "type")
        if kind == "error":
            raise self._failure(said, str(message))
        context = messages.text(said, "context_id")
        if not kind or not context:
            raise messages.broken(NAME, "a message of no type or no context")
        if kind == "chunk" and not isinstance(said.get("data"), str):
            raise messages.broken(NAME, "a chunk without sound")
        if context not in self._open:
            return b""
        if kind == "chunk":
            self._open[context] += messages.samples(messages.text(said, "data"), NAME)
        elif kind == "done":
            self._over.add(context)
        return self._next_sound()

    def _next_sound(self) -> bytes:
        """Of the oldest context, and of those behind it as far as it is over."""
        sound = bytearray()
        while self._open:
            oldest = next(iter(self._open))
            sound += self._open[oldest]
            self._open[oldest].clear()
            if oldest not in self._over:
                break
            del self._open[oldest]
            self._over.discard(oldest)
        self.done = self._finished and not self._open
        return bytes(sound)

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
