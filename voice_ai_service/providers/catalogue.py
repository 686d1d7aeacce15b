"""Our own providers: the only place that names concrete ones.

Importing it is cheap: engines and SDKs are imported when a provider is built.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Final

from voice_ai_service.providers.embeddings import hashing
from voice_ai_service.providers.entry import ProviderContext, ProviderEntry, ProviderKind, ProviderSettings
from voice_ai_service.providers.registry import ProviderRegistry
from voice_ai_service.providers.stt import embedded as embedded_stt
from voice_ai_service.providers.stt.owned import SttWithItsParts
from voice_ai_service.providers.tts import embedded as embedded_tts

STT, TTS, LLM, EMBEDDINGS = (
    ProviderKind.STT,
    ProviderKind.TTS,
    ProviderKind.LLM,
    ProviderKind.EMBEDDINGS,
)


def load_registry(context: ProviderContext) -> ProviderRegistry:
    """Ours and every installed plug-in's. Blocks on imports: called before serving starts."""
    registry = ProviderRegistry(context, builtin_entries())
    registry.load_plugins()
    return registry


def builtin_entries() -> tuple[ProviderEntry, ...]:
    return (*_LOCAL,)


def needs(package: str, extra: str) -> Callable[[], str | None]:
    """An `available` that looks for a package without importing it."""

    def missing() -> str | None:
        return None if find_spec(package) else f"Install it with: pip install 'voice-ai[{extra}]'"

    return missing


async def _embedded_stt(
    context: ProviderContext, settings: ProviderSettings, secret: str | None
) -> SttWithItsParts:
    # A voice of its own for pronunciations: hundreds of words must not wait in line with a caller's reply.
    voice = embedded_tts.EmbeddedTts(clock=context.clock)
    try:
        await voice.start()
        engine = embedded_stt.EmbeddedStt(context.processes, voice, clock=context.clock)
        owned = SttWithItsParts(engine, (engine, voice))
        await engine.start()
    except BaseException:
        await voice.aclose()
        raise
    return owned


async def _embedded_tts(
    context: ProviderContext, settings: ProviderSettings, secret: str | None
) -> embedded_tts.EmbeddedTts:
    engine = embedded_tts.EmbeddedTts(clock=context.clock)
    try:
        await engine.start()
    except BaseException:
        await engine.aclose()
        raise
    return engine


_LOCAL: Final = (
    ProviderEntry(
        STT, "embedded", ProviderSettings, _embedded_stt, local=True, available=embedded_stt.available
    ),
    ProviderEntry(
        TTS, "embedded", ProviderSettings, _embedded_tts, local=True, available=embedded_tts.available
    ),
    ProviderEntry(EMBEDDINGS, "hashing", hashing.HashingSettings, hashing.build, local=True),
)
