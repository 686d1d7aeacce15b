from __future__ import annotations

import math

import pytest

from tests.fakes.signals import noise, tone
from voice_ai_service.audio.g711 import linear_to_ulaw, ulaw_to_linear
from voice_ai_service.audio.level import SILENCE_DBFS, clipped_share, peak_dbfs, rms_dbfs


def test_a_full_scale_sine_is_3_db_below_its_peak() -> None:
    samples = tone(500, 100, 8000, amplitude=32767).samples
    assert rms_dbfs(samples) == pytest.approx(-3.01, abs=0.01)
    assert peak_dbfs(samples) == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize("samples", [b"", bytes(320)])
def test_nothing_is_silence_and_not_minus_infinity(samples: bytes) -> None:
    assert rms_dbfs(samples) == peak_dbfs(samples) == SILENCE_DBFS
    assert clipped_share(samples) == 0.0


def test_the_loudest_negative_sample_does_not_overflow() -> None:
    assert peak_dbfs(b"\x00\x80") == 0.0
    assert math.isclose(rms_dbfs(b"\x00\x80"), 0.0)


def test_clipping_is_seen_through_mu_law() -> None:
    clipped = tone(300, 100, 8000, amplitude=60_000).samples
    assert clipped_share(clipped) > 0.5
    assert clipped_share(ulaw_to_linear(linear_to_ulaw(clipped))) > 0.5
    assert clipped_share(noise(100, 8000, dbfs=-20).samples) == 0.0
