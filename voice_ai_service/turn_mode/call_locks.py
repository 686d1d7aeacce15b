"""One request at a time for each call: a retried turn waits for the first try instead of running beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID


class CallLocks:
    def __init__(self) -> None:
        self._locks: dict[tuple[UUID, UUID], tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def of(self, domain_uuid: UUID, call_uuid: UUID) -> AsyncIterator[None]:
        call = (domain_uuid, call_uuid)
        lock, users = self._locks.get(call, (asyncio.Lock(), 0))
        self._locks[call] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks[call]
            if users == 1:
                del self._locks[call]
            else:
                self._locks[call] = (lock, users - 1)
