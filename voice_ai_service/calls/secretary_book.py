"""What the calls read: a secretary with its destinations and rules, kept for some seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

import structlog

from voice_ai_service.calls.call_plan import CallPlan, plan_for
from voice_ai_service.calls.repository import published_at, secretary_version
from voice_ai_service.calls.secretary import Secretary
from voice_ai_service.calls.transfer_rows import usable_destinations, usable_rules
from voice_ai_service.clock import Clock
from voice_ai_service.db.pool import Connection, Database
from voice_ai_service.errors import NotFound, Unavailable
from voice_ai_service.tenancy.expiring import Expiring

FRESH_S: Final = 3.0
"""How long a change that an admin saved may take to reach calls."""
KEPT_S: Final = 3600.0
"""How long a plan is kept for calls that outlive the database."""
_LOCKS: Final = 64

_log = structlog.get_logger()
_Key = tuple[UUID, str | UUID, int]


class SecretaryBook:
    """Reads through a short cache, so that a turn needs no query of its own."""

    def __init__(self, database: Database, clock: Clock, *, fresh_s: float = FRESH_S) -> None:
        self._database = database
        self._clock = clock
        self._fresh_s = fresh_s
        self.forget()
        self._kept: Expiring[_Key, CallPlan] = Expiring(clock, ttl_s=KEPT_S, max_items=2000)
        # Many calls that miss at once wait for one of them to read.
        self._locks = tuple(asyncio.Lock() for _ in range(_LOCKS))

    async def for_call(self, domain_uuid: UUID, extension: str) -> CallPlan:
        """What a new call to an extension begins with: the version that is published now.

        Raises:
            NotFound: No enabled, published secretary answers there.
            InvalidInput: Its settings contradict themselves.
            Unavailable: The database is not there.
        """
        return await self._read(
            (domain_uuid, extension, 0),
            lambda connection: published_at(connection, domain_uuid, extension),
        )

    async def for_version(self, domain_uuid: UUID, secretary_uuid: UUID, version: int) -> CallPlan:
        """What a live call goes on with: the version it began with, today's destinations and rules.

        While the database is away, and after an admin deleted the secretary, a plan of the last hour is used.

        Raises:
            NotFound: The secretary was deleted, and nothing is kept.
            Unavailable: The database is not there, and nothing is kept.
        """
        key = (domain_uuid, secretary_uuid, version)
        try:
            return await self._read(
                key,
                lambda connection: secretary_version(connection, domain_uuid, secretary_uuid, version),
            )
        except (Unavailable, NotFound) as error:
            kept = self._kept.get(key)
            if kept is None:
                raise
            _log.warning("secretary read from memory", domain_uuid=str(domain_uuid), code=error.code)
            return kept

    def forget(self) -> None:
        """Read everything anew: for the process in which an admin saved something."""
        self._fresh: Expiring[_Key, CallPlan] = Expiring(self._clock, ttl_s=self._fresh_s, max_items=2000)

    async def _read(self, key: _Key, find: Callable[[Connection], Awaitable[Secretary]]) -> CallPlan:
        plan = self._fresh.get(key)
        if plan is not None:
            return plan
        async with self._locks[hash(key) % _LOCKS]:
            plan = self._fresh.get(key)
            return plan if plan is not None else await self._load(key, find)

    async def _load(self, key: _Key, find: Callable[[Connection], Awaitable[Secretary]]) -> CallPlan:
        domain_uuid = key[0]
        async with self._database.tenant(domain_uuid) as connection:
            secretary = await find(connection)
            destinations = await usable_destinations(connection, domain_uuid)
            rules = await usable_rules(connection, domain_uuid)
        plan = plan_for(secretary, destinations, rules)
        by_version = (domain_uuid, secretary.secretary_uuid, secretary.version)
        before = self._kept.get(by_version)
        if before is not None and before.same_content(plan):
            plan = before  # the same object, so that what is derived from it need not be made again
        for one in {key, by_version}:
            self._fresh.put(one, plan)
        self._kept.put(by_version, plan)
        return plan
