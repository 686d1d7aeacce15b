"""A journal of live calls in memory, with outages."""

from __future__ import annotations

import asyncio
from uuid import UUID

from voice_ai_service.conversations.live_calls import Snapshot
from voice_ai_service.dialogue.call_state import CallState
from voice_ai_service.errors import Conflict, Unavailable


class MemoryJournal:
    """`away`: every call fails. `slow`: cleared, writing waits. `refused`: calls whose state is not accepted."""

    def __init__(self) -> None:
        self.written: list[Snapshot] = []
        self.away = False
        self.slow = asyncio.Event()
        self.slow.set()
        self.refused: set[UUID] = set()
        self.reads = 0

    async def save(self, snapshot: Snapshot) -> None:
        await self.slow.wait()
        if self.away:
            raise Unavailable("the database is not reachable")
        if snapshot.call_uuid in self.refused:
            raise Conflict("another call has this uuid")
        self.written.append(snapshot)

    async def load(self, domain_uuid: UUID, call_uuid: UUID) -> CallState | None:
        self.reads += 1
        if self.away:
            raise Unavailable("the database is not reachable")
        for snapshot in reversed(self.written):
            if (snapshot.domain_uuid, snapshot.call_uuid) == (domain_uuid, call_uuid):
                return CallState.model_validate_json(snapshot.json)
        return None
