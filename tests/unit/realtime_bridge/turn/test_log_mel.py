from __future__ import annotations

import numpy as np
import pytest

from realtime_bridge.turn.log_mel import BANDS, RATE_HZ, log_mel

SECOND = np.arange(RATE_HZ) / RATE_HZ


def by_the_book(samples: np.ndarray, frame: int) -> np.ndarray:
    """Powers of one frame's mel bands, written out slowly: the window's sums, and triangles on the mel scale."""
    around = np.pad((samples - samples.mean()) / samples.std(), 200, mode="reflect")
    cut = around[160 * frame : 160 * frame + 400] * np.hanning(401)[:400]
    at = np.arange(400)
    power = [abs(np.sum(cut * np.exp(-2j * np.pi * k * at / 400))) ** 2 for k in range(201)]

    def mel(hz: float) -> float:
        return 3 * hz / 200 if hz < 1000 else 15 + 27 * np.log(hz / 1000) / np.log(6.4)

    edges_mel = np.linspace(0, mel(8000), BANDS + 2)
    fine_hz = np.linspace(0, 8000, 800_001)
    edges = np.interp(edges_mel, [mel(hz) for hz in fine_hz[::100]], fine_hz[::100])
    bands = []
    for low, middle, high in zip(edges, edges[1:], edges[2:], strict=False):
        weights = [
            max(0.0, min((hz - low) / (middle - low), (high - hz) / (high - middle)))
            for hz in range(0, 8001, 40)
        ]
        bands.append(np.dot(weights, power) * 2 / (high - low))
    return np.array(bands)


def test_the_bands_are_those_of_the_book() -> None:
    samples = np.random.default_rng(3).normal(size=RATE_HZ)
    picture = log_mel(samples)
    assert picture.shape == (BANDS, 100)
    for frame in (0, 50, 99):
        expected = (np.log10(by_the_book(samples, frame)) + 4) / 4
        np.testing.assert_allclose(picture[:, frame], expected, atol=2e-3)


@pytest.mark.parametrize("hz", [200, 700, 1500, 3000])
def test_a_tone_stands_in_its_band(hz: int) -> None:
    brightest = int(log_mel(np.sin(2 * np.pi * hz * SECOND))[:, 50].argmax())
    above = int(log_mel(np.sin(2 * np.pi * hz * 1.3 * SECOND))[:, 50].argmax())
    assert above > brightest


def test_loudness_makes_no_difference_and_silence_is_the_floor() -> None:
    samples = np.concatenate([np.zeros(RATE_HZ), np.sin(2 * np.pi * 500 * SECOND)])
    picture = log_mel(samples)
    np.testing.assert_allclose(log_mel(samples * 0.01), picture, atol=2e-2)
    assert picture[:, 50].max() == pytest.approx(picture.max() - 2.0)
