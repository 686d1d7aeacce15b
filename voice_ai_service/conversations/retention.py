"""Forgetting: what is older than the tenant keeps, and everything of one caller when asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog

from voice_ai_service.clock import Clock
from voice_ai_service.conversations.call_folder import CallFolders
from voice_ai_service.conversations.recordings import Recordings
from voice_ai_service.conversations.sessions import CallSessions
from voice_ai_service.db import queries
from voice_ai_service.db.pool import Connection, Database

_BATCH: Final = 200
_MAX_DAYS: Final = 36500

_SQL = queries.load(__package__, "retention.sql")
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How much is gone. Vectors go with their messages."""

    conversations: int = 0
    messages: int = 0
    audio_files: int = 0
    events: int = 0
    callers: int = 0
    live_calls: int = 0

    def __add__(self, other: Forgotten) -> Forgotten:
        return Forgotten(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


class Retention:
    """All methods raise Unavailable when the database is not there; calling again goes on where they stopped.

    Args:
        default_days: For tenants that say nothing in `v_voice_settings` (category `retention`, name `days`).
        sessions: This process's live calls, None where it serves none.
    """

    def __init__(
        self,
        database: Database,
        recordings: Recordings,
        folders: CallFolders,
        clock: Clock,
        *,
        default_days: int,
        sessions: CallSessions | None = None,
    ) -> None:
        self._database = database
        self._recordings = recordings
        self._folders = folders
        self._clock = clock
        self._default_days = default_days
        self._sessions = sessions

    async def purge_all(self) -> Forgotten:
        """Purge every domain by its own number of days."""
        async with self._database.open() as connection:
            domains = [row["domain_uuid"] for row in await connection.fetch(_SQL.domains)]
        total = Forgotten()
        for domain_uuid in domains:
            days = await self._days(domain_uuid)
            forgotten = await self.purge(domain_uuid, self._clock.now() - timedelta(days=days))
            if forgotten != Forgotten():
                _log.info(
                    "old conversations are forgotten",
                    domain_uuid=str(domain_uuid),
                    days=days,
                    conversations=forgotten.conversations,
                    audio_files=forgotten.audio_files,
                )
            total += forgotten
        return total

    async def purge(self, domain_uuid: UUID, before: datetime) -> Forgotten:
        """Forget a domain's conversations that began before an instant, with all that belongs to them."""
        total = Forgotten()
        while True:
            async with self._database.tenant(domain_uuid) as connection:
                batch = await connection.fetch(_SQL.old_conversations, domain_uuid, before, _BATCH)
            total += await self._forget(domain_uuid, batch)
            if len(batch) < _BATCH:
                break
        async with self._database.tenant(domain_uuid) as connection:
            events = await connection.execute(_SQL.delete_old_events, domain_uuid, before)
            callers = await connection.execute(_SQL.delete_old_callers, domain_uuid, before)
            await connection.execute(_SQL.delete_old_tickets, domain_uuid)
        return total + Forgotten(events=_rows(events), callers=_rows(callers))

    async def erase_caller(self, domain_uuid: UUID, caller_number: str) -> Forgotten:
        """Forget everything of one caller: rows, vectors, audio, events not yet delivered, calls in the journal.

        A call that is going on at this moment loses what is known of it so far; it is stored when it ends, and
        erasing again then takes that, too.

        Args:
            caller_number: As stored: E.164 where it could be normalised.
        """
        total = Forgotten()
        while True:
            async with self._database.tenant(domain_uuid) as connection:
                batch = await connection.fetch(
                    _SQL.conversations_of_caller, domain_uuid, caller_number, _BATCH
                )
            total += await self._forget(domain_uuid, batch)
            if len(batch) < _BATCH:
                break
        total += await self._forget_live_calls(domain_uuid, caller_number)
        async with self._database.tenant(domain_uuid) as connection:
            callers = await connection.execute(_SQL.delete_caller, domain_uuid, caller_number)
        return total + Forgotten(callers=_rows(callers))

    async def _days(self, domain_uuid: UUID) -> int:
        async with self._database.tenant(domain_uuid) as connection:
            value = await connection.fetchval(_SQL.retention_days, domain_uuid)
        if value is None:
            return self._default_days
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MAX_DAYS:
            # Forgetting too early cannot be undone.
            _log.error("a tenant's retention is no number of days", domain_uuid=str(domain_uuid))
            return max(self._default_days, _MAX_DAYS)
        return value

    async def _forget(self, domain_uuid: UUID, batch: Sequence[Mapping[str, Any]]) -> Forgotten:
        """Files first: while a row is there, whoever comes after a crash knows what is left to do."""
        if not batch:
            return Forgotten()
        audio_files = 0
        for row in batch:
            audio_files += await self._remove_files(domain_uuid, row["call_uuid"])
        conversations = [row["voice_conversation_uuid"] for row in batch]
        async with self._database.tenant(domain_uuid) as connection:
            events = await _delete_events(connection, domain_uuid, batch)
            messages = await connection.fetchval(_SQL.count_messages, domain_uuid, conversations)
            deleted = await connection.execute(_SQL.delete_conversations, domain_uuid, conversations)
        return Forgotten(
            conversations=_rows(deleted), messages=messages, audio_files=audio_files, events=events
        )

    async def _forget_live_calls(self, domain_uuid: UUID, caller_number: str) -> Forgotten:
        async with self._database.tenant(domain_uuid) as connection:
            live = await connection.fetch(_SQL.live_calls_of_caller, domain_uuid, caller_number)
        audio_files = 0
        for row in live:
            if self._sessions is not None:
                await self._sessions.forget(domain_uuid, row["call_uuid"])
            audio_files += await self._remove_files(domain_uuid, row["call_uuid"])
        async with self._database.tenant(domain_uuid) as connection:
            calls = [row["call_uuid"] for row in live]
            deleted = await connection.execute(_SQL.delete_live_calls, domain_uuid, calls)
        return Forgotten(live_calls=_rows(deleted), audio_files=audio_files)

    async def _remove_files(self, domain_uuid: UUID, call_uuid: UUID) -> int:
        kept = await self._recordings.remove(domain_uuid, call_uuid)
        return kept + await self._folders.remove(domain_uuid, call_uuid)


async def _delete_events(
    connection: Connection, domain_uuid: UUID, batch: Sequence[Mapping[str, Any]]
) -> int:
    calls = [str(row["call_uuid"]) for row in batch]
    return _rows(await connection.execute(_SQL.delete_events_of_calls, domain_uuid, calls))


def _rows(status: str) -> int:
    return int(status.rsplit(" ", 1)[-1])
