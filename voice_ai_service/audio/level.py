"""How loud audio is, and whether it was clipped."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

SILENCE_DBFS: Final = -96.0
"""What digital silence counts as: below the smallest 16-bit sample."""

_FULL_SCALE: Final = 32768.0
_FULL_SCALE_DB: Final = 20.0 * math.log10(_FULL_SCALE)
_L16: Final = np.dtype("<i2")
_SHORT_BYTES: Final = 2 * 2048
"""Up to here single precision adds no error that anybody hears of."""
_RAIL: Final = 32124
"""The largest magnitude mu-law can carry; A-law and L16 go a little further."""


def _dbfs(amplitude: float) -> float:
    return max(SILENCE_DBFS, 20.0 * math.log10(amplitude / _FULL_SCALE)) if amplitude > 0 else SILENCE_DBFS


def rms_dbfs(samples: bytes) -> float:
    """RMS level of L16 relative to full scale, in dB; SILENCE_DBFS for none."""
    if 0 < len(samples) <= _SHORT_BYTES:
        return frame_dbfs(samples)
    values = np.frombuffer(samples, dtype="<i2").astype(np.float64)
    return _dbfs(math.sqrt(float(np.mean(values * values)))) if len(values) else SILENCE_DBFS


def frame_dbfs(samples: bytes) -> float:
    """`rms_dbfs` of one frame of a live stream, at a quarter of the cost; a frame is not empty."""
    values = np.frombuffer(samples, _L16).astype(np.float32)
    power = float(values.dot(values)) / len(values)
    return max(SILENCE_DBFS, 10.0 * math.log10(power) - _FULL_SCALE_DB) if power > 0 else SILENCE_DBFS


def frame_levels_dbfs(samples: bytes, frame_bytes: int) -> npt.NDArray[np.float64]:
    """`rms_dbfs` of each whole frame, all at once; what is left at the end belongs to none."""
    values = np.frombuffer(samples, dtype="<i2", count=len(samples) // frame_bytes * (frame_bytes // 2))
    frames = values.reshape(-1, frame_bytes // 2).astype(np.float64)
    power = np.einsum("ij,ij->i", frames, frames) / frames.shape[1]
    silence = (_FULL_SCALE * 10 ** (SILENCE_DBFS / 20)) ** 2
    levels: npt.NDArray[np.float64] = 10.0 * np.log10(np.maximum(power, silence) / _FULL_SCALE**2)
    return levels


def peak_dbfs(samples: bytes) -> float:
    values = np.frombuffer(samples, dtype="<i2").astype(np.int32)
    return _dbfs(float(np.max(np.abs(values)))) if len(values) else SILENCE_DBFS


def clipped_share(samples: bytes) -> float:
    """Which part of the samples stands at the rail, 0 to 1."""
    values = np.frombuffer(samples, dtype="<i2").astype(np.int32)
    return float(np.mean(np.abs(values) >= _RAIL)) if len(values) else 0.0
