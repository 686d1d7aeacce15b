"""The servers under test, each in a process of its own on the first core; stubs and callers share the others."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

from benchmarks.figures import BenchmarkError
from benchmarks.processes import cores, free_port
from benchmarks.realtime.stubs import Delays

_READY_S: Final = 90.0
_ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Server:
    """
    Attributes:
        command: `{port}`, `{stubs}` and `{rate}` are filled in.
        silence_ms: Its end-of-turn silence.
    """

    name: str
    command: tuple[str, ...]
    silence_ms: int = 200


BRIDGE: Final = Server(
    "bridge",
    (
        sys.executable,
        "-m",
        "benchmarks.bridge_server",
        "--port",
        "{port}",
        "--stubs",
        "{stubs}",
        "--rate",
        "{rate}",
    ),
)


def peer(folder: Path) -> Server:
    """The bare loop of a folder of peers (its `servers/floor_bridge.py`): no product, the least that does the job."""
    script = folder / "servers" / "floor_bridge.py"
    if not script.is_file():
        raise BenchmarkError(f"there is no peer in {folder}")
    return Server(
        "peer", (sys.executable, str(script), "--port", "{port}", "--stubs", "{stubs}", "--rate", "{rate}")
    )


class Running:
    """A server that listens."""

    def __init__(self, server: Server, port: int, process: subprocess.Popen[bytes]) -> None:
        self.server = server
        self.port = port
        self._process = process
        self._parent = psutil.Process(process.pid)

    def tree(self) -> list[psutil.Process]:
        """The process and its children: the bridge's database and speech engines are part of it."""
        return [self._parent, *self._parent.children(recursive=True)]

    def cpu_s(self) -> float:
        total = 0.0
        for process in self.tree():
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                total += times.user + times.system
        return total

    def rss_mb(self) -> float:
        """Of the server's own process."""
        return self._parent.memory_info().rss / 1024 / 1024


@asynccontextmanager
async def stubs(delays: Delays) -> AsyncIterator[str]:
    port = free_port()
    arguments = (
        *("--stt-ms", str(delays.stt_ms), "--token-ms", str(delays.token_ms), "--tts-ms", str(delays.tts_ms)),
        *("--every-token-ms", str(delays.every_token_ms)),
    )
    command = (sys.executable, "-m", "benchmarks.realtime.stubs", "--port", str(port), *arguments)
    process = _start(command, cores()[1])
    try:
        await _until_listening(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        await _stop(process)


@asynccontextmanager
async def running(server: Server, stubs_url: str, rate_hz: int) -> AsyncIterator[Running]:
    port = free_port()
    command = [part.format(port=port, stubs=stubs_url, rate=rate_hz) for part in server.command]
    process = _start(command, cores()[0])
    try:
        await _until_listening(port, process)
        await asyncio.sleep(2.0)  # what warms up behind the open socket
        yield Running(server, port, process)
    finally:
        await _stop(process)


async def call(
    server: Running, speech: Path, *, calls: int, seconds: float, rate_hz: int, barge_in: bool = False
) -> dict[str, Any]:
    """Runs the callers; what they measured. Raises BenchmarkError."""
    command = [
        sys.executable, "-m", "benchmarks.realtime.callers", "--port", str(server.port), "--speech", str(speech),
        "--rate", str(rate_hz), "--calls", str(calls), "--seconds", str(seconds),
        "--stagger", str(min(0.05, 8 / calls)),
        *(["--barge-in"] if barge_in else []),
    ]  # fmt: skip
    process = _start(command, cores()[1], stdout=subprocess.PIPE)
    out, _ = await asyncio.to_thread(process.communicate)
    if process.returncode != 0:
        raise BenchmarkError("the callers failed")
    found: dict[str, Any] = json.loads(out)
    return found


def _start(
    command: Sequence[str], cpus: frozenset[int], stdout: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        command, stdout=stdout, cwd=_ROOT, env={**os.environ, "VOICE_AI_LOG_LEVEL": "error"}
    )
    os.sched_setaffinity(process.pid, cpus)
    return process


async def _until_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        await asyncio.sleep(0.05)
    raise BenchmarkError("a server did not begin to listen")


async def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        await asyncio.to_thread(process.wait, 20)
    except subprocess.TimeoutExpired:
        process.kill()
        await asyncio.to_thread(process.wait)
