from __future__ import annotations

import subprocess
import sys

from voice_ai_service.providers.catalogue import builtin_entries
from voice_ai_service.providers.entry import ProviderContext, ProviderKind
from voice_ai_service.providers.factory import EmbeddedDefaults
from voice_ai_service.providers.registry import ProviderRegistry


def test_every_entry_fits_the_registry_and_local_ones_work_without_settings() -> None:
    registry = ProviderRegistry(ProviderContext(), builtin_entries())
    for entry in builtin_entries():
        assert registry.find(entry.kind, entry.name) is entry
        assert not (entry.local and entry.secret_required)


def test_the_embedded_defaults_exist_and_need_no_settings() -> None:
    registry = ProviderRegistry(ProviderContext(), builtin_entries())
    for kind in (ProviderKind.STT, ProviderKind.TTS, ProviderKind.EMBEDDINGS):
        name = EmbeddedDefaults().name(kind)
        assert name is not None
        registry.parse(kind, name, {})


def test_importing_the_catalogue_loads_no_engine_and_no_sdk() -> None:
    heavy = ("openai", "anthropic", "faster_whisper", "ctranslate2", "piper", "pocketsphinx", "onnxruntime")
    code = (
        "import sys, voice_ai_service.providers.catalogue as c; c.builtin_entries();"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
