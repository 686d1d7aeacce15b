"""A process's recordings are counted by what became of them, and all are on the disk when it leaves."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from prometheus_client import CollectorRegistry

from realtime_bridge.recording.opened import open_tapes
from tests.fakes.calls import call_state
from voice_ai_service.conversations.recordings import Recordings


async def test_what_became_of_recordings_is_counted(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    async with open_tapes(tmp_path, Recordings(tmp_path), registry) as deck:
        heard, silent = (deck.tape(call_state(call_uuid=uuid4()), 8000) for _ in range(2))
        for _ in range(75):
            heard.frame(b"\1\0" * 160, bytes(320))
        assert await heard.finish() == "recording.wav"
        assert await silent.finish() is None
        unfinished = deck.tape(call_state(call_uuid=uuid4()), 8000)
        for _ in range(50):
            unfinished.frame(bytes(320), bytes(320))
    assert registry.get_sample_value("voice_ai_recordings_total", {"result": "moved"}) == 1
    assert registry.get_sample_value("voice_ai_recordings_total", {"result": "none"}) == 1
    assert sorted(path.stat().st_size for path in tmp_path.rglob("*.wav")) == [44 + 50 * 640, 44 + 75 * 640]
