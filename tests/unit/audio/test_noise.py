from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.audio.noise import MOST_DB, snr_db

RATE_HZ = 8000


def utterance(speech_db: float, noise_db: float, seconds: float = 2.0, seed: int = 1) -> PcmAudio:
    """A tone that speaks three quarters of the time, in noise."""
    made = np.random.default_rng(seed)
    count = int(seconds * RATE_HZ)
    noise = made.normal(0, 32768 * 10 ** (noise_db / 20), count)
    tone = np.sin(np.arange(count) * 2 * np.pi * 300 / RATE_HZ) * 32768 * 10 ** (speech_db / 20) * 2**0.5
    tone[: count // 4] = 0
    return PcmAudio((noise + tone).clip(-32768, 32767).astype("<i2").tobytes(), RATE_HZ)


@pytest.mark.parametrize("wanted_db", [3, 10, 20, 30])
def test_the_estimate_is_near_what_was_mixed(wanted_db: int) -> None:
    estimate = snr_db(utterance(-20, -20 - wanted_db))
    assert estimate is not None
    assert abs(estimate - wanted_db) < 2.5


def test_silence_and_steady_noise_are_no_speech() -> None:
    assert snr_db(PcmAudio(bytes(16_000), RATE_HZ)) == 0
    noise = snr_db(utterance(-90, -20))
    assert noise is not None
    assert noise < 3


def test_a_line_without_noise_has_the_most() -> None:
    clean = PcmAudio(bytes(8000) + utterance(-10, -120).samples[8000:], RATE_HZ)
    assert snr_db(clean) == MOST_DB


def test_too_short_to_tell() -> None:
    assert snr_db(PcmAudio(bytes(2 * 160 * 9), RATE_HZ)) is None


@given(st.binary(max_size=4000), st.sampled_from([8000, 16000]))
def test_any_samples_give_a_number_in_bounds(samples: bytes, rate_hz: int) -> None:
    found = snr_db(PcmAudio(samples[: len(samples) // 2 * 2], rate_hz))
    assert found is None or 0 <= found <= MOST_DB
