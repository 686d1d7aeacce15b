"""Small made-up signals for the audio tests."""

from __future__ import annotations

import numpy as np

from voice_ai_service.audio.formats import PcmAudio


def tone(
    frequency_hz: float, duration_ms: int, rate_hz: int, *, amplitude: float = 10_000, phase: float = 0.0
) -> PcmAudio:
    at = np.arange(rate_hz * duration_ms // 1000) / rate_hz
    return PcmAudio(to_l16(amplitude * np.sin(2 * np.pi * frequency_hz * at + phase)), rate_hz)


def noise(duration_ms: int, rate_hz: int, *, dbfs: float, seed: int = 1) -> PcmAudio:
    values = np.random.default_rng(seed).normal(0, 32768 * 10 ** (dbfs / 20), rate_hz * duration_ms // 1000)
    return PcmAudio(to_l16(values), rate_hz)


def silence(duration_ms: int, rate_hz: int) -> PcmAudio:
    return PcmAudio(bytes(2 * (rate_hz * duration_ms // 1000)), rate_hz)


def voiced(duration_ms: int, rate_hz: int, *, amplitude: float = 8000) -> PcmAudio:
    """A vowel-like sound in syllables of 200 ms: what WebRTC's detector takes for speech."""
    at = np.arange(rate_hz * duration_ms // 1000) / rate_hz
    pitch = 120 + 15 * np.sin(2 * np.pi * 3 * at)
    phase = 2 * np.pi * np.cumsum(pitch) / rate_hz
    formants = [
        (k, np.exp(-(((k * 120 - 600) / 350) ** 2)) + np.exp(-(((k * 120 - 1400) / 400) ** 2)))
        for k in range(1, 25)
    ]
    wave = sum(weight * np.sin(k * phase) for k, weight in formants)
    syllables = 0.25 + 0.75 * np.abs(np.sin(np.pi * at / 0.2))
    values = np.asarray(wave) * syllables
    return PcmAudio(to_l16(amplitude * values / np.max(np.abs(values))), rate_hz)


def to_l16(values: np.ndarray) -> bytes:
    return bytes(np.clip(np.rint(values), -32768, 32767).astype("<i2"))


def from_l16(samples: bytes) -> np.ndarray:
    return np.frombuffer(samples, dtype="<i2").astype(np.float64)


def joined(*parts: PcmAudio) -> PcmAudio:
    return PcmAudio(b"".join(part.samples for part in parts), parts[0].sample_rate_hz)


def snr_db(wanted: np.ndarray, got: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(wanted**2) / max(np.mean((wanted - got) ** 2), 1e-9)))
