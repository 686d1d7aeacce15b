from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_bridge.turn.waiting import LONGEST_MS, THRESHOLDS, Waiting


@pytest.mark.parametrize(
    ("complete", "silence_ms"), [(None, 500), (0.99, 300), (0.95, 300), (0.9, 500), (0.8, 1000), (0.0, 1000)]
)
def test_the_model_moves_the_end(complete: float | None, silence_ms: int) -> None:
    assert Waiting.of(500, "pt-BR").silence_ms(complete) == silence_ms


@given(st.integers(100, 3000), st.sampled_from([*THRESHOLDS, "fr"]), st.floats(0, 1), st.floats(0, 1))
def test_the_surer_the_sooner_and_never_without_end(
    end_silence_ms: int, language: str, one: float, other: float
) -> None:
    waiting = Waiting.of(end_silence_ms, language)
    low, high = sorted((one, other))
    assert waiting.silence_ms(high) <= waiting.silence_ms(low) <= max(end_silence_ms, LONGEST_MS)
    assert waiting.silence_ms(1.0) <= end_silence_ms <= waiting.silence_ms(0.0)
