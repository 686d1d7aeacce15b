"""Processes of the benchmark: on which core they run, and what they cost."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import psutil

from benchmarks.figures import BenchmarkError

_READY_S: Final = 60.0
_STOP_S: Final = 30.0
_MEGABYTE: Final = 1024 * 1024


def cores() -> tuple[frozenset[int], frozenset[int]]:
    """One core for the measured process, the others for all else; the same for both where there is one only."""
    usable = sorted(os.sched_getaffinity(0))
    return frozenset(usable[:1]), frozenset(usable[1:] or usable)


class VoiceAi:
    """One `voice-ai` command in a process of its own.

    Args:
        arguments: As on the command line.
        settings: Its environment beside ours.
        pinned_to: Cores it may use; None leaves it where we are.
    """

    def __init__(
        self,
        arguments: tuple[str, ...],
        settings: Mapping[str, str],
        log_file: Path,
        pinned_to: frozenset[int] | None = None,
    ) -> None:
        self._log_file = log_file
        self.started_at = time.perf_counter()
        with log_file.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "voice_ai_service", *arguments],
                env={**os.environ, **settings},
                stdout=log,
                stderr=log,
            )
        if pinned_to is not None:
            os.sched_setaffinity(self._process.pid, pinned_to)
        self._watched = psutil.Process(self._process.pid)

    @property
    def pid(self) -> int:
        return self._process.pid

    def cpu_s(self) -> float:
        """User and system time since its start, without its children."""
        times = self._watched.cpu_times()
        return times.user + times.system

    def rss_mb(self) -> float:
        return self._watched.memory_info().rss / _MEGABYTE

    async def until_ready(self, url: str) -> float:
        """Seconds from the start of the process to the first 200 of `/ready`. Raises BenchmarkError."""
        async with httpx.AsyncClient(trust_env=False, timeout=5.0) as client:
            while time.perf_counter() - self.started_at < _READY_S:
                if self._process.poll() is not None:
                    break
                try:
                    if (await client.get(f"{url}/ready")).status_code == 200:
                        return time.perf_counter() - self.started_at
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.02)
        raise BenchmarkError(f"the process did not become ready:\n{self.log_tail()}")

    def log_tail(self) -> str:
        return self._log_file.read_text(errors="replace")[-2000:]

    async def stop(self) -> None:
        """As an operator would; kills it after a while."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            await asyncio.to_thread(self._process.wait, _STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            await asyncio.to_thread(self._process.wait)


@dataclass(frozen=True, slots=True)
class _Busy:
    at: float
    machine_s: float
    process_s: float


class CpuMeter:
    """CPU of one process over a stretch of time, and how busy its core was with others."""

    def __init__(self, process: VoiceAi) -> None:
        self._process = process
        self._core = min(os.sched_getaffinity(process.pid))
        self._began = self._now()

    def _now(self) -> _Busy:
        core = psutil.cpu_times(percpu=True)[self._core]
        busy = core.user + core.nice + core.system + core.irq + core.softirq + core.steal
        return _Busy(time.perf_counter(), busy, self._process.cpu_s())

    def used_s(self) -> float:
        """CPU seconds of the process since the meter was made."""
        return self._process.cpu_s() - self._began.process_s

    def foreign_share(self) -> float:
        """Part of the core's time that others took meanwhile, 0 to 1."""
        now = self._now()
        others = (now.machine_s - self._began.machine_s) - (now.process_s - self._began.process_s)
        return max(0.0, others / (now.at - self._began.at))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
