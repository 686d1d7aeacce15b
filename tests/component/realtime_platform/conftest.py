"""`voice-ai up` with its bridge and the demo domain, as a newcomer starts it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.component.api.service_process import ServiceProcess, free_port
from voice_ai_service.providers.stt import embedded as embedded_recogniser
from voice_ai_service.providers.tts import embedded as embedded_voice


@dataclass(frozen=True, slots=True)
class RealtimePlatform:
    service: ServiceProcess
    bridge_url: str
    health_url: str

    @property
    def token(self) -> str:
        return (self.service.data_dir / "pbx.token").read_text().strip()


@pytest.fixture(scope="session")
def realtime_platform() -> Iterator[RealtimePlatform]:
    missing = embedded_voice.available() or embedded_recogniser.available()
    if missing is not None:
        pytest.skip(missing)
    folder = Path(tempfile.mkdtemp(prefix="voice-ai-realtime-"))
    folder.chmod(0o755)  # as root, PostgreSQL runs as somebody else and must get through
    port, health = free_port(), free_port()
    settings = {"bridge_port": str(port), "bridge_health_port": str(health), "phone": "true"}
    service = ServiceProcess(("up",), folder / "data", settings).start()
    try:
        yield RealtimePlatform(service, f"ws://127.0.0.1:{port}", f"http://127.0.0.1:{health}")
    finally:
        service.stop()
        shutil.rmtree(folder, ignore_errors=True)
