"""The stubs as the service finds them: by the metadata of an installed package, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from importlib.metadata import EntryPoint, distributions
from pathlib import Path
from typing import Any

import pytest

from benchmarks.plugin_folder import write_plugin
from benchmarks.stub_providers import NAME
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.providers.entry import ProviderContext, ProviderKind
from voice_ai_service.providers.llm.seam import ChatDone, ChatModel, ChatOptions, TextDelta
from voice_ai_service.providers.registry import ENTRY_POINT_GROUP, ProviderRegistry
from voice_ai_service.providers.stt.seam import SpeechToText, SttOptions
from voice_ai_service.providers.tts.seam import TextToSpeech, TtsOptions


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProviderRegistry:
    write_plugin(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    made = ProviderRegistry(ProviderContext())
    made.load_plugins(_points(tmp_path))
    return made


def _points(folder: Path) -> list[EntryPoint]:
    return [
        point
        for distribution in distributions(path=[str(folder)])
        for point in distribution.entry_points
        if point.group == ENTRY_POINT_GROUP
    ]


async def _built(registry: ProviderRegistry, kind: ProviderKind, delay_ms: float = 0.0) -> Any:
    entry = registry.find(kind, NAME)
    assert entry is not None
    settings = await registry.validate(kind, NAME, {"delay_ms": delay_ms}, None)
    return await entry.build(registry.context, settings, None)


def test_the_registry_lists_three_kinds(registry: ProviderRegistry) -> None:
    listed = [entry for entry in registry.listing() if entry.name == NAME]
    assert sorted(str(entry.kind) for entry in listed) == ["llm", "stt", "tts"]
    assert all(entry.unavailable is None and entry.source != "built-in" for entry in listed)


async def test_the_ears_hear_a_sentence(registry: ProviderRegistry) -> None:
    ears: SpeechToText = await _built(registry, ProviderKind.STT)
    heard = await ears.transcribe(PcmAudio(bytes(3200), 8000), SttOptions(("pt-BR",)))
    assert (heard.text.endswith("?"), heard.language) == (True, "pt-BR")


async def test_a_reply_lasts_some_seconds_and_fits_into_one_answer(registry: ProviderRegistry) -> None:
    model: ChatModel = await _built(registry, ProviderKind.LLM)
    voice: TextToSpeech = await _built(registry, ProviderKind.TTS)
    events = [event async for event in model.chat((), (), ChatOptions())]
    assert isinstance(events[-1], ChatDone)

    async def said() -> AsyncIterator[str]:
        for event in events:
            if isinstance(event, TextDelta):
                yield event.text

    chunks = [chunk async for chunk in voice.stream(said(), TtsOptions("pt-BR"))]
    assert 2.0 < sum(map(len, chunks)) / 16_000 < 5.0
