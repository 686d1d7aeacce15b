from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.text.word_errors import word_error_rate
from voice_ai_service.text.words import words


@pytest.mark.parametrize(
    ("reference", "heard", "rate"),
    [
        ("vocês abrem no sábado", "Voces abrem no SABADO?", 0.0),
        ("vocês abrem no sábado", "vocês abrem sábado", 0.25),
        ("vocês abrem no sábado", "vocês abrem no sábado agora", 0.25),
        ("vocês abrem no sábado", "vocês abrem no domingo", 0.25),
        ("vocês abrem no sábado", "", 1.0),
        ("sim", "sim sim sim", 2.0),
        ("um dois três", "dois três um", 0.6667),
    ],
)
def test_counts_what_differs(reference: str, heard: str, rate: float) -> None:
    assert word_error_rate(reference, heard) == rate


def test_a_reference_without_words_has_no_rate() -> None:
    assert word_error_rate(" ... ", "sim") is None


SENTENCES = st.lists(st.sampled_from(["um", "dois", "três", "sim"]), min_size=1, max_size=8).map(" ".join)


@given(SENTENCES, SENTENCES)
def test_never_more_than_replacing_all_and_zero_only_for_the_same(reference: str, heard: str) -> None:
    rate = word_error_rate(reference, heard)
    assert rate is not None
    assert rate <= max(len(words(reference)), len(words(heard))) / len(words(reference)) + 0.0001
    assert (rate == 0) == (words(reference) == words(heard))
