"""Delivering events: as many at once as is sensible, no tenant holding up the others."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Protocol
from uuid import UUID

import structlog

from voice_ai_service.crm.outbox import Claim, OutboxDepth
from voice_ai_service.crm.verdict import Verdict
from voice_ai_service.errors import VoiceAiError
from voice_ai_service.jobs.stopping import Stopping
from voice_ai_service.metrics import Metrics

_log = structlog.get_logger()


class Queue(Protocol):
    """The outbox as this job sees it."""

    async def claim(self, max_rows: int, lease_s: int) -> list[Claim]: ...

    async def postpone(self, claim: Claim, seconds: float) -> None: ...

    async def depth(self) -> OutboxDepth: ...


class Deliverer(Protocol):
    async def deliver(self, claim: Claim) -> Verdict | None: ...


@dataclass(frozen=True, slots=True)
class DeliveryOptions:
    """
    Attributes:
        at_once: Deliveries under way in this process.
        per_tenant: Of these, one tenant's: a receiver that is slow to answer must not take all.
        lease_s: How long a claimed event is ours; far longer than one try may take.
        poll_s: Pause while nothing is due.
    """

    at_once: int = 16
    per_tenant: int = 6
    lease_s: int = 120
    poll_s: float = 1.0
    postpone_s: float = 1.0


class Deliveries:
    """A job of `Worker`."""

    name = "deliveries"

    def __init__(
        self,
        queue: Queue,
        deliverer: Deliverer,
        metrics: Metrics,
        options: DeliveryOptions | None = None,
        *,
        random: Random | None = None,
    ) -> None:
        self._queue = queue
        self._deliverer = deliverer
        self._metrics = metrics
        self._options = options or DeliveryOptions()
        self._random = random or Random()  # noqa: S311  jitter
        self._under_way: Counter[UUID] = Counter()
        self._woken = asyncio.Event()
        self._dead = 0

    def wake(self) -> None:
        """Something was queued in this process, or a place became free: look now."""
        self._woken.set()

    async def run(self, stopping: Stopping, progress: Callable[[], None]) -> None:
        self._under_way.clear()
        # Leaving the group waits for what is under way: each try has its own time limit.
        async with asyncio.TaskGroup() as group:
            while not stopping.requested:
                self._woken.clear()
                free = self._options.at_once - self._under_way.total()
                taken = await self._take(group, free) if free > 0 else 0
                progress()
                if free == 0 or taken < free:
                    pause_s = self._options.poll_s * self._random.uniform(0.8, 1.2)
                    await stopping.pause(pause_s, self._woken)

    async def observe_depth(self) -> None:
        """Piece of work for a `Periodic` job: how much waits."""
        depth = await self._queue.depth()
        self._metrics.outbox_depth.set(depth.pending)
        if depth.dead > self._dead:
            _log.warning("dead events wait for a replay", dead=depth.dead)
        self._dead = depth.dead

    async def _take(self, group: asyncio.TaskGroup, free: int) -> int:
        """Claim events and begin to deliver them. Returns how many were begun."""
        taken = 0
        for claim in await self._queue.claim(free, self._options.lease_s):
            if self._under_way[claim.domain_uuid] >= self._options.per_tenant:
                await self._queue.postpone(claim, self._options.postpone_s)
                continue
            self._under_way[claim.domain_uuid] += 1
            group.create_task(self._deliver(claim), name=f"delivery {claim.outbox_uuid}")
            taken += 1
        return taken

    async def _deliver(self, claim: Claim) -> None:
        try:
            verdict = await self._deliverer.deliver(claim)
        except VoiceAiError as error:
            # The database is away: the lease runs out, and the event is tried again.
            verdict = None
            _log.error("a delivery was not written down", domain_uuid=str(claim.domain_uuid), code=error.code)
        finally:
            self._under_way[claim.domain_uuid] -= 1
            self._woken.set()
        self._metrics.webhook_deliveries.labels(verdict.value if verdict else "lost").inc()
