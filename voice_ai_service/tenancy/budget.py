"""What a domain may still use this month. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from voice_ai_service.tenancy.tenant import BudgetAction, Tenant, Tier

NEAR: Final = Decimal("0.8")
"""Part of the budget from which on the operator is warned."""


@dataclass(frozen=True, slots=True)
class Standing:
    """
    Attributes:
        tier: What the domain has now; below its own where the budget was reached.
        stopped: Nothing that costs may be used: calls hear why, and go the secretary's way out.
        used_share: Of the budget; None without one.
    """

    tier: Tier
    stopped: bool = False
    used_share: Decimal | None = None

    @property
    def near(self) -> bool:
        return self.used_share is not None and self.used_share >= NEAR

    @property
    def reached(self) -> bool:
        return self.used_share is not None and self.used_share >= 1


def standing(tenant: Tenant, spent_cents: Decimal) -> Standing:
    """Where a domain stands that has spent so much this month.

    Reached, it falls to the free tier; a domain that is there already stops. A budget of nothing is reached at once.
    """
    budget = tenant.limits.monthly_budget_cents
    if budget is None:
        return Standing(tenant.tier)
    share = spent_cents / budget if budget else Decimal(1)
    if share < 1 or tenant.limits.budget_action is BudgetAction.WARN:
        return Standing(tenant.tier, used_share=share)
    stops = tenant.limits.budget_action is BudgetAction.STOP or tenant.tier is Tier.FREE
    return Standing(Tier.FREE, stops, share)
