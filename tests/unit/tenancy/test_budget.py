from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest

from voice_ai_service.tenancy.budget import Standing, standing
from voice_ai_service.tenancy.tenant import BudgetAction, Tenant, TenantLimits, Tier

WARN, DOWNGRADE, STOP = BudgetAction
FREE, PREMIUM = Tier


def tenant(tier: Tier, budget: int | None, action: BudgetAction) -> Tenant:
    limits = TenantLimits(monthly_budget_cents=budget, budget_action=action)
    return Tenant(UUID(int=1), "a.example", tier, limits)


@pytest.mark.parametrize(
    ("tier", "action", "spent", "becomes", "stopped"),
    [
        (PREMIUM, WARN, 99, PREMIUM, False),
        (PREMIUM, WARN, 500, PREMIUM, False),
        (PREMIUM, DOWNGRADE, 99, PREMIUM, False),
        (PREMIUM, DOWNGRADE, 100, FREE, False),
        (FREE, DOWNGRADE, 99, FREE, False),
        (FREE, DOWNGRADE, 100, FREE, True),
        (PREMIUM, STOP, 99, PREMIUM, False),
        (PREMIUM, STOP, 100, FREE, True),
        (FREE, STOP, 101, FREE, True),
        (FREE, WARN, 101, FREE, False),
    ],
)
def test_what_follows(tier: Tier, action: BudgetAction, spent: int, becomes: Tier, stopped: bool) -> None:
    found = standing(tenant(tier, 100, action), Decimal(spent))
    assert (found.tier, found.stopped) == (becomes, stopped)
    assert found.reached == (spent >= 100)


def test_without_a_budget_nothing_is_ever_used_up() -> None:
    assert standing(tenant(PREMIUM, None, STOP), Decimal(10**9)) == Standing(PREMIUM)


def test_a_budget_of_nothing_is_used_up_at_once() -> None:
    assert standing(tenant(PREMIUM, 0, STOP), Decimal(0)).stopped


@pytest.mark.parametrize(("spent", "near"), [(79, False), (80, True), (100, True)])
def test_the_operator_is_warned_before_it_is_used_up(spent: int, near: bool) -> None:
    assert standing(tenant(PREMIUM, 100, STOP), Decimal(spent)).near is near
