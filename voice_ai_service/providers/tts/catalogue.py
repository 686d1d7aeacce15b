"""The voices that are reached over a network."""

from __future__ import annotations

from typing import Any, Final

from voice_ai_service.providers.entry import Build, ProviderEntry, ProviderKind, ProviderSettings
from voice_ai_service.providers.tts import azure, cartesia, coqui, elevenlabs, google, openai, playht, polly
from voice_ai_service.providers.tts.presets import KokoroSettings, SpeechRuntimeSettings, build_as
from voice_ai_service.providers.tts.seam import TtsCapabilities


def _entry(
    name: str,
    settings_model: type[ProviderSettings],
    build: Any,
    capabilities: TtsCapabilities | None = None,
    *,
    needs_key: bool = True,
) -> ProviderEntry:
    made: Build = build
    return ProviderEntry(
        ProviderKind.TTS, name, settings_model, made, secret_required=needs_key, capabilities=capabilities
    )


VOICE_ENTRIES: Final = (
    _entry("openai", openai.OpenAiTtsSettings, openai.build),
    _entry("openai_compatible", openai.CompatibleTtsSettings, openai.build, needs_key=False),
    _entry(elevenlabs.NAME, elevenlabs.ElevenLabsTtsSettings, elevenlabs.build, elevenlabs.STREAMING),
    _entry(cartesia.NAME, cartesia.CartesiaSettings, cartesia.build, cartesia.CAPABILITIES),
    _entry(azure.NAME, azure.AzureTtsSettings, azure.build, azure.CAPABILITIES),
    _entry(google.NAME, google.GoogleTtsSettings, google.build, google.CAPABILITIES),
    _entry(polly.NAME, polly.PollySettings, polly.build, polly.CAPABILITIES),
    _entry(playht.NAME, playht.PlayHtSettings, playht.build, playht.CAPABILITIES),
    _entry("kokoro", KokoroSettings, build_as("kokoro"), needs_key=False),
    _entry(coqui.NAME, coqui.CoquiSettings, coqui.build, needs_key=False),
    _entry("speech_runtime", SpeechRuntimeSettings, build_as("speech_runtime"), needs_key=False),
)
