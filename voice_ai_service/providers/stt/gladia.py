"""Gladia's live transcription (v2): a request opens a session, whose address is good for one WebSocket.

Written after the OpenAPI models of Gladia's own SDK.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field

from voice_ai_service.errors import ProviderError
from voice_ai_service.providers.entry import ModelName, ProviderContext
from voice_ai_service.providers.stt.cloud import CloudSettings, CloudVendor, needed
from voice_ai_service.providers.stt.hints import KeptPhrases
from voice_ai_service.providers.stt.languages import base, forced
from voice_ai_service.providers.stt.live_stt import LiveStt
from voice_ai_service.providers.stt.seam import (
    FinalTranscript,
    PartialTranscript,
    SttCapabilities,
    SttEvent,
    SttOptions,
)
from voice_ai_service.providers.stt.talk import Call, Message, Talk
from voice_ai_service.providers.stt.utterance import heard, words
from voice_ai_service.providers.vendor_errors import VendorErrors
from voice_ai_service.providers.wire import faults
from voice_ai_service.providers.wire.line import Address
from voice_ai_service.providers.wire.messages import child, children, dumped, parse, websocket_url

NAME: Final = "gladia"
CAPABILITIES: Final = SttCapabilities(
    streaming=True,
    partials=True,
    free_dictation=True,
    languages=None,
    sample_rates_hz=(16000, 8000, 32000, 44100, 48000),
    word_times=True,
)
_URL: Final = "https://api.gladia.io"
_DOMAIN: Final = ".gladia.io"


class GladiaSettings(CloudSettings):
    """
    Attributes:
        region: None: Gladia chooses.
        endpointing_ms: Silence after which a segment is settled.
        audio_enhancer: Cleans the audio first, for noisy lines.
        bias: How strongly likely phrases are preferred; 0: they are not sent.
    """

    model: ModelName = "solaria-1"
    region: Literal["us-west", "eu-west"] | None = None
    endpointing_ms: int = Field(300, ge=10, le=10000)
    audio_enhancer: bool = False
    bias: float = Field(0.5, ge=0.0, le=1.0)


async def build(context: ProviderContext, settings: GladiaSettings, secret: str | None) -> LiveStt:
    vendor = Gladia(context, settings, needed(secret, NAME))
    await vendor.open_wire(context)
    return LiveStt(vendor, context.clock, context.allowed_networks)


class Gladia(CloudVendor):
    def __init__(self, context: ProviderContext, settings: GladiaSettings, key: str) -> None:
        super().__init__(NAME, settings, CAPABILITIES, context, url=_URL, headers={"x-gladia-key": key})
        self._settings = settings
        self._phrases = KeptPhrases()

    async def call(self, sample_rate_hz: int, options: SttOptions) -> Call:
        """See `talk.LiveVendor`."""
        language = forced(options.languages, None, NAME)
        region = self._settings.region
        path = "/v2/live" + (f"?region={region}" if region else "")
        asked = self._session(language, sample_rate_hz, options)
        answer = await self.wire.post(path, asked, read_s=self.timeouts.first_byte_s or options.timeout_s)
        said = await self.wire.json(answer)
        url = said.get("url") if isinstance(said, dict) else None
        return Call(self._signed(url), GladiaTalk(language, self.errors))

    def _session(self, language: str, sample_rate_hz: int, options: SttOptions) -> dict[str, Any]:
        settings = self._settings
        asked: dict[str, Any] = {
            "encoding": "wav/pcm",
            "bit_depth": 16,
            "sample_rate": sample_rate_hz,
            "channels": 1,
            "model": settings.model,
            "endpointing": settings.endpointing_ms / 1000,
            "language_config": {"languages": [base(language)], "code_switching": False},
            "pre_processing": {"audio_enhancer": settings.audio_enhancer},
            "messages_config": {
                "receive_partial_transcripts": True,
                "receive_final_transcripts": True,
                "receive_speech_events": False,
                "receive_pre_processing_events": False,
                "receive_realtime_processing_events": False,
                "receive_post_processing_events": False,
                "receive_acknowledgments": False,
                "receive_errors": True,
                "receive_lifecycle_events": True,
            },
        }
        phrases = self._phrases(options) if settings.bias else []
        if phrases:
            vocabulary = {"vocabulary": phrases, "default_intensity": settings.bias}
            asked["realtime_processing"] = {"custom_vocabulary": True, "custom_vocabulary_config": vocabulary}
        return asked

    def _signed(self, url: object) -> Address:
        """The session's address: of the host that was asked, or of Gladia's. Raises ProviderProtocol for others."""
        parts = urlsplit(url) if isinstance(url, str) else None
        asked = urlsplit(websocket_url(self._url))
        if parts is None or parts.scheme != asked.scheme or not parts.hostname:
            raise self.errors.protocol("The session has no address.")
        own = not self._typed and parts.hostname.endswith(_DOMAIN)
        if parts.hostname != asked.hostname and not own:
            raise self.errors.protocol("The session is at another host.")
        return Address(parts.geturl(), checked=self._typed)


class GladiaTalk(Talk):
    chunk_ms: ClassVar[int] = 50

    def __init__(self, language: str, errors: VendorErrors) -> None:
        super().__init__()
        self._language = language
        self._errors = errors

    def finish(self) -> Sequence[Message]:
        return (dumped({"type": "stop_recording"}),)

    def receive(self, message: Message) -> Sequence[SttEvent]:
        said = parse(message, NAME)
        match said.get("type"):
            case "transcript":
                return self._transcript(child(said, "data"))
            case "end_session":
                self.done = True
            case "error":
                raise faults.gone(NAME, str(said))
            case None:
                raise self._errors.protocol("A message without a type.")
        if said.get("acknowledged") is False:
            raise faults.refused(NAME, "refuses the request", detail=str(said))
        return ()

    def closed(self, code: int, reason: str) -> ProviderError | None:
        detail = f"{code} {reason}"
        if code in (1008, 4401, 4403):
            return faults.bad_key(NAME, detail)
        return faults.busy(NAME, detail) if code in (1013, 4429) else None

    def _transcript(self, data: Mapping[str, Any]) -> Sequence[SttEvent]:
        utterance = child(data, "utterance")
        if not isinstance(utterance.get("text"), str):
            raise self._errors.protocol("A transcript without text.")
        listed = words(
            [{**one, "word": str(one.get("word") or "").strip()} for one in children(utterance, "words")],
            "word",
        )
        segment = heard(utterance["text"], self._language, utterance.get("confidence"), listed)
        return (FinalTranscript(segment) if data.get("is_final") is True else PartialTranscript(segment),)
