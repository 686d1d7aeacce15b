"""Folders of calls that ended while nobody could tidy them: a crash after the call was stored, a full disk."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol
from uuid import UUID

from voice_ai_service.clock import Clock
from voice_ai_service.conversations.call_folder import CallFolders
from voice_ai_service.dialogue.call_state import CallState


class Journal(Protocol):
    async def load(self, domain_uuid: UUID, call_uuid: UUID) -> CallState | None: ...


class References(Protocol):
    async def audio_refs(self, domain_uuid: UUID, call_uuid: UUID) -> tuple[str, ...]: ...


class FolderSweep:
    """
    Args:
        unchanged_for: Folders that changed since are left alone; longer than any call lives.
    """

    def __init__(
        self,
        folders: CallFolders,
        journal: Journal,
        references: References,
        clock: Clock,
        *,
        unchanged_for: timedelta = timedelta(hours=6),
    ) -> None:
        self._folders = folders
        self._journal = journal
        self._references = references
        self._clock = clock
        self._unchanged_for = unchanged_for

    async def sweep(self) -> int:
        """Piece of work for a `Periodic` job. Returns how many folders are gone.

        Raises:
            Unavailable: The database is not there, so nobody knows what may go.
        """
        swept = 0
        for found in await self._folders.unchanged_since(self._clock.now() - self._unchanged_for):
            if await self._journal.load(found.domain_uuid, found.call_uuid) is not None:
                continue
            keep = await self._references.audio_refs(found.domain_uuid, found.call_uuid)
            swept += await self._folders.tidy(found.domain_uuid, found.call_uuid, keep)
        return swept
