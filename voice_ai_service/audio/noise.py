"""How far speech stands above the noise around it."""

from __future__ import annotations

from typing import Final

import numpy as np

from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.audio.level import frame_levels_dbfs

MOST_DB: Final = 60.0
"""What a line without any noise counts as."""
_FRAME_MS: Final = 20
_LEAST_FRAMES: Final = 10
_NOISE_PERCENTILE: Final = 10
_SPEECH_PERCENTILE: Final = 90


def snr_db(audio: PcmAudio) -> float | None:
    """Signal-to-noise ratio of an utterance, 0 to `MOST_DB`, from its own louder and quieter frames.

    The quiet ones are what is heard between words: an utterance without a pause counts as noisier than it is. None: it
    is too short to tell.
    """
    frame_bytes = 2 * audio.sample_rate_hz * _FRAME_MS // 1000
    levels = frame_levels_dbfs(audio.samples, frame_bytes)
    if len(levels) < _LEAST_FRAMES:
        return None
    noise_db, loud_db = np.percentile(levels, [_NOISE_PERCENTILE, _SPEECH_PERCENTILE])
    noise, loud = 10 ** (noise_db / 10), 10 ** (loud_db / 10)
    if loud <= noise:
        return 0.0
    return float(min(MOST_DB, max(0.0, 10 * np.log10((loud - noise) / noise))))
