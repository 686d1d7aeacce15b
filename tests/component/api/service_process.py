"""The shipped command as a process of its own, on a free port, with its log in a file."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

COMMAND = Path(sys.executable).with_name("voice-ai")
READY_WITHIN_S = 40.0


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class ServiceProcess:
    """`voice-ai <arguments>`; environment variables are given without their `VOICE_AI_`."""

    arguments: tuple[str, ...]
    data_dir: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log_file(self) -> Path:
        return self.data_dir / f"service-{self.port}.log"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self, *, serves: bool = True) -> ServiceProcess:
        """Returns when `/ready` says so, where the command `serves` HTTP."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("VOICE_AI_")}
        own = {
            "data_dir": str(self.data_dir),
            "port": str(self.port),
            # Of the bridge that `up` starts beside the service.
            "bridge_port": str(free_port()),
            "bridge_health_port": str(free_port()),
            "log_level": "info",
            **self.settings,
        }
        own_environment = {f"VOICE_AI_{name.upper()}": value for name, value in own.items()}
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [COMMAND, *self.arguments],
                env=inherited | own_environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        if serves:
            self._wait_until_ready()
        return self

    def stop(self) -> int:
        """As an operator stops it; returns its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30)

    def kill(self) -> None:
        """As a crash stops it."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def stop_whatever_happened(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def log_text(self) -> str:
        return self.log_file.read_text("utf-8")

    def log_lines(self) -> list[dict[str, Any]]:
        """What was logged; progress for the operator's eyes is left out."""
        return [json.loads(line) for line in self.log_text().splitlines() if line.startswith("{")]

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        until = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < until:
            if self._process.poll() is not None:
                raise AssertionError(f"it ended by itself:\n{self.log_text()}")
            try:
                if httpx.get(f"{self.url}/ready", timeout=5).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        self.kill()
        raise AssertionError(f"not ready in {READY_WITHIN_S} s:\n{self.log_text()}")
