from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import structlog

from tests.fakes.calls import STARTED, call_state, exchange, greeting
from tests.fakes.clock import VirtualClock
from voice_ai_service.conversations.conversation import Conversation, build, usage_of
from voice_ai_service.conversations.outcome import EndedBy, Ending
from voice_ai_service.conversations.spending import REFRESH_S, Spending
from voice_ai_service.dialogue.call_state import CallState
from voice_ai_service.errors import Unavailable
from voice_ai_service.providers.cost import PriceList
from voice_ai_service.tenancy.tenant import BudgetAction, Tenant, TenantLimits, Tier

DOMAIN = UUID(int=7)
PRICES = PriceList.parse(
    json.dumps(
        [
            {"kind": "llm", "provider": "openai", "model": "mini", "million_prompt_tokens": 100_000,
             "million_completion_tokens": 400_000},
            {"kind": "stt", "provider": "openai", "minute": 60},
            {"kind": "tts", "provider": "openai", "thousand_characters": 1000},
        ]
    )
)  # fmt: skip
TENANT = Tenant(
    DOMAIN,
    "a.example",
    Tier.PREMIUM,
    TenantLimits(monthly_budget_cents=100, budget_action=BudgetAction.STOP),
)


class Costs:
    def __init__(self, cents: int = 0) -> None:
        self.found: Mapping[UUID, Decimal] = {DOMAIN: Decimal(cents)}
        self.asked: list[date] = []
        self.down = False

    async def of_month(self, first_day: date) -> dict[UUID, Decimal]:
        self.asked.append(first_day)
        if self.down:
            raise Unavailable("The database does not answer.")
        return dict(self.found)


def paid_call(prompt_tokens: int = 1000, **changes: Any) -> CallState:
    providers = {"stt": "openai", "llm": "openai", "tts": "embedded"}
    turn = exchange(
        1, "oi", "Olá.", providers=providers, models={"llm": "mini"}, caller_audio_ms=1000,
        prompt_tokens=prompt_tokens, completion_tokens=0, **changes,
    )  # fmt: skip
    return call_state(DOMAIN, greeting(providers={}), turn)


def spending(costs: Costs, clock: VirtualClock | None = None) -> Spending:
    return Spending(costs, PRICES, clock or VirtualClock(STARTED, auto=False))


def stored(call: CallState, ledger: Spending) -> Conversation:
    ending = Ending(EndedBy.CALLER_HANGUP, STARTED + timedelta(seconds=9))
    return build(call, ending, secretary_name="Clara", price=ledger.price)


def test_usage_names_the_model_and_both_kinds_of_tokens() -> None:
    used = {usage.kind: usage for usage in usage_of(paid_call().turns)}
    assert (used["llm"].model, used["llm"].prompt_tokens, used["llm"].completion_tokens) == ("mini", 1000, 0)
    assert used["stt"].model == ""


def test_two_models_of_one_provider_are_two_rows() -> None:
    first = paid_call()
    second = first.turns[1].model_copy(update={"turn": 2, "models": {"llm": "large"}})
    used = usage_of([*first.turns, second])
    assert [(usage.model, usage.requests) for usage in used if usage.kind == "llm"] == [
        ("large", 1),
        ("mini", 1),
    ]


def test_what_the_voices_cache_had_is_not_paid_again() -> None:
    turn = exchange(1, "oi", "Olá.", providers={"tts": "openai"}, synthesised_chars=0)
    assert usage_of([turn])[0].units == 0
    assert usage_of([turn.model_copy(update={"synthesised_chars": None})])[0].units == len("Olá.")


def test_a_call_costs_what_its_providers_cost_and_unknown_is_not_free() -> None:
    conversation = stored(paid_call(), spending(Costs()))
    assert conversation.cost_cents == Decimal(101)
    assert {usage.kind: usage.cost_cents for usage in conversation.usage}["tts"] is None


async def test_stored_calls_and_live_ones_count_together() -> None:
    costs = Costs(60)
    ledger = spending(costs)
    await ledger.refresh()
    assert not ledger.stops(TENANT, paid_call(prompt_tokens=300))
    assert ledger.spent_cents(DOMAIN) == 91
    assert ledger.stops(TENANT, paid_call(prompt_tokens=300).model_copy(update={"call_uuid": UUID(int=8)}))
    assert ledger.spent_cents(UUID(int=9)) == 0


async def test_a_call_that_is_stored_is_not_counted_twice() -> None:
    ledger = spending(Costs())
    call = paid_call(prompt_tokens=300)
    ledger.stops(TENANT, call)
    ledger.stored(stored(call, ledger))
    assert ledger.spent_cents(DOMAIN) == 31


async def test_a_new_month_begins_with_nothing() -> None:
    clock = VirtualClock(datetime(2026, 3, 31, 23, 59, tzinfo=UTC), auto=False)
    costs = Costs(500)
    ledger = spending(costs, clock)
    await ledger.refresh()
    assert ledger.standing(TENANT).stopped
    clock.tick(120)
    assert not ledger.standing(TENANT).stopped
    await ledger.refresh()
    assert costs.asked == [date(2026, 3, 1), date(2026, 4, 1)]


async def test_a_database_that_is_away_leaves_the_figures() -> None:
    clock = VirtualClock(STARTED, auto=False)
    costs = Costs(500)
    ledger = spending(costs, clock)
    await ledger.refresh()
    running = asyncio.create_task(ledger.run())
    costs.down = True
    await clock.advance(REFRESH_S * 2)
    assert len(costs.asked) == 3
    assert ledger.standing(TENANT).stopped
    costs.down, costs.found = False, {}
    await clock.advance(REFRESH_S)
    assert not ledger.standing(TENANT).stopped
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_the_operator_is_told_once_that_it_is_near_and_once_that_it_is_reached() -> None:
    costs = Costs(85)
    ledger = spending(costs)
    with structlog.testing.capture_logs() as logs:
        for cents in (85, 90, 100, 120):
            costs.found = {DOMAIN: Decimal(cents)}
            await ledger.refresh()
            ledger.standing(TENANT)
    assert [entry["event"] for entry in logs] == [
        "a domain's budget is nearly used up",
        "a domain's budget is used up",
    ]


@pytest.mark.parametrize("cents", [0, 10**6])
async def test_without_a_budget_nothing_stops(cents: int) -> None:
    ledger = spending(Costs(cents))
    await ledger.refresh()
    assert not ledger.stops(replace(TENANT, limits=TenantLimits()), paid_call())
