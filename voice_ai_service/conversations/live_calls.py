"""The journal of live calls: what a restart, another process or the clean-up reads."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
from pydantic_core import PydanticSerializationError

from voice_ai_service.conversations.outcome import Ending, ending_from_json
from voice_ai_service.conversations.text import storable_json
from voice_ai_service.db import queries
from voice_ai_service.db.pool import Database
from voice_ai_service.dialogue.call_state import CallState
from voice_ai_service.errors import Conflict

_SQL = queries.load(__package__, "live_calls.sql")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state as it was at one moment; the state itself goes on changing while this waits to be written.

    Attributes:
        json: The state, with nothing in it that PostgreSQL refuses.
    """

    call_uuid: UUID
    domain_uuid: UUID
    secretary_uuid: UUID
    turn_count: int
    started_at: datetime
    json: str

    @classmethod
    def of(cls, state: CallState) -> Snapshot:
        return cls(
            call_uuid=state.call_uuid,
            domain_uuid=state.domain_uuid,
            secretary_uuid=state.secretary_uuid,
            turn_count=state.turn_count,
            started_at=state.started_at,
            json=_as_json(state),
        )


@dataclass(frozen=True, slots=True)
class LiveCall:
    """
    Attributes:
        seen_at: When its state was last written.
        ending: What the PBX said of its end, where that came before the call was stored.
    """

    state: CallState
    seen_at: datetime
    ending: Ending | None = None


class LiveCalls:
    """`v_voice_live_calls`, one row a call. All methods raise Unavailable when the database is not there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, snapshot: Snapshot) -> None:
        """Write the state, unless the journal has a later turn of it or the call was stored already.

        Raises:
            Conflict: A call of another domain has this uuid.
        """
        try:
            await self._write(snapshot)
        except asyncpg.UniqueViolationError:
            # Two processes wrote the call's first state at once: the statement arbitrates by the primary key, and
            # the other unique index was reached first. Now the row is there.
            await self._write(snapshot)

    async def _write(self, snapshot: Snapshot) -> None:
        # A power cut may lose the last moments of a call that it cut as well; waiting for the disk would cost
        # ten times as much, for every turn of every call.
        async with self._database.tenant(snapshot.domain_uuid, durable=False) as connection:
            status = await connection.execute(
                _SQL.save_live_call,
                snapshot.call_uuid,
                snapshot.domain_uuid,
                snapshot.secretary_uuid,
                snapshot.json,
                snapshot.turn_count,
                snapshot.started_at,
            )
            if status != "INSERT 0 1" and not await connection.fetchval(
                _SQL.is_known, snapshot.domain_uuid, snapshot.call_uuid
            ):
                # Row-level security hides the other domain's row, the primary key does not.
                raise Conflict("another call has this uuid", field="call_uuid")

    async def load(self, domain_uuid: UUID, call_uuid: UUID) -> CallState | None:
        found = await self.find(domain_uuid, call_uuid)
        return None if found is None else found.state

    async def find(self, domain_uuid: UUID, call_uuid: UUID) -> LiveCall | None:
        async with self._database.tenant(domain_uuid) as connection:
            row = await connection.fetchrow(_SQL.load_live_call, domain_uuid, call_uuid)
        if row is None:
            return None
        told = row["call_ending"]
        return LiveCall(
            CallState.model_validate(row["call_state"]),
            row["seen_date"],
            None if told is None else ending_from_json(told),
        )

    async def stale(self, unheard_of_s: float) -> list[tuple[UUID, UUID]]:
        """Domain and uuid of calls, of all tenants, that nobody wrote of for so long; a thousand at most."""
        async with self._database.open() as connection:
            rows = await connection.fetch(_SQL.stale_calls, unheard_of_s)
        return [(row["domain_uuid"], row["call_uuid"]) for row in rows]

    async def all(self, domain_uuid: UUID) -> list[CallState]:
        """The domain's live calls as the journal has them, oldest first, at most 500."""
        async with self._database.tenant(domain_uuid) as connection:
            rows = await connection.fetch(_SQL.list_live_calls, domain_uuid)
        return [CallState.model_validate(row["call_state"]) for row in rows]

    async def remove(self, domain_uuid: UUID, call_uuid: UUID) -> None:
        async with self._database.tenant(domain_uuid) as connection:
            await connection.execute(_SQL.remove_live_call, domain_uuid, call_uuid)

    async def count(self, domain_uuid: UUID) -> int:
        async with self._database.tenant(domain_uuid) as connection:
            return int(await connection.fetchval(_SQL.count_live_calls, domain_uuid))


def _as_json(state: CallState) -> str:
    try:
        text = state.model_dump_json()
    except PydanticSerializationError:  # a lone surrogate
        text = "\\u0000"
    if "\\u0000" not in text:
        return text
    return json.dumps(storable_json(state.model_dump(mode="json")), ensure_ascii=False)
