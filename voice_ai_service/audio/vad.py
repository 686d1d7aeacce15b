"""Which 20 ms of a call are speech: WebRTC's detector and a level gate that learns the line's noise.

The detector alone takes steady noise for speech and then never hears the end; the gate alone takes a door
for a word. Both must agree.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import webrtcvad

from voice_ai_service.audio.formats import PTIME_MS
from voice_ai_service.audio.level import frame_dbfs

VAD_RATES_HZ: Final = (8000, 16000)

_FLOOR_BLOCK_FRAMES: Final = 10
_FLOOR_BLOCKS: Final = 15
"""3 s: longer than anybody speaks without a gap of one frame between syllables."""


@dataclass(frozen=True, slots=True)
class VadSettings:
    """
    Attributes:
        aggressiveness: WebRTC's, 0 (takes much for speech) to 3.
        above_floor_db: How far speech is above the quietest moment of the last 3 s.
        below_peak_db: How far speech may be below the loudest recent frame; keeps out the room behind the
            caller.
        quietest_dbfs: Below this nothing is speech.
        expected_floor_dbfs: The line's noise before it has been heard.
        peak_decay_db_per_s: How fast a loud word is forgotten.
        settle_ms: At the beginning of a stream WebRTC's detector takes any noise for speech for about so
            long;
            nothing counts as speech then.
    """

    aggressiveness: int = 2
    above_floor_db: float = 8.0
    below_peak_db: float = 26.0
    quietest_dbfs: float = -52.0
    expected_floor_dbfs: float = -60.0
    peak_decay_db_per_s: float = 2.0
    settle_ms: int = 120


@dataclass(frozen=True, slots=True)
class VadFrame:
    """20 ms. `start_ms` counts from the first sample of the stream."""

    start_ms: int
    is_speech: bool
    level_dbfs: float


class LevelGate:
    """Follows the noise floor by the minimum of the last 3 s, and the talker's peak by a slow decay."""

    def __init__(self, settings: VadSettings) -> None:
        self._settings = settings
        self._minima: deque[float] = deque([settings.expected_floor_dbfs], maxlen=_FLOOR_BLOCKS)
        self._past_floor = settings.expected_floor_dbfs
        self._block_floor = 0.0
        self._block_frames = 0
        self._peak = settings.quietest_dbfs

    @property
    def floor_dbfs(self) -> float:
        return min(self._past_floor, self._block_floor)

    def passes(self, level_dbfs: float) -> bool:
        """Whether a frame of this level can be speech; frames are given in order, each once."""
        settings = self._settings
        self._block_floor = min(self._block_floor, level_dbfs)
        floor = min(self._past_floor, self._block_floor)
        self._block_frames += 1
        if self._block_frames == _FLOOR_BLOCK_FRAMES:
            self._minima.append(self._block_floor)
            self._past_floor = min(self._minima)
            self._block_floor, self._block_frames = 0.0, 0
        loud_enough = level_dbfs >= max(floor + settings.above_floor_db, settings.quietest_dbfs)
        decay_db = settings.peak_decay_db_per_s * PTIME_MS / 1000
        self._peak = max(self._peak - decay_db, level_dbfs if loud_enough else settings.quietest_dbfs)
        return loud_enough and level_dbfs >= self._peak - settings.below_peak_db


class SpeechDetector:
    """One direction of one call. Chunks may have any length; what does not fill a frame waits for the next.

    Raises:
        ValueError: The rate is neither 8 nor 16 kHz.
    """

    def __init__(self, sample_rate_hz: int, settings: VadSettings | None = None) -> None:
        if sample_rate_hz not in VAD_RATES_HZ:
            raise ValueError(f"speech is detected at 8000 or 16000 Hz, not at {sample_rate_hz}")
        used = settings or VadSettings()
        self._rate_hz = sample_rate_hz
        self._frame_bytes = 2 * sample_rate_hz * PTIME_MS // 1000
        self._detector = webrtcvad.Vad(used.aggressiveness)
        self._gate = LevelGate(used)
        self._rest = b""
        self._settle_ms = used.settle_ms
        self._next_ms = 0

    def push(self, samples: bytes) -> list[VadFrame]:
        """The frames that are complete now; over a stream their sequence does not depend on the chunks."""
        data = self._rest + samples
        whole = len(data) - len(data) % self._frame_bytes
        self._rest = data[whole:]
        frames = []
        for at in range(0, whole, self._frame_bytes):
            start_ms, samples = self._next_ms, data[at : at + self._frame_bytes]
            level = frame_dbfs(samples)
            frames.append(VadFrame(start_ms, self.is_speech(samples, level), level))
        return frames

    def is_speech(self, frame: bytes, level_dbfs: float) -> bool:
        """The next 20 ms of the stream, whole, with their level: for who has them and measured it already.

        Raises:
            ValueError: It is no frame of 20 ms.
        """
        if len(frame) != self._frame_bytes:
            raise ValueError(f"a frame has {self._frame_bytes} bytes, not {len(frame)}")
        sounds_like_speech: bool = self._detector.is_speech(frame, self._rate_hz)
        loud = self._gate.passes(level_dbfs)
        settled = self._next_ms >= self._settle_ms
        self._next_ms += PTIME_MS
        return sounds_like_speech and loud and settled
