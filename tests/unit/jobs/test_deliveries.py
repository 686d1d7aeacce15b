from __future__ import annotations

import asyncio
from collections import Counter
from uuid import UUID, uuid4

import pytest

from tests.fakes.clock import VirtualClock
from voice_ai_service.crm.outbox import Claim, OutboxDepth
from voice_ai_service.crm.verdict import Verdict
from voice_ai_service.errors import Unavailable
from voice_ai_service.jobs.deliveries import Deliveries, DeliveryOptions
from voice_ai_service.jobs.worker import Worker
from voice_ai_service.metrics import Metrics

A, B = UUID(int=1), UUID(int=2)


class Backlog:
    """An outbox in memory: claims one of each tenant before the second of any, as the database does."""

    def __init__(self, clock: VirtualClock, waiting: dict[UUID, int]) -> None:
        self.clock = clock
        self.waiting = {domain: [uuid4() for _ in range(count)] for domain, count in waiting.items()}
        self.postponed: list[tuple[float, Claim]] = []
        self.claims: list[int] = []
        self.away = False

    async def claim(self, max_rows: int, lease_s: int) -> list[Claim]:
        if self.away:
            raise Unavailable("the database is not reachable")
        self.claims.append(max_rows)
        now = self.clock.monotonic()
        for due, claim in list(self.postponed):
            if due <= now:
                self.postponed.remove((due, claim))
                self.waiting[claim.domain_uuid].append(claim.outbox_uuid)
        found: list[Claim] = []
        while len(found) < max_rows and any(self.waiting.values()):
            for domain, queue in self.waiting.items():
                if queue and len(found) < max_rows:
                    found.append(Claim(domain, queue.pop(0)))
        return found

    async def postpone(self, claim: Claim, seconds: float) -> None:
        self.postponed.append((self.clock.monotonic() + seconds, claim))

    async def depth(self) -> OutboxDepth:
        return OutboxDepth(pending=sum(map(len, self.waiting.values())), dead=1, oldest_pending_s=3.0)


class Receivers:
    """Each tenant's receiver takes its time; counts how many of its deliveries overlap."""

    def __init__(self, clock: VirtualClock, takes_s: dict[UUID, float]) -> None:
        self.clock = clock
        self.takes_s = takes_s
        self.under_way: Counter[UUID] = Counter()
        self.most: Counter[UUID] = Counter()
        self.most_at_once = 0
        self.delivered: list[Claim] = []
        self.errors: list[Exception] = []

    async def deliver(self, claim: Claim) -> Verdict | None:
        domain = claim.domain_uuid
        if self.errors:
            raise self.errors.pop()
        self.under_way[domain] += 1
        self.most[domain] = max(self.most[domain], self.under_way[domain])
        self.most_at_once = max(self.most_at_once, self.under_way.total())
        try:
            await self.clock.sleep(self.takes_s[domain])
        finally:
            self.under_way[domain] -= 1
        self.delivered.append(claim)
        return Verdict.DELIVERED


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(auto=False)


async def run_for(clock: VirtualClock, job: Deliveries, seconds: float) -> None:
    worker = Worker([job], clock, grace_s=1000)
    running = asyncio.create_task(worker.run())
    await clock.advance(seconds)
    worker.stop()
    await clock.advance(100)
    await running


OPTIONS = DeliveryOptions(at_once=4, per_tenant=2)


async def test_everything_is_delivered_once(clock: VirtualClock) -> None:
    backlog, receivers = Backlog(clock, {A: 30, B: 20}), Receivers(clock, {A: 0.1, B: 0.2})
    await run_for(clock, Deliveries(backlog, receivers, Metrics(), OPTIONS), 60)
    assert len(receivers.delivered) == len(set(receivers.delivered)) == 50


