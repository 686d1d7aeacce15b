"""Far ends of a call: they keep what the party heard, by their own reckoning."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from realtime_bridge.leg import LegFormat
from realtime_bridge.playout.playing import Playing
from voice_ai_service.errors import Unavailable


class PhoneEar:
    """A buffer from which a frame is taken every 20 ms on a clock of its own, as FreeSWITCH does it.

    Attributes:
        heard: Frame by frame since the first one; None where the buffer was empty.
        deepest_ms: The most that ever waited in the buffer after a tick's frames had come.
        calls: Names of what was called, in order.
    """

    lead_ms = 0
    latency_ms = 10

    def __init__(
        self, now: Callable[[], float], leg_format: LegFormat | None = None, tick_at: float = 0.007
    ) -> None:
        self._now = now
        self._format = leg_format or LegFormat()
        self._next = tick_at
        self._buffer: list[bytes] = []
        self.heard: list[bytes | None] = []
        self.heard_at: list[float] = []
        self.deepest_ms = 0
        self.calls: list[str] = []

    def run(self) -> None:
        """Let the party hear up to this moment."""
        while self._next <= self._now():
            frame = self._buffer.pop(0) if self._buffer else None
            if frame is not None or self.heard:
                self.heard.append(frame)
                self.heard_at.append(self._next)
            self._next += 0.020

    async def open(self) -> None:
        self.calls.append("open")

    def send(self, frame: bytes) -> None:
        assert len(frame) == self._format.frame_bytes
        self.run()
        self._buffer.append(frame)
        self.deepest_ms = max(self.deepest_ms, 20 * len(self._buffer))

    def flush(self) -> None:
        self.calls.append("flush")

    async def clear(self) -> None:
        self.calls.append("clear")
        self.run()
        self._buffer.clear()

    async def close(self) -> None:
        self.calls.append("close")

    @property
    def audio(self) -> bytes:
        self.run()
        return b"".join(frame for frame in self.heard if frame is not None)

    @property
    def gaps(self) -> int:
        """Frames of silence between the first and the last one heard."""
        self.run()
        sounds = [number for number, frame in enumerate(self.heard) if frame is not None]
        return sounds[-1] - sounds[0] + 1 - len(sounds) if sounds else 0


class FileEar:
    """Plays what it is given one after another, to the sample, from `latency_ms` after it came; must be fed ahead.

    Attributes:
        clearing_s: How long a clear takes; the sound stops when it returns.
        broken: It cannot be silenced.
    """

    def __init__(self, now: Callable[[], float], *, lead_ms: int = 400, latency_ms: int = 46) -> None:
        self._now = now
        self.lead_ms = lead_ms
        self.latency_ms = latency_ms
        self.clearing_s = 0.002
        self.broken = False
        self.calls: list[str] = []
        self.gaps = 0
        self._playing: list[tuple[float, bytes]] = []
        self._heard = bytearray()
        self._bytes_per_s = 16000

    def _end(self) -> float:
        if not self._playing:
            return 0.0
        start, samples = self._playing[-1]
        return start + len(samples) / self._bytes_per_s

    async def open(self) -> None:
        self.calls.append("open")

    def send(self, frame: bytes) -> None:
        start = self._now() + self.latency_ms / 1000
        if self._playing and start > self._end() + 1e-6:
            self.gaps += 1
        self._playing.append((max(start, self._end()), frame))

    def flush(self) -> None:
        self.calls.append("flush")

    async def clear(self) -> None:
        self.calls.append("clear")
        meant = len(self._playing)
        await asyncio.sleep(self.clearing_s)
        if self.broken:
            raise Unavailable("the PBX is not there")
        self._heard += b"".join(self._parts()[:meant])
        del self._playing[:meant]

    async def close(self) -> None:
        self.calls.append("close")

    @property
    def audio(self) -> bytes:
        """What was heard up to this moment."""
        return bytes(self._heard) + b"".join(self._parts())

    def _parts(self) -> list[bytes]:
        now = self._now() + 1e-6 / self._bytes_per_s
        return [
            samples[: 2 * max(0, int((now - start) * self._bytes_per_s / 2 + 1e-6))]
            for start, samples in self._playing
        ]


@dataclass
class Watcher:
    """A playout's observer that keeps all it is told."""

    marks: list[str] = field(default_factory=list)
    lateness_ms: list[float] = field(default_factory=list)
    gaps: list[tuple[float, bool]] = field(default_factory=list)
    dropped_ms: int = 0
    clears_failed: int = 0

    def on_mark(self, playing: Playing, name: str) -> None:
        self.marks.append(name)

    def on_tick(self, lateness_ms: float) -> None:
        self.lateness_ms.append(lateness_ms)

    def on_gap(self, gap_ms: float, *, starved: bool) -> None:
        self.gaps.append((round(gap_ms, 3), starved))

    def on_dropped(self, dropped_ms: int) -> None:
        self.dropped_ms += dropped_ms

    def on_clear_failed(self) -> None:
        self.clears_failed += 1


class LateTimers:
    """A loop whose timers come late: by what `lateness_s` says next, again and again."""

    def __init__(self, loop: asyncio.AbstractEventLoop, lateness_s: list[float]) -> None:
        self._loop = loop
        self._lateness_s = lateness_s
        self._turn = 0
        self.time = loop.time

    def call_at(self, when: float, callback: Callable[[], object], /) -> asyncio.TimerHandle:
        late = self._lateness_s[self._turn % len(self._lateness_s)]
        self._turn += 1
        return self._loop.call_at(when + late, callback)
