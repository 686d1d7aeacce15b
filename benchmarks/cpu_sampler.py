"""Where a Python process spends its CPU time, by the kernel's own count of it (ITIMER_PROF).

Put on a process's path as `sitecustomize`, it wakes up when SAMPLES_TO is set and writes folded stacks when the
process ends. Samplers that look from outside also count the time in which other processes had the core.
"""

from __future__ import annotations

import atexit
import os
import signal
from collections import Counter
from pathlib import Path
from types import FrameType

SAMPLES_TO = "VOICE_AI_BENCHMARK_SAMPLES"
"""A file's name; the process's number is added, since its children inherit the environment."""
_EVERY_S = 0.002


class _Sampler:
    def __init__(self, target: Path) -> None:
        self._target = target
        self._stacks: Counter[str] = Counter()

    def start(self) -> None:
        signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, _EVERY_S, _EVERY_S)
        atexit.register(self._write)

    def _sample(self, _signal: int, frame: FrameType | None) -> None:
        stack = []
        while frame is not None:
            code = frame.f_code
            stack.append(f"{code.co_qualname} ({code.co_filename}:{frame.f_lineno})")
            frame = frame.f_back
        self._stacks[";".join(reversed(stack))] += 1

    def _write(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        lines = [f"{stack} {count}\n" for stack, count in self._stacks.items()]
        self._target.write_text("".join(lines))


if SAMPLES_TO in os.environ:
    _Sampler(Path(f"{os.environ[SAMPLES_TO]}.{os.getpid()}")).start()
