"""The recordings of a process: its writer's thread, and what is counted of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter

from realtime_bridge.recording.tape import TapeDeck
from realtime_bridge.recording.tape_writer import TapeWriter
from voice_ai_service.conversations.recordings import Recordings


class TapeFigures:
    """Implements `tape.TapeObserver`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._lost_ms = Counter(
            "voice_ai_recording_lost_ms_total", "Audio that the disk did not take in time", registry=registry
        )
        self._finished = Counter(
            "voice_ai_recordings_total",
            "Recordings at their calls' end: moved, left in the local folder, or none",
            ["result"],
            registry=registry,
        )

    def on_lost(self, lost_ms: int) -> None:
        self._lost_ms.inc(lost_ms)

    def on_finished(self, *, kept: bool, moved: bool) -> None:
        self._finished.labels("moved" if moved else "local" if kept else "none").inc()


@asynccontextmanager
async def open_tapes(
    root: Path, recordings: Recordings, registry: CollectorRegistry
) -> AsyncIterator[TapeDeck]:
    """A `session.parts.Tapes`. What waits to be written is written before this ends.

    Args:
        root: The local folder of `recordings`.
    """
    writer = TapeWriter()
    writer.start()
    try:
        yield TapeDeck(root, recordings, writer, TapeFigures(registry), time.monotonic)
    finally:
        await asyncio.to_thread(writer.stop)
