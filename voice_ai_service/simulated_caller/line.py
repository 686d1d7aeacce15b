"""The line between caller and secretary: frames of 20 ms, both ways, and the clock that they are."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from voice_ai_service.audio.formats import PHONE_RATE_HZ, PTIME_MS, PcmAudio
from voice_ai_service.audio.g711 import linear_to_ulaw, ulaw_to_linear
from voice_ai_service.audio.resample import resample
from voice_ai_service.audio.wav import WavError, read_wav

FRAME_BYTES: Final = PHONE_RATE_HZ * PTIME_MS // 1000 * 2
SILENCE: Final = bytes(FRAME_BYTES)


class Party(Protocol):
    """The caller, asked for 20 ms at a time."""

    def next_frame(self, line: LineView) -> bytes: ...


@dataclass(slots=True)
class Playout:
    """One reply as the caller heard it. `ended_ms` is None while it plays."""

    file: str
    samples: bytes
    started_ms: int
    ended_ms: int | None = None
    at: int = 0


@dataclass(slots=True)
class LineView:
    """What the caller knows: the time, and whether the secretary speaks."""

    now_ms: int = 0
    playouts: list[Playout] = field(default_factory=list)

    @property
    def speaking(self) -> Playout | None:
        return next((playout for playout in self.playouts if playout.ended_ms is None), None)


class Recorder(Protocol):
    def write(self, caller: bytes, secretary: bytes) -> None: ...

    def stop(self) -> None: ...


class CallerRecorder:
    """`uuid_record` of the caller's side into a raw file, unbuffered."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=0)

    def write(self, caller: bytes, secretary: bytes) -> None:
        self._file.write(caller)

    def stop(self) -> None:
        self._file.close()


class Line:
    """Not thread-safe but for `now_ms`: the call's thread alone moves it."""

    def __init__(self, party: Party, *, noise_dbfs: float | None = None, pace: Callable[[int], None]) -> None:
        self.view = LineView()
        self.recorders: dict[str, Recorder] = {}
        self._party = party
        self._pace = pace
        self._noise = Noise(noise_dbfs) if noise_dbfs is not None else None
        self._sent: list[bytes] = []
        self._heard: list[bytes] = []
        self._clock_lock = threading.Lock()
        self._foreground: bytes = b""

    def now_ms(self) -> int:
        with self._clock_lock:
            return self.view.now_ms

    def step(self) -> None:
        """20 ms: one frame from the caller, one to the caller."""
        caller = self._party.next_frame(self.view)
        if self._noise:
            caller = self._noise.over(caller)
        caller = ulaw_to_linear(linear_to_ulaw(caller))
        secretary = self._next_secretary_frame()
        for recorder in self.recorders.values():
            recorder.write(caller, secretary)
        self._sent.append(caller)
        self._heard.append(secretary)
        with self._clock_lock:
            self.view.now_ms += PTIME_MS
        self._pace(self.view.now_ms)

    def _next_secretary_frame(self) -> bytes:
        mixed = np.zeros(FRAME_BYTES // 2, dtype=np.int32)
        for playout in self.view.playouts:
            if playout.ended_ms is not None:
                continue
            part = playout.samples[playout.at : playout.at + FRAME_BYTES]
            playout.at += FRAME_BYTES
            mixed[: len(part) // 2] += np.frombuffer(part, dtype="<i2")
            if playout.at >= len(playout.samples):
                playout.ended_ms = self.view.now_ms + PTIME_MS
        if self._foreground:
            part, self._foreground = self._foreground[:FRAME_BYTES], self._foreground[FRAME_BYTES:]
            mixed[: len(part) // 2] += np.frombuffer(part, dtype="<i2")
        frame: bytes = np.clip(mixed, -32768, 32767).astype("<i2").tobytes()
        return ulaw_to_linear(linear_to_ulaw(frame))

    def displace(self, file: str) -> bool:
        """`uuid_displace start ... mux`: False where FreeSWITCH would say -ERR."""
        if any(playout.file == file and playout.ended_ms is None for playout in self.view.playouts):
            return False
        try:
            audio = resample(read_wav(Path(file).read_bytes()), PHONE_RATE_HZ)
        except (OSError, WavError):
            return False
        self.view.playouts.append(Playout(file, audio.samples, self.view.now_ms))
        return True

    def stop_displacing(self, file: str) -> bool:
        for playout in self.view.playouts:
            if playout.file == file and playout.ended_ms is None:
                playout.ended_ms = self.view.now_ms
                return True
        return False

    def play_tone(self, seconds: float) -> None:
        """In the foreground, as the application `playback` does."""
        at = np.arange(int(PHONE_RATE_HZ * seconds))
        self._play_through((8000 * np.sin(2 * np.pi * 950 * at / PHONE_RATE_HZ)).astype("<i2").tobytes())

    def play_file(self, file: str) -> None:
        """Like `play_tone`; a file that cannot be read is silence, as it is on FreeSWITCH."""
        try:
            audio = resample(read_wav(Path(file).read_bytes()), PHONE_RATE_HZ)
        except (OSError, WavError):
            return
        self._play_through(audio.samples)

    def _play_through(self, samples: bytes) -> None:
        self._foreground = samples
        while self._foreground:
            self.step()

    def close(self) -> None:
        for recorder in self.recorders.values():
            recorder.stop()
        self.recorders.clear()

    def sides(self) -> tuple[PcmAudio, PcmAudio]:
        """The whole call: what the caller sent, what the caller heard."""
        return PcmAudio(b"".join(self._sent), PHONE_RATE_HZ), PcmAudio(b"".join(self._heard), PHONE_RATE_HZ)


class Noise:
    """White noise at a level, the same in every run."""

    def __init__(self, dbfs: float) -> None:
        self._random = np.random.default_rng(1)
        self._amplitude = 32768 * 10 ** (dbfs / 20)

    def over(self, frame: bytes) -> bytes:
        samples = np.frombuffer(frame, dtype="<i2").astype(np.float64)
        samples += self._random.normal(0, self._amplitude, len(samples))
        return bytes(np.clip(samples, -32768, 32767).astype("<i2").tobytes())
