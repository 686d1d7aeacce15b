"""Our own providers: the only place that names concrete ones.

Importing it is cheap: engines and SDKs are imported when a provider is built.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from importlib.util import find_spec
from typing import Final

from voice_ai_service.providers.embeddings import hashing, minilm
from voice_ai_service.providers.embeddings import openai as openai_embeddings
from voice_ai_service.providers.embeddings.catalogue import EMBEDDING_ENTRIES
from voice_ai_service.providers.entry import (
    Build,
    ProviderContext,
    ProviderEntry,
    ProviderKind,
    ProviderSettings,
)
from voice_ai_service.providers.llm.catalogue import CHAT_ENTRIES
from voice_ai_service.providers.openai_sdk import CompatibleSettings
from voice_ai_service.providers.realtime import elevenlabs as elevenlabs_agent
from voice_ai_service.providers.realtime import gemini as gemini_live
from voice_ai_service.providers.realtime import openai as openai_realtime
from voice_ai_service.providers.registry import ProviderRegistry
from voice_ai_service.providers.stt import embedded as embedded_stt
from voice_ai_service.providers.stt import faster_whisper
from voice_ai_service.providers.stt import openai as openai_stt
from voice_ai_service.providers.stt.catalogue import ENTRIES as STT_ENTRIES
from voice_ai_service.providers.stt.owned import SttWithItsParts
from voice_ai_service.providers.tts import embedded as embedded_tts
from voice_ai_service.providers.tts import piper
from voice_ai_service.providers.tts.catalogue import VOICE_ENTRIES

STT, TTS, EMBEDDINGS, REALTIME = (
    ProviderKind.STT,
    ProviderKind.TTS,
    ProviderKind.EMBEDDINGS,
    ProviderKind.REALTIME,
)


def load_registry(context: ProviderContext) -> ProviderRegistry:
    """Ours and every installed plug-in's. Blocks on imports: called before serving starts."""
    registry = ProviderRegistry(context, builtin_entries())
    registry.load_plugins()
    return registry


def builtin_entries() -> tuple[ProviderEntry, ...]:
    return (*_LOCAL, *_OPENAI, *CHAT_ENTRIES, *EMBEDDING_ENTRIES, *STT_ENTRIES, *VOICE_ENTRIES, *_REALTIME)


def needs(package: str, extra: str) -> Callable[[], str | None]:
    """An `available` that looks for a package without importing it."""

    def missing() -> str | None:
        return None if find_spec(package) else f"Install it with: pip install 'voice-ai[{extra}]'"

    return missing


async def _embedded_stt(
    context: ProviderContext, settings: ProviderSettings, secret: str | None
) -> SttWithItsParts:
    async with AsyncExitStack() as until_all_run:
        # A voice of its own for pronunciations: hundreds of words must not wait in line with a caller's reply.
        voice = embedded_tts.EmbeddedTts(clock=context.clock)
        until_all_run.push_async_callback(voice.aclose)
        await voice.start()
        engine = embedded_stt.EmbeddedStt(context.processes, voice, clock=context.clock)
        until_all_run.push_async_callback(engine.aclose)
        await engine.start()
        until_all_run.pop_all()
    return SttWithItsParts(engine, (engine, voice))


async def _embedded_tts(
    context: ProviderContext, settings: ProviderSettings, secret: str | None
) -> embedded_tts.EmbeddedTts:
    async with AsyncExitStack() as until_it_runs:
        engine = embedded_tts.EmbeddedTts(clock=context.clock)
        until_it_runs.push_async_callback(engine.aclose)
        await engine.start()
        until_it_runs.pop_all()
    return engine


def _over_openai(kind: ProviderKind, settings_model: type[ProviderSettings], build: Build) -> ProviderEntry:
    """OpenAI itself needs a key; a compatible server may have none. Only embeddings go through the vendor's SDK."""
    compatible = issubclass(settings_model, CompatibleSettings)
    return ProviderEntry(
        kind,
        "openai_compatible" if compatible else "openai",
        settings_model,
        build,
        secret_required=not compatible,
        available=needs("openai", "openai") if kind is EMBEDDINGS else _nothing_is_missing,
    )


def _nothing_is_missing() -> str | None:
    return None


_OPENAI: Final = (
    _over_openai(STT, openai_stt.OpenAiSttSettings, openai_stt.build),
    _over_openai(STT, openai_stt.CompatibleSttSettings, openai_stt.build),
    _over_openai(EMBEDDINGS, openai_embeddings.OpenAiEmbeddingsSettings, openai_embeddings.build),
    _over_openai(EMBEDDINGS, openai_embeddings.CompatibleEmbeddingsSettings, openai_embeddings.build),
)
_REALTIME: Final = (
    ProviderEntry(
        REALTIME,
        "openai",
        openai_realtime.OpenAiRealtimeSettings,
        openai_realtime.build,
        secret_required=True,
        capabilities=openai_realtime.CAPABILITIES,
    ),
    ProviderEntry(
        REALTIME,
        "openai_compatible",
        openai_realtime.CompatibleRealtimeSettings,
        openai_realtime.build,
        capabilities=openai_realtime.CAPABILITIES,
    ),
    ProviderEntry(
        REALTIME,
        elevenlabs_agent.NAME,
        elevenlabs_agent.ElevenLabsAgentSettings,
        elevenlabs_agent.build,
        secret_required=True,
        capabilities=elevenlabs_agent.CAPABILITIES,
    ),
    ProviderEntry(
        REALTIME,
        gemini_live.NAME,
        gemini_live.GeminiLiveSettings,
        gemini_live.build,
        secret_required=True,
        capabilities=gemini_live.CAPABILITIES,
    ),
)
_LOCAL: Final = (
    ProviderEntry(
        STT, "embedded", ProviderSettings, _embedded_stt, local=True, available=embedded_stt.available
    ),
    ProviderEntry(
        TTS, "embedded", ProviderSettings, _embedded_tts, local=True, available=embedded_tts.available
    ),
    ProviderEntry(
        STT,
        faster_whisper.NAME,
        faster_whisper.FasterWhisperSettings,
        faster_whisper.build,
        available=needs("faster_whisper", "whisper"),
        local=True,
        check=faster_whisper.check,
    ),
    ProviderEntry(
        TTS,
        piper.NAME,
        piper.PiperSettings,
        piper.build,
        available=needs("piper", "piper"),
        local=True,
        check=piper.check,
    ),
    ProviderEntry(EMBEDDINGS, "hashing", hashing.HashingSettings, hashing.build, local=True),
    ProviderEntry(
        EMBEDDINGS, "minilm", minilm.MiniLmSettings, minilm.build, local=True, available=minilm.available
    ),
)
