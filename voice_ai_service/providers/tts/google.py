"""Google Cloud Text-to-Speech over REST, one whole answer a sentence.

Source: "Method: text.synthesize" of the v1 REST reference (cloud.google.com). Its streaming is gRPC only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from pydantic import Field

from voice_ai_service.errors import ProviderRefused
from voice_ai_service.providers.entry import BaseUrl, ProviderContext, ProviderSettings
from voice_ai_service.providers.google_api import as_google_says
from voice_ai_service.providers.tts.http_voice import Decode, HttpVoice, SpeechRequest, wav_in_json
from voice_ai_service.providers.tts.seam import TtsCapabilities, TtsOptions, Voice
from voice_ai_service.providers.tts.sentences import PieceLengths
from voice_ai_service.providers.tts.voice_choice import LanguageTag, VoiceName, voice_of, within
from voice_ai_service.providers.vendor_errors import Refusal
from voice_ai_service.providers.vendor_wire import FailedAnswer, VendorAddress, open_vendor_wire
from voice_ai_service.text import ssml

NAME: Final = "google"
URL: Final = "https://texttospeech.googleapis.com/v1"
CAPABILITIES: Final = TtsCapabilities(
    streaming_input=False, languages=None, sample_rates_hz=(8000, 16000, 24000, 48000), ssml=True
)
_TAKES: Final = ("break", "emphasis", "prosody", "say-as", "sub", "phoneme", "lang", "p", "s")
_PIECES: Final = PieceLengths(longest=200)
"""Nothing is heard before the whole piece is made."""


class GoogleTtsSettings(ProviderSettings):
    """
    Attributes:
        voices: By language; a name begins with its language, as in `pt-BR-Neural2-A`.
        ssml: False for voices that take none (Chirp, Journey).
    """

    base_url: BaseUrl | None = None
    voices: dict[LanguageTag, VoiceName] = Field(
        {"pt-BR": "pt-BR-Neural2-A", "en-US": "en-US-Neural2-F"}, min_length=1, max_length=20
    )
    ssml: bool = True


@dataclass(frozen=True, slots=True)
class GoogleDialect:
    settings: GoogleTtsSettings

    @property
    def capabilities(self) -> TtsCapabilities:
        if self.settings.ssml:
            return CAPABILITIES
        return TtsCapabilities(False, None, CAPABILITIES.sample_rates_hz)

    @property
    def decode(self) -> Decode:
        return wav_in_json

    def request(self, text: str, options: TtsOptions, rate_hz: int) -> SpeechRequest:
        """Raises ProviderRefused without a voice."""
        voice = voice_of(options, self.settings.voices, NAME)
        marked = self.settings.ssml and ssml.has_markup(text)
        config: dict[str, Any] = {"audioEncoding": "LINEAR16", "sampleRateHertz": rate_hz}
        if options.speed != 1.0:
            config["speakingRate"] = within(options.speed, 0.25, 2.0)
        asked = {
            "input": {"ssml": f"<speak>{ssml.content(text, _TAKES)}</speak>"} if marked else {"text": text},
            "voice": {"languageCode": language_of(voice) or options.language, "name": voice},
            "audioConfig": config,
        }
        return SpeechRequest.json("/text:synthesize", asked)

    def voices(self) -> tuple[Voice, ...]:
        return tuple(Voice(name, tag) for tag, name in self.settings.voices.items())


def language_of(voice: str) -> str | None:
    """`pt-BR` of `pt-BR-Neural2-A`: the request must name the voice's own language."""
    parts = voice.split("-")
    return "-".join(parts[:2]) if len(parts) > 2 and parts[0].islower() and len(parts[1]) == 2 else None


def _says(failed: FailedAnswer) -> Refusal:
    refusal = as_google_says(failed)
    if refusal.status == 400 and "voice" in failed.detail.lower():
        return Refusal(refusal.status, refusal.headers, refusal.detail, param="voice")
    return refusal


async def build(context: ProviderContext, settings: GoogleTtsSettings, secret: str | None) -> HttpVoice:
    """With an API key; service accounts are not supported. Raises ProviderRefused."""
    if not secret:
        raise ProviderRefused("Google needs a key.", provider=NAME, field="secret")
    address = VendorAddress(
        settings.base_url or URL, settings.base_url is not None, {"x-goog-api-key": secret}, refusal=_says
    )
    wire = await open_vendor_wire(NAME, address, settings.timeouts, context)
    return HttpVoice(wire, GoogleDialect(settings), lengths=_PIECES)
