"""From `voice-ai up` to the first call that could be taken."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from benchmarks.figures import Figure, percentile
from benchmarks.processes import VoiceAi, free_port

_TARGET_S: Final = 10.0


async def measure(folder: Path, repeats: int) -> list[Figure]:
    """Data folders that do not exist yet, and one that a run before has left."""
    new = [await _start(folder / f"new-{number}") for number in range(repeats)]
    existing = [await _start(folder / "new-0") for _ in range(repeats)]
    note = f"median of {repeats}, process start to /ready; nothing dropped from the disk cache"
    return [
        Figure("cold_start.new_data", percentile(new, 0.5), "s", _TARGET_S, note=note),
        Figure("cold_start.existing_data", percentile(existing, 0.5), "s", _TARGET_S),
    ]


async def _start(data_dir: Path) -> float:
    data_dir.mkdir(parents=True, exist_ok=True)
    port = free_port()
    settings = {"VOICE_AI_DATA_DIR": str(data_dir), "VOICE_AI_PORT": str(port)}
    process = VoiceAi(("up",), settings, data_dir / "up.log")
    try:
        return await process.until_ready(f"http://127.0.0.1:{port}")
    finally:
        await process.stop()
