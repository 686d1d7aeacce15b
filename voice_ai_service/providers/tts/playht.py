"""PlayHT's HTTP streaming. The vendor closed its public API at the end of 2025; others may still serve it.

Source: "HTTP Streaming Endpoints" (docs.play.ht) and the pyht SDK's HTTP client.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import StringConstraints

from voice_ai_service.errors import ProviderRefused
from voice_ai_service.providers.entry import BaseUrl, ModelName, ProviderContext, ProviderSettings
from voice_ai_service.providers.tts.http_voice import Decode, HttpVoice, SpeechRequest, plain_samples
from voice_ai_service.providers.tts.seam import TtsCapabilities, TtsOptions, Voice
from voice_ai_service.providers.tts.voice_choice import within
from voice_ai_service.providers.vendor_errors import Refusal
from voice_ai_service.providers.vendor_wire import FailedAnswer, VendorAddress, open_vendor_wire
from voice_ai_service.text.languages import base_language

NAME: Final = "playht"
_LANGUAGES: Final = {
    "pt": "portuguese",
    "en": "english",
    "es": "spanish",
    "fr": "french",
    "de": "german",
    "it": "italian",
}
CAPABILITIES: Final = TtsCapabilities(
    streaming_input=False, languages=frozenset(_LANGUAGES), sample_rates_hz=(8000, 16000, 24000, 44100, 48000)
)


class PlayHtSettings(ProviderSettings):
    """
    Attributes:
        base_url: Of whoever serves the API, without `/api/v2`.
        user_id: The account's, which every request names beside the key.
        model: `voice_engine`.
        voice: The address of a voice's manifest.
    """

    base_url: BaseUrl
    user_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,100}$")]
    model: ModelName = "Play3.0-mini"
    voice: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,300}$")]


@dataclass(frozen=True, slots=True)
class PlayHtDialect:
    settings: PlayHtSettings

    @property
    def capabilities(self) -> TtsCapabilities:
        return CAPABILITIES

    @property
    def decode(self) -> Decode:
        return plain_samples

    def request(self, text: str, options: TtsOptions, rate_hz: int) -> SpeechRequest:
        """Raises ProviderRefused for a language that it does not speak."""
        language = _LANGUAGES.get(base_language(options.language))
        if language is None:
            raise ProviderRefused("PlayHT does not speak this language.", provider=NAME, field="language")
        asked = {
            "text": text,
            "voice": options.voice or self.settings.voice,
            "voice_engine": self.settings.model,
            "output_format": "raw",
            "sample_rate": rate_hz,
            "speed": within(options.speed, 0.1, 5.0),
            "language": language,
        }
        return SpeechRequest.json("/api/v2/tts/stream", asked)

    def voices(self) -> tuple[Voice, ...]:
        return (Voice(self.settings.voice, "mul"),)


def as_playht_says(failed: FailedAnswer) -> Refusal:
    """`error_id` names the kind."""
    said = failed.said if isinstance(failed.said, dict) else {}
    about_voice = failed.status == 400 and "VOICE" in str(said.get("error_id", "")).upper()
    return Refusal(failed.status, failed.headers, failed.detail, param="voice" if about_voice else None)


async def build(context: ProviderContext, settings: PlayHtSettings, secret: str | None) -> HttpVoice:
    """Raises ProviderRefused without a key."""
    if not secret:
        raise ProviderRefused("PlayHT needs a key.", provider=NAME, field="secret")
    headers = {"AUTHORIZATION": secret, "X-USER-ID": settings.user_id}
    address = VendorAddress(settings.base_url, True, headers, refusal=as_playht_says)
    wire = await open_vendor_wire(NAME, address, settings.timeouts, context)
    return HttpVoice(wire, PlayHtDialect(settings))
