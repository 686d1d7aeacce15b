"""Where the service's CPU time goes: py-spy looks at the running process, which knows nothing of it."""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from benchmarks.figures import BenchmarkError
from benchmarks.processes import VoiceAi

_RATE_HZ: Final = 250
_PARTS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("logging", ("structlog", "/logs.py")),
    ("metrics", ("prometheus_client", "/metrics.py", "/observation.py")),
    ("audio", ("voice_ai_service/audio/", "utterance_audio.py", "reply_audio.py")),
    ("stubs", ("voice_ai_benchmark_stubs",)),
    ("database", ("asyncpg", "voice_ai_service/db/pool.py", "conversations/repository.py", "live_calls.py")),
    ("sessions", ("conversations/sessions.py", "db/cache.py", "turn_mode/call_locks.py")),
    ("conversation", ("conversations/",)),
    ("dialogue", ("voice_ai_service/dialogue/", "voice_ai_service/text/")),
    ("providers", ("voice_ai_service/providers/",)),
    ("calls", ("voice_ai_service/calls/",)),
    ("door", ("voice_ai_service/tenancy/", "api/admission.py")),
    ("turn_mode", ("voice_ai_service/turn_mode/",)),
    ("http", ("fastapi/", "starlette/", "uvicorn/", "voice_ai_service/api/", "pydantic/", "anyio/")),
)
"""The innermost frame that belongs to a part gives the sample to it."""


class Profile:
    """Samples by part, once the profiled stretch is over. `folded` is where flame graphs can be made from."""

    def __init__(self, folded: Path) -> None:
        self.folded = folded

    def shares(self) -> list[tuple[str, float]]:
        """Part and its share of all samples, the largest first. Raises BenchmarkError without samples."""
        counted: Counter[str] = Counter()
        for line in self.folded.read_text().splitlines():
            stack, _, samples = line.rpartition(" ")
            counted[_part_of(stack)] += int(samples)
        if not counted:
            raise BenchmarkError(f"py-spy saw nothing: {self.folded} is empty")
        return [(part, samples / counted.total()) for part, samples in counted.most_common()]


def _part_of(stack: str) -> str:
    for frame in reversed(stack.split(";")):
        for part, marks in _PARTS:
            if any(mark in frame for mark in marks):
                return part
    return "event_loop"


@asynccontextmanager
async def profiled(process: VoiceAi, folded: Path) -> AsyncIterator[Profile]:
    """Samples the process while the block runs. Raises BenchmarkError where py-spy is missing or not allowed to."""
    program = shutil.which("py-spy", path=str(Path(sys.executable).parent)) or shutil.which("py-spy")
    if program is None:
        raise BenchmarkError("py-spy is not installed; install it with: pip install py-spy")
    folded.parent.mkdir(parents=True, exist_ok=True)
    options = ["--format", "raw", "--rate", str(_RATE_HZ), "--full-filenames", "--output", str(folded)]
    sampler = subprocess.Popen(
        [program, "record", *options, "--duration", "3600", "--pid", str(process.pid)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    await asyncio.sleep(0.5)
    try:
        yield Profile(folded)
    finally:
        sampler.send_signal(signal.SIGINT)
        _, complaint = await asyncio.to_thread(sampler.communicate)
    if not folded.exists():
        raise BenchmarkError(f"py-spy failed: {complaint.decode(errors='replace')[-500:]}")
