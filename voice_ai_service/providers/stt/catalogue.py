"""The recognisers that are reached over a network."""

from __future__ import annotations

from typing import Any, Final

from voice_ai_service.providers.entry import Build, ProviderEntry, ProviderKind, ProviderSettings
from voice_ai_service.providers.stt import assemblyai, deepgram, gladia, scribe
from voice_ai_service.providers.stt.seam import SttCapabilities


def _entry(
    name: str,
    settings_model: type[ProviderSettings],
    build: Any,
    capabilities: SttCapabilities | None,
    **more: Any,
) -> ProviderEntry:
    made: Build = build
    needs_key = {"secret_required": True, **more}
    return ProviderEntry(ProviderKind.STT, name, settings_model, made, capabilities=capabilities, **needs_key)


ENTRIES: Final = (
    _entry(deepgram.NAME, deepgram.DeepgramSettings, deepgram.build, deepgram.CAPABILITIES),
    _entry(assemblyai.NAME, assemblyai.AssemblyAiSettings, assemblyai.build, assemblyai.CAPABILITIES),
    _entry(scribe.NAME, scribe.ScribeSettings, scribe.build, scribe.CAPABILITIES),
    _entry(gladia.NAME, gladia.GladiaSettings, gladia.build, gladia.CAPABILITIES),
)
