"""The stub providers as an installed package: a folder with the code and its metadata, and nothing in our tree."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from benchmarks import stub_providers

_PACKAGE: Final = "voice_ai_benchmark_stubs"
_METADATA: Final = f"Metadata-Version: 2.1\nName: {_PACKAGE}\nVersion: 1.0\n"
_ENTRY_POINTS: Final = f"""\
[voice_ai.providers]
benchmark_stub_stt = {_PACKAGE}:STT
benchmark_stub_tts = {_PACKAGE}:TTS
benchmark_stub_llm = {_PACKAGE}:LLM
"""


def write_plugin(folder: Path) -> None:
    """Installs it into `folder`, which then belongs on a process's PYTHONPATH."""
    package = folder / _PACKAGE
    package.mkdir(parents=True)
    shutil.copyfile(stub_providers.__file__, package / "__init__.py")
    metadata = folder / f"{_PACKAGE}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(_METADATA)
    (metadata / "entry_points.txt").write_text(_ENTRY_POINTS)
