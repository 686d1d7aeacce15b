"""Where the service's CPU time goes: folded stacks of a process, sorted into the parts of a turn."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final

from benchmarks.figures import BenchmarkError

_PARTS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("logging", ("structlog", "/logs.py")),
    ("metrics", ("prometheus_client", "/metrics.py", "/observation.py")),
    ("audio", ("voice_ai_service/audio/", "utterance_audio.py", "reply_audio.py")),
    ("stubs", ("voice_ai_benchmark_stubs",)),
    ("database", ("asyncpg", "voice_ai_service/db/pool.py", "conversations/repository.py", "live_calls.py")),
    ("sessions", ("conversations/sessions.py", "db/cache.py", "turn_mode/call_locks.py")),
    ("conversation", ("conversations/",)),
    ("knowledge", ("voice_ai_service/knowledge/",)),
    ("dialogue", ("voice_ai_service/dialogue/", "voice_ai_service/text/")),
    ("providers", ("voice_ai_service/providers/",)),
    ("calls", ("voice_ai_service/calls/",)),
    ("door", ("voice_ai_service/tenancy/", "api/admission.py")),
    ("turn_mode", ("voice_ai_service/turn_mode/",)),
    ("http", ("fastapi/", "starlette/", "uvicorn/", "voice_ai_service/api/", "pydantic/", "anyio/")),
)
"""The innermost frame that belongs to a part gives the sample to it."""
_START: Final = "importlib._bootstrap"


def shares(folded: Path) -> list[tuple[str, float]]:
    """Part and its share of all samples but those of the start, the largest first.

    Raises:
        BenchmarkError: No samples.
    """
    counted: Counter[str] = Counter()
    for line in folded.read_text().splitlines() if folded.exists() else ():
        stack, _, samples = line.rpartition(" ")
        if _START not in stack:
            counted[part_of(stack)] += int(samples)
    if not counted:
        raise BenchmarkError(f"the process was not sampled: {folded} is empty")
    return [(part, samples / counted.total()) for part, samples in counted.most_common()]


def part_of(stack: str) -> str:
    """The part that the innermost of the stack's frames belongs to."""
    for frame in reversed(stack.split(";")):
        for part, marks in _PARTS:
            if any(mark in frame for mark in marks):
                return part
    return "event_loop"
