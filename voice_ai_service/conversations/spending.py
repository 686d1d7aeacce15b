"""What each domain has spent this month, in memory: a call is never kept waiting by a question to the database."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, date
from decimal import Decimal
from typing import Final, Protocol
from uuid import UUID

import structlog

from voice_ai_service.clock import Clock
from voice_ai_service.conversations.conversation import Conversation, Usage, usage_of
from voice_ai_service.db import queries
from voice_ai_service.db.pool import Database
from voice_ai_service.dialogue.call_state import CallState, TurnRecord
from voice_ai_service.errors import Unavailable
from voice_ai_service.providers.cost import Consumption, PriceList
from voice_ai_service.providers.entry import ProviderKind
from voice_ai_service.tenancy.budget import Standing, standing
from voice_ai_service.tenancy.tenant import Tenant

REFRESH_S: Final = 30.0
"""How long what other processes stored may go unnoticed."""
_LIVE_CALLS: Final = 10_000
"""Calls of this process whose cost is remembered before they are stored; the oldest go first."""
_SQL = queries.load(__package__, "spending.sql")

log = structlog.get_logger()


class MonthCosts(Protocol):
    async def of_month(self, first_day: date) -> dict[UUID, Decimal]:
        """Cents by domain, of calls that were stored. Raises Unavailable."""
        ...


class StoredCosts:
    """`MonthCosts` of `v_voice_usage`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_month(self, first_day: date) -> dict[UUID, Decimal]:
        async with self._database.open() as connection:
            rows = await connection.fetch(_SQL.month_costs, first_day)
        return {UUID(int=row["domain_uuid"].int): row["cost_cents"] for row in rows}


class Spending:
    """What was stored this month by all processes, and what this process's live calls have cost so far.

    What has no price counts nothing.
    """

    def __init__(self, costs: MonthCosts, prices: PriceList, clock: Clock) -> None:
        self._costs = costs
        self._prices = prices
        self._clock = clock
        self._month = self._first_day()
        self._stored: dict[UUID, Decimal] = {}
        self._live: OrderedDict[UUID, tuple[UUID, Decimal]] = OrderedDict()
        self._told: set[tuple[UUID, date, bool]] = set()

    def price(self, usage: Usage) -> Decimal | None:
        """`conversations.conversation.Price`."""
        return self._prices.cents(_consumption(usage))

    def standing(self, tenant: Tenant, call: CallState | None = None) -> Standing:
        """Where the domain stands now. `call`: a live one; what its turns have cost so far counts from here on."""
        if tenant.limits.monthly_budget_cents is None:
            return Standing(tenant.tier)
        if call is not None:
            self._note(call)
        now = standing(tenant, self.spent_cents(tenant.domain_uuid))
        if now.near:
            self._tell(tenant, now)
        return now

    def stops(self, tenant: Tenant, call: CallState) -> bool:
        """`dialogue.dialogue.Budgets`."""
        return self.standing(tenant, call).stopped

    def spent_cents(self, domain_uuid: UUID) -> Decimal:
        stored = self._stored.get(domain_uuid, Decimal(0)) if self._month == self._first_day() else Decimal(0)
        return stored + sum(
            (cents for domain, cents in self._live.values() if domain == domain_uuid), Decimal(0)
        )

    def stored(self, conversation: Conversation) -> None:
        """A call of this process is in the database."""
        self._live.pop(conversation.call_uuid, None)
        self._roll_over()
        cents = conversation.cost_cents or Decimal(0)
        before = self._stored.get(conversation.domain_uuid, Decimal(0))
        self._stored[conversation.domain_uuid] = before + cents

    async def refresh(self) -> None:
        """Raises Unavailable."""
        month = self._first_day()
        found = await self._costs.of_month(month)
        self._month, self._stored = month, found

    async def run(self) -> None:
        """For ever; a database that is away leaves the figures as they were."""
        while True:
            await self._clock.sleep(REFRESH_S)
            try:
                await self.refresh()
            except Unavailable as error:
                log.warning("the month's costs were not read", code=error.code)

    def _note(self, call: CallState) -> None:
        self._live[call.call_uuid] = (call.domain_uuid, self._cost(call.turns))
        self._live.move_to_end(call.call_uuid)
        while len(self._live) > _LIVE_CALLS:
            self._live.popitem(last=False)

    def _cost(self, turns: Sequence[TurnRecord]) -> Decimal:
        return sum((self.price(usage) or Decimal(0) for usage in usage_of(turns)), Decimal(0))

    def _tell(self, tenant: Tenant, now: Standing) -> None:
        key = (tenant.domain_uuid, self._first_day(), now.reached)
        if key in self._told:
            return
        self._told = {told for told in self._told if told[1] == key[1]} | {key}
        log.warning(
            "a domain's budget is used up" if now.reached else "a domain's budget is nearly used up",
            domain_uuid=str(tenant.domain_uuid),
            budget_cents=tenant.limits.monthly_budget_cents,
            tier=now.tier.value,
            stopped=now.stopped,
        )

    def _roll_over(self) -> None:
        month = self._first_day()
        if month != self._month:
            self._month, self._stored = month, {}

    def _first_day(self) -> date:
        return self._clock.now().astimezone(UTC).date().replace(day=1)


def _consumption(usage: Usage) -> Consumption:
    kind = ProviderKind(usage.kind)
    timed = kind in (ProviderKind.STT, ProviderKind.REALTIME)
    return Consumption(
        kind,
        usage.provider,
        usage.model or None,
        seconds=float(usage.units) if timed else 0.0,
        characters=int(usage.units) if kind is ProviderKind.TTS else 0,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
    )
