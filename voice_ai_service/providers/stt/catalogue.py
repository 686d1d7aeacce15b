"""The recognisers that are reached over a network."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, Final

from voice_ai_service.providers.entry import Build, ProviderEntry, ProviderKind, ProviderSettings
from voice_ai_service.providers.stt import (
    assemblyai,
    aws_transcribe,
    azure,
    deepgram,
    gladia,
    google,
    presets,
    scribe,
    vosk,
    vosk_server,
)
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


def _vosk_missing() -> str | None:
    return None if find_spec("vosk") else "Install it with: pip install 'voice-ai[vosk]'"


ENTRIES: Final = (
    _entry(deepgram.NAME, deepgram.DeepgramSettings, deepgram.build, deepgram.CAPABILITIES),
    _entry(assemblyai.NAME, assemblyai.AssemblyAiSettings, assemblyai.build, assemblyai.CAPABILITIES),
    _entry(scribe.NAME, scribe.ScribeSettings, scribe.build, scribe.CAPABILITIES),
    _entry(gladia.NAME, gladia.GladiaSettings, gladia.build, gladia.CAPABILITIES),
    _entry(azure.NAME, azure.AzureSttSettings, azure.build, azure.CAPABILITIES),
    _entry(google.NAME, google.GoogleSttSettings, google.build, google.CAPABILITIES, secret_is_one_text=True),
    _entry(
        aws_transcribe.NAME,
        aws_transcribe.TranscribeSettings,
        aws_transcribe.build,
        aws_transcribe.CAPABILITIES,
    ),
    _entry(presets.GROQ, presets.GroqSttSettings, presets.build_groq, presets.CAPABILITIES),
    _entry(
        presets.SPEECH_RUNTIME,
        presets.SpeechRuntimeSttSettings,
        presets.build_speech_runtime,
        presets.CAPABILITIES,
        secret_required=False,
    ),
    _entry(
        vosk_server.NAME,
        vosk_server.VoskServerSettings,
        vosk_server.build,
        None,
        secret_required=False,
    ),
    ProviderEntry(
        ProviderKind.STT,
        vosk.NAME,
        vosk.VoskSettings,
        vosk.build,
        available=_vosk_missing,
        local=True,
        check=vosk.check,
    ),
)
