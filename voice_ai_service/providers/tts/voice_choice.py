"""Which of an engine's voices and rates is used for a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import StringConstraints

from voice_ai_service.errors import ProviderRefused
from voice_ai_service.providers.tts.seam import TtsOptions
from voice_ai_service.text.languages import base_language

LanguageTag = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=20)]
"""BCP 47, as `pt-BR` or `en`."""
VoiceName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9:._ -]{0,99}$")]


def voice_of(options: TtsOptions, voices: Mapping[str, str], provider: str) -> str:
    """The one that was asked for, else the language's own, else that of its first relative.

    Raises:
        ProviderRefused: None speaks the language.
    """
    if options.voice is not None:
        return options.voice
    if options.language in voices:
        return voices[options.language]
    base = base_language(options.language)
    for tag, voice in voices.items():
        if base_language(tag) == base:
            return voice
    raise ProviderRefused(
        f"The provider {provider} has no voice for this language.",
        provider=provider,
        field="language",
        fix=f"Name one in the setting voices; there are some for {', '.join(voices) or 'no language'}.",
    )


def native_rate_hz(rates_hz: Sequence[int], wanted_hz: int) -> int:
    """What to ask the engine for: the wanted rate, else the next higher one, else its highest."""
    if wanted_hz in rates_hz:
        return wanted_hz
    return min((rate for rate in rates_hz if rate > wanted_hz), default=max(rates_hz))


def within(value: float, least: float, most: float) -> float:
    return min(max(value, least), most)
