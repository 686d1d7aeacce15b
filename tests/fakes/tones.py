"""Sounds that can be recognised after any number of conversions."""

from __future__ import annotations

import numpy as np


def tone(ms: int, rate_hz: int, hz: float = 440.0, level: float = 0.3) -> bytes:
    """Mono L16."""
    at = np.arange(rate_hz * ms // 1000) / rate_hz
    return bytes((np.sin(2 * np.pi * hz * at) * level * 32767).astype("<i2").tobytes())


def pitch_hz(samples: bytes, rate_hz: int) -> float:
    """The strongest frequency."""
    wave = np.frombuffer(samples, dtype="<i2").astype(float)
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
    return float(np.argmax(spectrum) * rate_hz / len(wave))


def level(samples: bytes) -> float:
    """Root mean square, 0 to 1."""
    wave = np.frombuffer(samples, dtype="<i2").astype(float) / 32768
    return float(np.sqrt(np.mean(wave**2))) if len(wave) else 0.0
