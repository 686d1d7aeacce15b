"""Where in a recording somebody speaks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Final

import numpy as np
import numpy.typing as npt
import webrtcvad

from voice_ai_service.audio.formats import PTIME_MS, WIDE_RATE_HZ, PcmAudio
from voice_ai_service.audio.level import frame_levels_dbfs
from voice_ai_service.audio.resample import resample
from voice_ai_service.audio.vad import VAD_RATES_HZ

_AGGRESSIVENESS: Final = 2
_MIN_RUN_MS: Final = 60
_MIN_SPEECH_MS: Final = 100
_QUIETEST_DBFS: Final = -55.0
_ABOVE_NOISE_DB: Final = 6.0
_BELOW_LOUDEST_DB: Final = 28.0
_SPEECH_RANGE_DB: Final = 6.0
"""Between its syllables speech is quieter by more than this; what stays within is a hum."""
_HUM_MS: Final = 600
_NOISE_PERCENTILE, _LOUD_PERCENTILE = 10.0, 95.0
_LEAD_MS, _TAIL_MS = 100, 160
"""Soft consonants and dying vowels, which no detector sees."""


def speech_span(audio: PcmAudio) -> tuple[int, int] | None:
    """First and last millisecond of speech with a little air around it, or None when nobody speaks.

    Unlike the live detector it knows the whole recording's noise and loudness.
    """
    heard = audio if audio.sample_rate_hz in VAD_RATES_HZ else resample(audio, WIDE_RATE_HZ)
    runs = _runs(_speech_frames(heard))
    if sum(last - first for first, last in runs) < _MIN_SPEECH_MS:
        return None
    start_ms = max(runs[0][0] - _LEAD_MS, 0)
    return start_ms, min(runs[-1][1] + _TAIL_MS, audio.duration_ms)


def cut(audio: PcmAudio, start_ms: int, end_ms: int) -> PcmAudio:
    """A piece of a recording."""
    first, last = (2 * (audio.sample_rate_hz * at_ms // 1000) for at_ms in (start_ms, end_ms))
    return PcmAudio(audio.samples[first:last], audio.sample_rate_hz)


def _speech_frames(audio: PcmAudio) -> Sequence[bool]:
    size = 2 * audio.sample_rate_hz * PTIME_MS // 1000
    frames = [audio.samples[at : at + size] for at in range(0, len(audio.samples) - size + 1, size)]
    if not frames:
        return []
    levels = frame_levels_dbfs(audio.samples, size)
    quiet, loudest = _percentiles(levels, _NOISE_PERCENTILE, _LOUD_PERCENTILE)
    if loudest - quiet < _SPEECH_RANGE_DB and len(frames) * PTIME_MS >= _HUM_MS:
        return []
    # A recording that was cut close has no noise to learn from: its quietest frames are speech.
    noise = min(quiet + _ABOVE_NOISE_DB, loudest - _SPEECH_RANGE_DB)
    gate = max(_QUIETEST_DBFS, noise, loudest - _BELOW_LOUDEST_DB)
    detector = webrtcvad.Vad(_AGGRESSIVENESS)
    # The detector adapts to what it hears: it needs every frame, also those that are too quiet.
    speech = [detector.is_speech(frame, audio.sample_rate_hz) for frame in frames]
    return [is_speech and loud for is_speech, loud in zip(speech, (levels >= gate).tolist(), strict=True)]


def _percentiles(values: npt.NDArray[np.float64], *percents: float) -> list[float]:
    """Between two values on a straight line, as `numpy.percentile`, which takes longer than all else here."""
    ordered = np.sort(values)
    at = [percent / 100 * (len(ordered) - 1) for percent in percents]
    found: list[float] = np.interp(at, np.arange(len(ordered)), ordered).tolist()
    return found


def _runs(frames: Sequence[bool]) -> list[tuple[int, int]]:
    """Stretches of speech in milliseconds, without clicks."""
    runs: list[tuple[int, int]] = []
    at_ms = 0
    for is_speech, group in groupby(frames):
        length_ms = PTIME_MS * len(list(group))
        if is_speech and length_ms >= _MIN_RUN_MS:
            runs.append((at_ms, at_ms + length_ms))
        at_ms += length_ms
    return runs
