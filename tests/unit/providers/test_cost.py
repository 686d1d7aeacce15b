from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.errors import InvalidInput
from voice_ai_service.providers.cost import Consumption, PriceList, shipped
from voice_ai_service.providers.entry import ProviderKind

STT, TTS, LLM = ProviderKind.STT, ProviderKind.TTS, ProviderKind.LLM
PRICES = [
    {"kind": "stt", "provider": "openai", "minute": 0.6},
    {"kind": "stt", "provider": "openai", "model": "small", "minute": 0.3},
    {"kind": "tts", "provider": "openai", "thousand_characters": 1.5},
    {
        "kind": "llm",
        "provider": "openai",
        "model": "mini",
        "million_prompt_tokens": 40,
        "million_completion_tokens": 160,
    },
]


@pytest.fixture
def prices() -> PriceList:
    return PriceList.parse(json.dumps(PRICES), free=[(STT, "embedded"), (TTS, "embedded")])


@pytest.mark.parametrize(
    ("used", "cents"),
    [
        (Consumption(STT, "openai", "large", seconds=90), "0.9"),
        (Consumption(STT, "openai", "small", seconds=90), "0.45"),
        (Consumption(STT, "openai", None, seconds=1), "0.01"),
        (Consumption(TTS, "openai", "any", characters=200), "0.3"),
        (Consumption(LLM, "openai", "mini", prompt_tokens=1000, completion_tokens=100), "0.056"),
        (Consumption(STT, "embedded", None, seconds=600), "0"),
    ],
)
def test_a_request(prices: PriceList, used: Consumption, cents: str) -> None:
    assert prices.cents(used) == Decimal(cents)


def test_what_has_no_price_is_unknown_and_not_free(prices: PriceList) -> None:
    unknown = Consumption(LLM, "openai", "large", prompt_tokens=5)
    assert prices.cents(unknown) is None
    assert prices.total_cents([Consumption(STT, "embedded", None, seconds=9), unknown]) is None


def test_a_call_is_the_sum_of_its_requests(prices: PriceList) -> None:
    parts = [Consumption(STT, "openai", None, seconds=60), Consumption(TTS, "openai", None, characters=100)]
    assert prices.total_cents(parts) == Decimal("0.75")
    assert prices.total_cents([]) == 0


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ("[", "prices"),
        ("{}", "prices"),
        ([{"kind": "stt"}], "prices.0.provider"),
        ([{"kind": "fax", "provider": "x"}], "prices.0.kind"),
        ([{"kind": "stt", "provider": "x", "minute": -1}], "prices.0.minute"),
        ([{"kind": "stt", "provider": "x", "hour": 1}], "prices.0.hour"),
        ([PRICES[0], PRICES[0]], "prices.1"),
    ],
)
def test_a_wrong_list_is_refused_by_its_entry(content: Any, field: str) -> None:
    text = content if isinstance(content, str) else json.dumps(content)
    with pytest.raises(InvalidInput) as caught:
        PriceList.parse(text)
    assert caught.value.field == field


@given(st.lists(st.integers(0, 100_000), max_size=50))
def test_many_small_sums_lose_nothing(characters: list[int]) -> None:
    prices = PriceList.parse(json.dumps(PRICES))
    parts = [Consumption(TTS, "openai", None, characters=count) for count in characters]
    assert prices.total_cents(parts) == Decimal("1.5") * sum(characters) / 1000


def test_every_shipped_price_says_where_it_stands_and_since_when() -> None:
    lines = json.loads(shipped())
    assert lines
    assert all(line["source"].startswith("https://") and line["as_of"] >= "2026" for line in lines)
    whisper = PriceList.parse(shipped()).cents(Consumption(STT, "openai", "whisper-1", seconds=60))
    assert whisper == Decimal("0.6")


def test_the_operators_lines_replace_ours_and_leave_the_others(prices: PriceList) -> None:
    own = PriceList.parse(json.dumps([{"kind": "stt", "provider": "openai", "model": "small", "minute": 9}]))
    both = prices.overridden_by(own)
    assert both.cents(Consumption(STT, "openai", "small", seconds=60)) == 9
    assert both.cents(Consumption(STT, "openai", "large", seconds=60)) == Decimal("0.6")
    assert both.cents(Consumption(STT, "embedded", None, seconds=60)) == 0
