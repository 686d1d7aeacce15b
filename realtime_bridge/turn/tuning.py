"""What a secretary's sensitivity means in numbers. Measured with `python -m benchmarks.turn_taking`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from voice_ai_service.audio.vad import VadSettings
from voice_ai_service.calls.secretary import Sensitivity


@dataclass(frozen=True, slots=True)
class EarTuning:
    """
    Attributes:
        vad: The detector's and the level gate's.
        onset_speech_ms, onset_window_ms: So much speech within so much time is somebody who begins to speak.
        resume_speech_ms, resume_window_ms: The same after a pause inside an utterance, which needs less.
        least_speech_ms: An utterance with less speech than this, and no words, was none.
        pre_roll_ms: Kept from before the first speech frame: soft first phonemes are below the gate.
    """

    vad: VadSettings
    onset_speech_ms: int
    onset_window_ms: int
    resume_speech_ms: int = 40
    resume_window_ms: int = 60
    least_speech_ms: int = 120
    pre_roll_ms: int = 300


TUNINGS: Final[dict[Sensitivity, EarTuning]] = {
    Sensitivity.LOW: EarTuning(
        vad=VadSettings(aggressiveness=3, above_floor_db=12.0, below_peak_db=16.0),
        onset_speech_ms=140,
        onset_window_ms=200,
        least_speech_ms=180,
    ),
    Sensitivity.NORMAL: EarTuning(
        vad=VadSettings(aggressiveness=3, above_floor_db=8.0, below_peak_db=20.0),
        onset_speech_ms=80,
        onset_window_ms=120,
    ),
    Sensitivity.HIGH: EarTuning(
        vad=VadSettings(aggressiveness=2, above_floor_db=6.0, below_peak_db=28.0, quietest_dbfs=-58.0),
        onset_speech_ms=60,
        onset_window_ms=100,
        least_speech_ms=80,
    ),
}
