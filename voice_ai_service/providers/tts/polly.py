"""Amazon Polly's SynthesizeSpeech, streamed back as plain samples.

Source: the service's public model (botocore, `polly/2016-06-10`) and the Amazon Polly API reference.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from pydantic import Field

from voice_ai_service.net.aws_signature import AwsService
from voice_ai_service.providers.aws_api import Region, as_aws_says, aws_credentials, aws_key
from voice_ai_service.providers.entry import BaseUrl, ProviderContext, ProviderSettings
from voice_ai_service.providers.tts.http_voice import Decode, HttpVoice, SpeechRequest, plain_samples
from voice_ai_service.providers.tts.seam import TtsCapabilities, TtsOptions, Voice
from voice_ai_service.providers.tts.voice_choice import LanguageTag, VoiceName, voice_of, within
from voice_ai_service.providers.vendor_errors import Refusal
from voice_ai_service.providers.vendor_wire import FailedAnswer, VendorAddress, open_vendor_wire
from voice_ai_service.text import ssml

NAME: Final = "polly"
CAPABILITIES: Final = TtsCapabilities(
    streaming_input=False, languages=None, sample_rates_hz=(8000, 16000), ssml=True
)
_TAKES: Final = {
    "standard": ("break", "emphasis", "prosody", "say-as", "sub", "phoneme", "lang", "p", "s"),
    "neural": ("break", "prosody", "say-as", "sub", "phoneme", "lang", "p", "s"),
    "long-form": ("break", "say-as", "sub", "p", "s"),
    "generative": ("break", "say-as", "sub", "p", "s"),
}
"""What each engine takes of SSML; what it does not take is an error, not ignored."""
_TAKES_RATE: Final = ("standard", "neural")


class PollySettings(ProviderSettings):
    """
    Attributes:
        base_url: Instead of the region's address, such as a VPC endpoint.
        voices: By language; each must exist in `engine`.
    """

    region: Region = "us-east-1"
    base_url: BaseUrl | None = None
    engine: Literal["standard", "neural", "long-form", "generative"] = "neural"
    voices: dict[LanguageTag, VoiceName] = Field(
        {"pt-BR": "Camila", "en-US": "Joanna"}, min_length=1, max_length=20
    )


@dataclass(frozen=True, slots=True)
class PollyDialect:
    settings: PollySettings

    @property
    def capabilities(self) -> TtsCapabilities:
        return CAPABILITIES

    @property
    def decode(self) -> Decode:
        return plain_samples

    def request(self, text: str, options: TtsOptions, rate_hz: int) -> SpeechRequest:
        """Raises ProviderRefused without a voice."""
        engine = self.settings.engine
        paced = options.speed != 1.0 and engine in _TAKES_RATE
        marked = paced or ssml.has_markup(text)
        if marked:
            text = ssml.content(text, _TAKES[engine])
            if paced:
                text = f'<prosody rate="{within(options.speed, 0.2, 2.0):.0%}">{text}</prosody>'
            text = f"<speak>{text}</speak>"
        asked = {
            "Engine": engine,
            "OutputFormat": "pcm",
            "SampleRate": str(rate_hz),
            "Text": text,
            "TextType": "ssml" if marked else "text",
            "VoiceId": voice_of(options, self.settings.voices, NAME),
        }
        return SpeechRequest.json("/v1/speech", asked)

    def voices(self) -> tuple[Voice, ...]:
        return tuple(Voice(name, tag) for tag, name in self.settings.voices.items())


def _says(failed: FailedAnswer) -> Refusal:
    refusal = as_aws_says(failed)
    if refusal.status != 400:
        return refusal
    about_voice = "voiceid" in failed.detail.lower() or "voice does not support" in failed.detail.lower()
    return replace(refusal, param="voice") if about_voice else refusal


async def build(context: ProviderContext, settings: PollySettings, secret: str | None) -> HttpVoice:
    """Raises ProviderRefused without a whole AWS key."""
    aws_key(NAME, secret)  # Polly takes no API keys
    service = AwsService("polly", settings.region)
    headers, sign = aws_credentials(NAME, secret, service, context.clock)
    url = settings.base_url or f"https://polly.{settings.region}.amazonaws.com"
    address = VendorAddress(url, settings.base_url is not None, headers, sign=sign, refusal=_says)
    wire = await open_vendor_wire(NAME, address, settings.timeouts, context)
    return HttpVoice(wire, PollyDialect(settings))
