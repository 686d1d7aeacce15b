"""What is read aloud, case by case: tests/vectors/ear.pt-BR.tsv, written and its reading, tab between."""

from __future__ import annotations

from pathlib import Path

import pytest

from voice_ai_service.text.ear.portuguese import RULES
from voice_ai_service.text.ear.portuguese_numbers import cardinal
from voice_ai_service.text.ear.rules import apply

_CASES = [
    line.split("\t")
    for line in (Path(__file__).parents[2] / "vectors" / "ear.pt-BR.tsv").read_text().splitlines()
    if line
]


@pytest.mark.parametrize(("written", "read"), _CASES)
def test_is_read_aloud(written: str, read: str) -> None:
    assert apply(written, RULES) == read


@pytest.mark.parametrize(("written", "read"), _CASES)
def test_what_was_read_is_not_read_again(written: str, read: str) -> None:
    assert apply(read, RULES) == read


def test_a_number_too_long_to_be_a_number() -> None:
    with pytest.raises(ValueError, match="too large"):
        cardinal(10**15)
