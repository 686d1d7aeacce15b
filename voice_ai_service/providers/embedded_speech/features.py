"""From an utterance to what the recogniser's model compares: log-mel spectra of the telephone's band.

The mel filters, the window and the frame rate are those that pocketsphinx's en-us model was trained with
(`feat.params` in its folder: 25 filters from 130 to 6800 Hz); only the filters that a telephone line carries are
kept. `narrow_model` brings the model to the same band, so nothing has to be guessed about the rest.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from voice_ai_service.audio.formats import PHONE_RATE_HZ, PcmAudio
from voice_ai_service.audio.resample import resample
from voice_ai_service.audio.trim import cut, speech_span

Floats = npt.NDArray[np.float64]

MODEL_BANDS: Final = 25
FRAME_MS: Final = 10
PAD_MS: Final = 100
"""Quiet on both sides: the decoder wants to see speech begin and end."""

_LOWEST_HZ, _HIGHEST_HZ = 130.0, 6800.0
_LINE_HZ: Final = (180.0, 3500.0)
_MODEL_RATE_HZ: Final = 16000
_FFT_SIZE: Final = 256
_WINDOW: Final = 205
"""25.625 ms, as in training."""
_HOP: Final = PHONE_RATE_HZ * FRAME_MS // 1000
_PRE_EMPHASIS: Final = 0.97
_AIR_MS: Final = 120
"""Kept around what the detector takes for speech: soft consonants."""
_DITHER_AMPLITUDE: Final = 32768 * 10 ** (-62 / 20)
"""-62 dBFS: digital silence destroys every estimate of the background."""
_DITHER_SEED: Final = 20
_LOWEST_ENERGY: Final = 1e-4
_RANGE_DB: Final = 30.0
"""Between a band's loud moments and its quiet ones. Without this bound a clean line's silence is deeper than any
that the model has seen, and its scores are not those of a noisy line.
"""
_LOUD_QUANTILE: Final = 0.95


def _band_edges_hz() -> Floats:
    """Corners of the model's triangular filters, on the model's FFT bins."""
    to_mel = 2595.0 * np.log10(1.0 + np.array([_LOWEST_HZ, _HIGHEST_HZ]) / 700.0)
    edges = 700.0 * (10.0 ** (np.linspace(to_mel[0], to_mel[1], MODEL_BANDS + 2) / 2595.0) - 1.0)
    bin_hz = _MODEL_RATE_HZ / 512
    rounded: Floats = np.round(edges / bin_hz) * bin_hz
    return rounded


_EDGES_HZ: Final = _band_edges_hz()
LINE_BANDS: Final[npt.NDArray[np.bool_]] = (_EDGES_HZ[:-2] >= _LINE_HZ[0]) & (_EDGES_HZ[2:] <= _LINE_HZ[1])
"""Which of the model's filters lie inside the telephone's band."""


def _filters() -> Floats:
    """One row a kept filter, of equal area, over the bins of our shorter FFT (the same 31.25 Hz)."""
    hz = np.arange(_FFT_SIZE // 2 + 1) * PHONE_RATE_HZ / _FFT_SIZE
    left, top, right = (
        edges[LINE_BANDS][:, None] for edges in (_EDGES_HZ[:-2], _EDGES_HZ[1:-1], _EDGES_HZ[2:])
    )
    triangles = np.minimum((hz - left) / (top - left), (right - hz) / (right - top))
    shaped: Floats = np.clip(triangles, 0.0, None) * 2.0 / (right - left)
    return shaped


_FILTERS: Final = _filters()
_HAMMING: Final[Floats] = np.hamming(_WINDOW)


def log_mel(audio: PcmAudio, *, max_ms: int) -> tuple[Floats, int] | None:
    """One row of LINE_BANDS every FRAME_MS, and the millisecond of the audio where the first row stands.

    What comes after `max_ms` of speech is left out. None when nobody speaks. The same in, the same out.
    """
    span = speech_span(audio)
    if span is None:
        return None
    start_ms = max(span[0] - _AIR_MS, 0)
    end_ms = min(span[1] + _AIR_MS, audio.duration_ms, start_ms + max_ms)
    speech = resample(cut(audio, start_ms, end_ms), PHONE_RATE_HZ)
    pad = np.zeros(PHONE_RATE_HZ * PAD_MS // 1000)
    samples = np.concatenate([pad, np.frombuffer(speech.samples, dtype="<i2").astype(np.float64), pad])
    samples += np.random.default_rng(_DITHER_SEED).normal(0.0, _DITHER_AMPLITUDE, len(samples))
    energies = _without_noise(_band_energies(samples))
    return _in_range(np.log(np.maximum(energies, _LOWEST_ENERGY))), start_ms - PAD_MS


def _in_range(log_energies: Floats) -> Floats:
    floor = np.quantile(log_energies, _LOUD_QUANTILE, axis=0) - _RANGE_DB * np.log(10.0) / 10.0
    bounded: Floats = np.logaddexp(log_energies, floor)
    return bounded


def _band_energies(samples: Floats) -> Floats:
    emphasised = np.append(samples[:1], samples[1:] - _PRE_EMPHASIS * samples[:-1])
    frames = np.lib.stride_tricks.sliding_window_view(emphasised, _WINDOW)[::_HOP] * _HAMMING
    spectra = np.abs(np.fft.rfft(frames, _FFT_SIZE, axis=1)) ** 2
    energies: Floats = spectra @ _FILTERS.T
    return energies


def _without_noise(energies: Floats) -> Floats:
    """Takes the steady background out of every band, as the model's training did (spectral subtraction)."""
    smooth = np.empty_like(energies)
    smooth[0] = energies[0]
    for at in range(1, len(energies)):
        smooth[at] = 0.7 * smooth[at - 1] + 0.3 * energies[at]
    background = np.quantile(smooth, 0.1, axis=0)
    kept = np.maximum(smooth - background, smooth / 20.0)
    gain = np.pad(kept / np.maximum(smooth, 1e-9), ((0, 0), (1, 1)), mode="edge")
    across_bands: Floats = (gain[:, :-2] + gain[:, 1:-1] + gain[:, 2:]) / 3.0
    return energies * across_bands
