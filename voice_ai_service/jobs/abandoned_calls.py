"""Calls nobody speaks of any more: stored with what was said, so that a dead PBX or process loses nothing.

Among them those whose end the PBX told while a bridge process seemed to serve them, which then never stored them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import structlog

from voice_ai_service.calls.call_plan import CallPlan
from voice_ai_service.conversations.call_folder import CallFolders
from voice_ai_service.conversations.conversation import Conversation, build
from voice_ai_service.conversations.live_calls import LiveCall
from voice_ai_service.conversations.outcome import EndedBy, Ending
from voice_ai_service.errors import NotFound, Unavailable, VoiceAiError
from voice_ai_service.metrics import Metrics

_log = structlog.get_logger()


class Journal(Protocol):
    async def stale(self, unheard_of_s: float) -> Sequence[tuple[UUID, UUID]]: ...

    async def find(self, domain_uuid: UUID, call_uuid: UUID) -> LiveCall | None: ...


class ConversationStore(Protocol):
    async def store(self, conversation: Conversation) -> UUID: ...


class CallDirectory(Protocol):
    async def for_version(self, domain_uuid: UUID, secretary_uuid: UUID, version: int) -> CallPlan:
        """The version that the call began with. Raises NotFound."""
        ...


class ConcurrencyLimiter(Protocol):
    async def release(self, domain_uuid: UUID, call_uuid: UUID) -> None: ...


class AbandonedCalls:
    """
    Args:
        unheard_of_s: `settings.abandoned_call_s`.
    """

    def __init__(
        self,
        journal: Journal,
        store: ConversationStore,
        directory: CallDirectory,
        limiter: ConcurrencyLimiter,
        folders: CallFolders,
        metrics: Metrics,
        *,
        unheard_of_s: float,
    ) -> None:
        self._journal = journal
        self._store = store
        self._directory = directory
        self._limiter = limiter
        self._folders = folders
        self._metrics = metrics
        self._unheard_of_s = unheard_of_s

    async def close_all(self) -> int:
        """Piece of work for a `Periodic` job. Returns how many calls were closed.

        Raises:
            Unavailable: The database is not there.
        """
        closed = 0
        for domain_uuid, call_uuid in await self._journal.stale(self._unheard_of_s):
            try:
                closed += await self._close(domain_uuid, call_uuid)
            except Unavailable:
                raise
            except (VoiceAiError, ValueError) as error:
                # One state that cannot be read, from another version perhaps, must not keep the others.
                _log.error(
                    "an abandoned call cannot be closed", call_uuid=str(call_uuid), error=type(error).__name__
                )
        return closed

    async def _close(self, domain_uuid: UUID, call_uuid: UUID) -> int:
        found = await self._journal.find(domain_uuid, call_uuid)
        if found is None:  # it ended meanwhile
            return 0
        name, keep_audio = await self._secretary(found)
        ending = found.ending or Ending(by=EndedBy.ABANDONED, ended_at=found.seen_at)
        conversation = build(found.state, ending, secretary_name=name, keep_audio=keep_audio)
        conversation_uuid = await self._store.store(conversation)
        await self._limiter.release(domain_uuid, call_uuid)
        await self._folders.tidy(domain_uuid, call_uuid, conversation.audio_refs)
        self._metrics.calls_ended.labels(conversation.mode, conversation.resolution.value).inc()
        _log.warning(
            "an abandoned call was stored",
            call_uuid=str(call_uuid),
            domain_uuid=str(domain_uuid),
            conversation_uuid=str(conversation_uuid),
            turns=conversation.turn_count,
        )
        return 1

    async def _secretary(self, found: LiveCall) -> tuple[str, bool]:
        state = found.state
        try:
            plan = await self._directory.for_version(
                state.domain_uuid, state.secretary_uuid, state.secretary_version
            )
        except NotFound:
            return "", False
        return plan.secretary.name, plan.secretary.settings.record_calls
