"""Azure Speech: SSML over REST, streamed back as plain samples.

Source: Microsoft's "Text to speech REST API" (learn.microsoft.com, Azure AI services, Speech service).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final
from xml.sax.saxutils import quoteattr

from pydantic import Field, StringConstraints, model_validator

from voice_ai_service.errors import ProviderRefused
from voice_ai_service.providers.entry import BaseUrl, ProviderContext, ProviderSettings
from voice_ai_service.providers.tts.http_voice import Decode, HttpVoice, SpeechRequest, plain_samples
from voice_ai_service.providers.tts.seam import TtsCapabilities, TtsOptions, Voice
from voice_ai_service.providers.tts.voice_choice import LanguageTag, VoiceName, voice_of, within
from voice_ai_service.providers.vendor_errors import Refusal
from voice_ai_service.providers.vendor_wire import FailedAnswer, VendorAddress, open_vendor_wire
from voice_ai_service.text import ssml

NAME: Final = "azure"
CAPABILITIES: Final = TtsCapabilities(
    streaming_input=False,
    languages=None,
    sample_rates_hz=(8000, 16000, 22050, 24000, 44100, 48000),
    ssml=True,
)
_FORMATS: Final = {
    8000: "raw-8khz-16bit-mono-pcm",
    16000: "raw-16khz-16bit-mono-pcm",
    22050: "raw-22050hz-16bit-mono-pcm",
    24000: "raw-24khz-16bit-mono-pcm",
    44100: "raw-44100hz-16bit-mono-pcm",
    48000: "raw-48khz-16bit-mono-pcm",
}
_TAKES: Final = ("break", "emphasis", "prosody", "say-as", "sub", "phoneme", "lang", "p", "s")
_PATH: Final = "/cognitiveservices/v1"


class AzureTtsSettings(ProviderSettings):
    """
    Attributes:
        region: Of the speech resource, such as `brazilsouth`.
        base_url: Instead of the region's address: a resource's own domain or a container; without the path.
        voices: By language.
    """

    region: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{1,39}$")] | None = None
    base_url: BaseUrl | None = None
    voices: dict[LanguageTag, VoiceName] = Field(
        {"pt-BR": "pt-BR-FranciscaNeural", "en-US": "en-US-JennyNeural"}, min_length=1, max_length=20
    )

    @model_validator(mode="after")
    def _somewhere(self) -> AzureTtsSettings:
        if self.region is None and self.base_url is None:
            raise ValueError("name the resource's region, such as brazilsouth, or a base_url")
        return self


@dataclass(frozen=True, slots=True)
class AzureDialect:
    settings: AzureTtsSettings

    @property
    def capabilities(self) -> TtsCapabilities:
        return CAPABILITIES

    @property
    def decode(self) -> Decode:
        return plain_samples

    def request(self, text: str, options: TtsOptions, rate_hz: int) -> SpeechRequest:
        """The document; its only text is the tenant's. Raises ProviderRefused without a voice."""
        voice = voice_of(options, self.settings.voices, NAME)
        inner = ssml.content(text, _TAKES)
        if options.speed != 1.0:
            inner = f'<prosody rate="{within(options.speed, 0.5, 2.0):.2f}">{inner}</prosody>'
        document = (
            '<speak version="1.0" xmlns="http://www.w3.org/2001/10/synthesis" '
            f"xml:lang={quoteattr(options.language)}><voice name={quoteattr(voice)}>{inner}</voice></speak>"
        )
        headers = {"X-Microsoft-OutputFormat": _FORMATS[rate_hz]}
        return SpeechRequest(_PATH, document.encode(), "application/ssml+xml", headers)

    def voices(self) -> tuple[Voice, ...]:
        return tuple(Voice(name, tag) for tag, name in self.settings.voices.items())


def as_azure_says(failed: FailedAnswer) -> Refusal:
    """Its error answers are plain text, if anything: a voice that it does not know is a bad request that says so."""
    about_voice = failed.status == 400 and "voice" in failed.detail.lower()
    return Refusal(failed.status, failed.headers, failed.detail, param="voice" if about_voice else None)


async def build(context: ProviderContext, settings: AzureTtsSettings, secret: str | None) -> HttpVoice:
    """Raises ProviderRefused without a key."""
    if not secret:
        raise ProviderRefused("Azure Speech needs a key.", provider=NAME, field="secret")
    url = settings.base_url or f"https://{settings.region}.tts.speech.microsoft.com"
    address = VendorAddress(
        url,
        settings.base_url is not None,
        {"Ocp-Apim-Subscription-Key": secret},
        refusal=as_azure_says,
    )
    wire = await open_vendor_wire(NAME, address, settings.timeouts, context)
    return HttpVoice(wire, AzureDialect(settings))
