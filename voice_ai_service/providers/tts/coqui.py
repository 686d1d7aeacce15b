"""Coqui's own server (`tts-server`), in its first form and in the one that lives on (`coqui-tts`).

Source: the server's documentation and `TTS/server/server.py` (idiap/coqui-ai-TTS).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import urlencode

from pydantic import Field, StringConstraints

from voice_ai_service.providers.entry import BaseUrl, ProviderContext, ProviderSettings
from voice_ai_service.providers.openai_wire import bearer
from voice_ai_service.providers.tts.http_voice import Decode, HttpVoice, SpeechRequest, wav_file
from voice_ai_service.providers.tts.seam import TtsCapabilities, TtsOptions, Voice
from voice_ai_service.providers.tts.sentences import PieceLengths
from voice_ai_service.providers.tts.voice_choice import LanguageTag
from voice_ai_service.providers.vendor_wire import VendorAddress, open_vendor_wire

NAME: Final = "coqui"
_PIECES: Final = PieceLengths(longest=200)
"""Nothing is heard before the whole piece is made, and its models lose their way in long ones."""
Speaker = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class CoquiSettings(ProviderSettings):
    """
    Attributes:
        voice: A speaker of a model with several; None: the server's own.
        languages: What the server's model calls a language of ours; empty for a model of one language.
        sample_rate_hz: The model's, for lists; the answer says its own.
    """

    base_url: BaseUrl = "http://127.0.0.1:5002"
    voice: Speaker | None = None
    languages: dict[LanguageTag, LanguageTag] = Field({}, max_length=20)
    sample_rate_hz: int = Field(22050, ge=8000, le=48000)


@dataclass(frozen=True, slots=True)
class CoquiDialect:
    settings: CoquiSettings

    @property
    def capabilities(self) -> TtsCapabilities:
        known = frozenset(self.settings.languages) or None
        return TtsCapabilities(False, known, (self.settings.sample_rate_hz,))

    @property
    def decode(self) -> Decode:
        return wav_file

    def request(self, text: str, options: TtsOptions, rate_hz: int) -> SpeechRequest:
        """A form. The server has no speed."""
        asked = {"text": text}
        if speaker := options.voice or self.settings.voice:
            asked["speaker_id"] = speaker
        if language := self.settings.languages.get(options.language):
            asked["language_id"] = language
        return SpeechRequest("/api/tts", urlencode(asked).encode(), "application/x-www-form-urlencoded")

    def voices(self) -> tuple[Voice, ...]:
        return () if self.settings.voice is None else (Voice(self.settings.voice, "mul"),)


async def build(context: ProviderContext, settings: CoquiSettings, secret: str | None) -> HttpVoice:
    """A key goes to the proxy before the server, which knows none."""
    address = VendorAddress(settings.base_url, True, bearer(secret))
    wire = await open_vendor_wire(NAME, address, settings.timeouts, context)
    return HttpVoice(wire, CoquiDialect(settings), lengths=_PIECES)
