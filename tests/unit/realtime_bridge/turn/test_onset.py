from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_bridge.turn.onset import EnoughSpeech


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 8), st.integers(0, 6))
def test_counts_the_window_and_nothing_else(frames: list[bool], needed: int, more: int) -> None:
    rule = EnoughSpeech(needed * 20, (needed + more) * 20)
    for at in range(len(frames)):
        window = frames[max(at + 1 - needed - more, 0) : at + 1]
        expected = (len(window) - window.index(True)) * 20 if sum(window) >= needed else None
        assert rule.push(frames[at]) == expected
        assert rule.speech_ms == 20 * sum(window)


@pytest.mark.parametrize(("speech_ms", "window_ms"), [(0, 100), (100, 80)])
def test_what_cannot_be(speech_ms: int, window_ms: int) -> None:
    with pytest.raises(ValueError, match="speech_ms"):
        EnoughSpeech(speech_ms, window_ms)
