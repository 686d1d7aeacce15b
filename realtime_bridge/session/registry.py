"""The calls of this process: how many there may be, who is among them, and when the last one is gone."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol
from uuid import UUID

from realtime_bridge.session.call import Call
from voice_ai_service.clock import Clock
from voice_ai_service.errors import Conflict, LimitReached, Unavailable
from voice_ai_service.tenancy.tenant import Tenant

NOTE_TTL_S: Final = 90.0
NOTE_EVERY_S: Final = 30.0


class NoteBoard(Protocol):
    """Shared by all processes of the installation: `db.cache.Cache`, on Redis where there is one."""

    async def set(self, key: str, value: bytes, ttl_s: float) -> None: ...

    async def delete(self, key: str) -> None: ...


class CallRegistry:
    """
    Args:
        process_name: What is noted of where a call lives.
        board: None: nobody else wants to know.
    """

    def __init__(
        self, clock: Clock, process_name: str, *, max_calls: int = 200, board: NoteBoard | None = None
    ) -> None:
        self._clock = clock
        self._process_name = process_name
        self._max_calls = max_calls
        self._board = board
        self._calls: dict[UUID, Call] = {}
        self._tenants: Counter[UUID] = Counter()
        self._empty = asyncio.Event()
        self._empty.set()
        self.draining = False

    def __len__(self) -> int:
        return len(self._calls)

    def count(self, domain_uuid: UUID) -> int:
        """Calls of a tenant in this process."""
        return self._tenants[domain_uuid]

    @property
    def calls(self) -> tuple[Call, ...]:
        return tuple(self._calls.values())

    @property
    def uuids(self) -> tuple[UUID, ...]:
        return tuple(self._calls)

    def find(self, call_uuid: UUID) -> Call | None:
        return self._calls.get(call_uuid)

    def check(self, call_uuid: UUID, tenant: Tenant) -> None:
        """
        Raises:
            Unavailable: The process is going away.
            Conflict: The call lives here already.
            LimitReached: The process has all the calls it may have, or the tenant.
        """
        if self.draining:
            raise Unavailable("This bridge takes no more calls")
        if call_uuid in self._calls:
            raise Conflict("This call lives already", field="call_uuid")
        if len(self._calls) >= self._max_calls:
            raise LimitReached("This bridge has no room for another call")
        if self._tenants[tenant.domain_uuid] >= tenant.limits.max_concurrent_calls:
            raise LimitReached("The domain has all the calls it may have")

    @contextmanager
    def serving(self, call: Call) -> Iterator[None]:
        """The call lives here as long as this lasts: also one that is only told that there is no room."""
        facts = call.live.facts
        domain_uuid = facts.tenant.domain_uuid
        self._calls[facts.call_uuid] = call
        self._tenants[domain_uuid] += 1
        self._empty.clear()
        try:
            yield
        finally:
            del self._calls[facts.call_uuid]
            self._tenants[domain_uuid] -= 1
            if not self._tenants[domain_uuid]:
                del self._tenants[domain_uuid]
            if not self._calls:
                self._empty.set()

    async def emptied(self, timeout_s: float) -> bool:
        """Whether all calls were gone in time."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._empty.wait()
        except TimeoutError:
            return False
        return True

    async def note(self, call_uuid: UUID) -> None:
        """Say where the call lives; forgotten by itself when nobody repeats it."""
        if self._board is not None:
            await self._board.set(_key(call_uuid), self._process_name.encode(), NOTE_TTL_S)

    async def unnote(self, call_uuid: UUID) -> None:
        if self._board is not None:
            await self._board.delete(_key(call_uuid))

    async def keep_noting(self) -> None:
        """Until cancelled."""
        while True:
            await self._clock.sleep(NOTE_EVERY_S)
            for call_uuid in list(self._calls):
                await self.note(call_uuid)


def _key(call_uuid: UUID) -> str:
    return f"bridge:call:{call_uuid}"