async def test_a_slow_receiver_does_not_hold_up_another_tenant(clock: VirtualClock) -> None:
    backlog, receivers = Backlog(clock, {A: 1000, B: 0}), Receivers(clock, {A: 10, B: 0.1})
    job = Deliveries(backlog, receivers, Metrics(), OPTIONS)
    worker = Worker([job], clock, grace_s=0)
    running = asyncio.create_task(worker.run())
    await clock.advance(5)
    backlog.waiting[B] = [uuid4() for _ in range(4)]
    await clock.advance(3)
    assert [claim.domain_uuid for claim in receivers.delivered] == [B] * 4
    assert receivers.most[A] == 2
    worker.stop()
    await clock.advance(20)
    await running


async def test_never_more_at_once_than_allowed(clock: VirtualClock) -> None:
    tenants = [UUID(int=number) for number in range(1, 20)]
    backlog = Backlog(clock, dict.fromkeys(tenants, 5))
    receivers = Receivers(clock, dict.fromkeys(tenants, 1.0))
    await run_for(clock, Deliveries(backlog, receivers, Metrics(), OPTIONS), 120)
    assert receivers.most_at_once == 4
    assert max(receivers.most.values()) <= 2
    assert len(receivers.delivered) == 95


async def test_stopping_finishes_what_is_under_way_and_claims_nothing_new(clock: VirtualClock) -> None:
    backlog, receivers = Backlog(clock, {A: 100}), Receivers(clock, {A: 5})
    await run_for(clock, Deliveries(backlog, receivers, Metrics(), OPTIONS), 1)
    assert len(receivers.delivered) == 2
    assert receivers.under_way.total() == 0


async def test_a_delivery_that_cannot_be_written_down_costs_only_itself(clock: VirtualClock) -> None:
    metrics = Metrics()
    backlog, receivers = Backlog(clock, {A: 5}), Receivers(clock, {A: 0.1})
    receivers.errors = [Unavailable("the database is not reachable")]
    await run_for(clock, Deliveries(backlog, receivers, metrics, OPTIONS), 30)
    assert len(receivers.delivered) == 4

    def counted(outcome: str) -> float | None:
        return metrics.registry.get_sample_value("voice_ai_webhook_deliveries_total", {"outcome": outcome})

    assert (counted("delivered"), counted("lost")) == (4.0, 1.0)


async def test_an_idle_queue_is_asked_about_once_a_second(clock: VirtualClock) -> None:
    backlog = Backlog(clock, {A: 0})
    await run_for(clock, Deliveries(backlog, Receivers(clock, {}), Metrics(), OPTIONS), 60)
    assert 48 <= len(backlog.claims) <= 76


async def test_waking_it_delivers_at_once(clock: VirtualClock) -> None:
    backlog, receivers = Backlog(clock, {A: 0}), Receivers(clock, {A: 0.0})
    job = Deliveries(backlog, receivers, Metrics(), DeliveryOptions(poll_s=1000))
    worker = Worker([job], clock)
    running = asyncio.create_task(worker.run())
    await clock.advance(1)
    backlog.waiting[A] = [uuid4()]
    job.wake()
    await clock.advance(0)
    assert len(receivers.delivered) == 1
    worker.stop()
    await clock.advance(0)
    await running


async def test_an_outage_of_the_database_is_survived(clock: VirtualClock) -> None:
    backlog, receivers = Backlog(clock, {A: 3}), Receivers(clock, {A: 0.1})
    backlog.away = True
    job = Deliveries(backlog, receivers, Metrics(), OPTIONS)
    worker = Worker([job], clock)
    running = asyncio.create_task(worker.run())
    await clock.advance(30)
    assert worker.facts[0].failures >= 4
    backlog.away = False
    await clock.advance(60)
    assert len(receivers.delivered) == 3
    assert worker.facts[0].healthy
    worker.stop()
    await clock.advance(0)
    await running


async def test_the_depth_is_measured(clock: VirtualClock) -> None:
    metrics = Metrics()
    await Deliveries(Backlog(clock, {A: 7}), Receivers(clock, {}), metrics).observe_depth()
    assert metrics.registry.get_sample_value("voice_ai_outbox_depth") == 7.0
