"""The tables of tests/vectors/ear.*.tsv: what is written and how it is read, tab between."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.text.ear import english_numbers, portuguese_numbers
from voice_ai_service.text.ear.dictionary import Dictionary
from voice_ai_service.text.ear.spoken import for_the_ear

_VECTORS = Path(__file__).parents[2] / "vectors"
_CASES = [
    pytest.param(language, *line.split("\t"), id=f"{language}-{at}")
    for language in ("pt-BR", "en")
    for at, line in enumerate((_VECTORS / f"ear.{language}.tsv").read_text().splitlines(), 1)
    if line
]
_KNOWN_WRONG = [
    pytest.param(language, *line.split("\t"), id=f"{language}-{at}")
    for language in ("pt-BR", "en")
    for at, line in enumerate((_VECTORS / f"ear.{language}.wrong.tsv").read_text().splitlines(), 1)
    if line
]


@pytest.mark.parametrize(("language", "written", "read"), _CASES)
def test_is_read_aloud(language: str, written: str, read: str) -> None:
    assert for_the_ear(written, language) == read


@pytest.mark.parametrize(("language", "written", "read"), _CASES)
def test_what_was_read_is_not_read_again(language: str, written: str, read: str) -> None:
    assert for_the_ear(read, language) == read


@pytest.mark.parametrize(("language", "written", "read", "right"), _KNOWN_WRONG)
def test_what_docs_say_is_read_wrongly_still_is(language: str, written: str, read: str, right: str) -> None:
    """One that is read right now belongs into the other table."""
    assert for_the_ear(written, language) == read != right


@pytest.mark.parametrize("language", ["pt-BR", "en"])
def test_the_tables_are_as_large_as_they_are_said_to_be(language: str) -> None:
    written = [case.values[1] for case in _CASES if case.values[0] == language]
    assert len(written) == len(set(written)) >= 200


def test_a_tenants_words_come_first() -> None:
    read = for_the_ear(
        "A XPTO atende em SP.", "pt-BR", Dictionary.of({"xpto": "xis pê tê ó", "SP": "São Paulo"})
    )
    assert read == "A xis pê tê ó atende em São Paulo."


def test_a_language_without_rules_is_left_alone() -> None:
    assert for_the_ear("Ça coûte 12 €", "fr") == "Ça coûte 12 €"


@pytest.mark.parametrize("numbers", [portuguese_numbers, english_numbers])
def test_a_number_too_long_to_be_a_number(numbers: object) -> None:
    with pytest.raises(ValueError, match="too large"):
        numbers.cardinal(10**15)  # type: ignore[attr-defined]


@given(st.text(max_size=200), st.sampled_from(["pt-BR", "en"]))
def test_any_text_can_be_read_and_no_digit_is_left(text: str, language: str) -> None:
    read = for_the_ear(text, language)
    assert not any(sign in "0123456789" for sign in read)
