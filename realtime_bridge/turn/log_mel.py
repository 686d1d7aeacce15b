"""The picture of speech that Whisper's encoder looks at: 80 mel bands, a frame every 10 ms.

Written from the description of the features in Radford et al. 2022, section 2.2 ("log-magnitude Mel
spectrogram, 25-millisecond windows, a stride of 10 milliseconds"), and Slaney's Auditory Toolbox (1998) for
the mel scale: linear up to 1 kHz, logarithmic above, filters of equal area.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

RATE_HZ: Final = 16_000
BANDS: Final = 80

_WINDOW: Final = 400
_STEP: Final = 160
_LINEAR_HZ: Final = 200.0 / 3.0
"""Width of a mel below the corner."""
_CORNER_HZ: Final = 1000.0
_LOG_STEP: Final = np.log(6.4) / 27.0
"""Above it, 27 mels are a factor of 6.4."""
_QUIETEST: Final = 1e-10
_RANGE: Final = 8.0
"""Powers of ten below the loudest point; what is quieter is as good as silent."""

Floats = npt.NDArray[np.float32]


def _hz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    corner = _CORNER_HZ / _LINEAR_HZ
    above = _CORNER_HZ * np.exp(_LOG_STEP * (np.maximum(mel, corner) - corner))
    return np.where(mel < corner, mel * _LINEAR_HZ, above)


def _filters() -> Floats:
    """One row a band over the spectrum's bins: triangles between neighbouring mels."""
    corner = _CORNER_HZ / _LINEAR_HZ
    top = corner + np.log(RATE_HZ / 2 / _CORNER_HZ) / _LOG_STEP
    edges = _hz(np.linspace(0.0, top, BANDS + 2))
    bins = np.fft.rfftfreq(_WINDOW, 1 / RATE_HZ)
    low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    triangles = np.clip(np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)), 0.0, None)
    return np.asarray(triangles * 2.0 / (high - low), dtype=np.float32)


_FILTERS: Final = _filters()
_HANN: Final = np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW), dtype=np.float32)


def log_mel(samples: npt.NDArray[np.floating]) -> Floats:
    """80 rows, one column each 10 ms, of audio at 16 kHz whose loudness does not matter; roughly -1 to 1.5.

    Args:
        samples: At least 25 ms.
    """
    centred = samples - samples.mean(dtype=np.float64)
    loudness = np.sqrt(np.mean(centred * centred, dtype=np.float64) + 1e-7)
    half = _WINDOW // 2
    around = np.pad((centred / loudness).astype(np.float32), half, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(around, _WINDOW)[::_STEP][: len(samples) // _STEP]
    spectrum = np.fft.rfft(windows * _HANN, axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    levels = np.log10(np.maximum(_FILTERS @ power.T, _QUIETEST))
    picture = (np.maximum(levels, levels.max() - _RANGE) + 4.0) / 4.0
    return np.asarray(picture, dtype=np.float32)
