from __future__ import annotations

import numpy as np
import pytest

from tests.fakes.signals import from_l16, joined, noise, silence, to_l16, tone, voiced
from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.audio.resample import resample
from voice_ai_service.providers.embedded_speech.features import LINE_BANDS, MODEL_BANDS, Floats, log_mel


def rows_of(audio: PcmAudio, max_ms: int = 10_000) -> Floats:
    found = log_mel(audio, max_ms=max_ms)
    assert found is not None
    return found[0]


def call(rate_hz: int = 8000, *, gain: float = 1.0) -> PcmAudio:
    parts = joined(silence(500, rate_hz), voiced(1000, rate_hz, amplitude=8000 * gain), silence(800, rate_hz))
    hiss = from_l16(noise(parts.duration_ms, rate_hz, dbfs=-50).samples) * gain
    return PcmAudio(to_l16(from_l16(parts.samples) + hiss), rate_hz)


def test_only_bands_that_a_telephone_carries_are_kept() -> None:
    assert len(LINE_BANDS) == MODEL_BANDS
    assert np.flatnonzero(LINE_BANDS).tolist() == list(range(1, 18))  # 219 to 3438 Hz, without holes


def test_there_is_a_row_every_10_ms_of_the_utterance_and_a_little_around_it() -> None:
    found = log_mel(call(), max_ms=10_000)
    assert found is not None
    rows, start_ms = found
    assert rows.shape[1] == LINE_BANDS.sum()
    assert 1000 + 300 <= 10 * len(rows) <= 1000 + 1100
    assert -100 <= start_ms <= 300


@pytest.mark.parametrize("audio", [silence(2000, 8000), noise(2000, 8000, dbfs=-40), PcmAudio(b"", 8000)])
def test_where_nobody_speaks_there_is_nothing(audio: PcmAudio) -> None:
    assert log_mel(audio, max_ms=10_000) is None


def test_a_long_speech_is_cut() -> None:
    assert 10 * len(rows_of(voiced(5000, 8000), max_ms=1000)) < 1500


def test_the_same_audio_gives_the_same_rows() -> None:
    assert np.array_equal(rows_of(call()), rows_of(call()))


def test_loudness_moves_all_rows_and_changes_nothing_else() -> None:
    loud, soft = rows_of(call()), rows_of(call(gain=0.5))
    shape = loud - loud.mean(axis=0) - (soft - soft.mean(axis=0))
    assert np.sqrt(np.mean(shape**2)) < 0.35
    assert np.mean(loud - soft) == pytest.approx(np.log(4), abs=0.2)


def test_the_rate_it_came_in_makes_no_difference() -> None:
    here, there = rows_of(call()), rows_of(resample(call(), 16000))
    size = min(len(here), len(there))
    assert abs(len(here) - len(there)) <= 2
    assert np.mean(np.abs(here[:size] - there[:size])) < 0.2


def test_a_clean_line_is_not_deeper_than_a_noisy_one() -> None:
    clean = joined(silence(500, 8000), voiced(1000, 8000), silence(800, 8000))
    rows = rows_of(clean)
    assert np.all(np.quantile(rows, 0.95, axis=0) - rows.min(axis=0) < 30 * np.log(10) / 10 + 0.1)


@pytest.mark.parametrize(("frequency_hz", "band"), [(469, 3), (1250, 9), (2250, 14), (3125, 17)])
def test_a_tone_is_loudest_in_its_own_band(frequency_hz: float, band: int) -> None:
    beeps = [
        part for _ in range(4) for part in (tone(frequency_hz, 150, 8000, amplitude=2000), silence(100, 8000))
    ]
    speech = joined(silence(300, 8000), voiced(600, 8000, amplitude=200), *beeps, silence(300, 8000))
    rows = rows_of(speech)
    loudest = int(np.argmax(np.quantile(rows, 0.95, axis=0)))
    assert np.flatnonzero(LINE_BANDS)[loudest] == band
