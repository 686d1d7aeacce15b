from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.calls.destinations import DestinationKind
from voice_ai_service.calls.numbers import caller_number, destination_number, e164, extension
from voice_ai_service.errors import InvalidInput


@pytest.mark.parametrize(
    ("raw", "region", "stored"),
    [
        ("011 98765-4321", "BR", "+5511987654321"),
        ("11987654321", "br", "+5511987654321"),
        ("+5511987654321", "US", "+5511987654321"),
        ("+1 212 555 0123", "BR", "+12125550123"),
        ("1001", "BR", "1001"),
        ("*98", "BR", "*98"),
        ("anonymous", "BR", ""),
        ("", "BR", ""),
        ("+", "BR", ""),
        ("<script>1</script>", "BR", "1"),
        ("٠١١", "BR", ""),
        ("9" * 100, "BR", "9" * 32),
    ],
)
def test_callers_numbers(raw: str, region: str, stored: str) -> None:
    assert caller_number(raw, region) == stored


@given(st.text(max_size=200), st.sampled_from(["BR", "US", "", "ZZ"]))
def test_whatever_a_network_presents_is_stored_as_a_number(raw: str, region: str) -> None:
    assert re.fullmatch(r"(\+?[0-9*#]{1,32})?", caller_number(raw, region))


def test_extensions_are_not_telephone_numbers() -> None:
    assert e164("1001", "BR") is None
    assert e164("190", "BR") is None


@pytest.mark.parametrize("raw", ["", "20 01", "2001;rm", "a", "1" * 21, "２００１", "2001\n2", "+5511"])
def test_what_is_no_extension_is_refused(raw: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        extension(raw, field="number")
    assert caught.value.field == "number"


def test_extensions_are_taken_as_they_are() -> None:
    assert extension(" *97# ", field="number") == "*97#"


@pytest.mark.parametrize("kind", [kind for kind in DestinationKind if kind is not DestinationKind.EXTERNAL])
def test_inside_kinds_dial_extensions(kind: DestinationKind) -> None:
    assert destination_number(kind, "2001", region="BR", field="number") == "2001"
    with pytest.raises(InvalidInput):
        destination_number(kind, "+5511987654321", region="BR", field="number")


@pytest.mark.parametrize("raw", ["2001", "garbage", "+55", "0900 123 456 789 1"])
def test_external_numbers_must_be_dialable(raw: str) -> None:
    with pytest.raises(InvalidInput):
        destination_number(DestinationKind.EXTERNAL, raw, region="BR", field="number")


def test_premium_rates_are_refused() -> None:
    with pytest.raises(InvalidInput, match="premium"):
        destination_number(DestinationKind.EXTERNAL, "+1 900 234 5678", region="BR", field="number")


def test_external_numbers_become_e164() -> None:
    number = destination_number(DestinationKind.EXTERNAL, "(11) 3333-4444", region="BR", field="number")
    assert number == "+551133334444"
