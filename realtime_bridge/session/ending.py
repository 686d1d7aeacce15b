"""The end of a call, once: why it ended, and its conversation."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from realtime_bridge.session.live import Live
from realtime_bridge.session.parts import Tape
from voice_ai_service.conversations.conversation import build
from voice_ai_service.conversations.outcome import EndedBy, Ending
from voice_ai_service.errors import Unavailable

_FIRST_PAUSE_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class EndNote:
    """
    Attributes:
        cause: FreeSWITCH's, where it is known.
    """

    by: EndedBy
    at: datetime
    cause: str | None = None


def ended_by(by: EndedBy, decided: str | None) -> EndedBy:
    """The secretary's own decision is finer than who hung up."""
    if by is not EndedBy.SECRETARY_HANGUP:
        return by
    return {"closed": EndedBy.CLOSED, "busy": EndedBy.BUSY}.get(decided or "", by)


async def store(live: Live, note: EndNote, tape: Tape | None) -> None:
    """Write the conversation, whatever the end was. Never raises but a cancellation.

    While the database is away it is tried again for `stores_s`; then the journal keeps the call and a worker
    stores it.
    """
    parts, state, secretary = live.parts, live.state, live.plan.secretary
    recording = await tape.finish() if tape is not None else None
    ending = Ending(
        by=ended_by(note.by, state.ending), ended_at=note.at, hangup_cause=note.cause, recording_ref=recording
    )
    conversation = build(
        state,
        ending,
        secretary_name=secretary.name,
        mode="realtime",
        keep_audio=secretary.settings.record_calls,
    )
    vectors = await parts.vectors(conversation) if parts.vectors is not None else None
    deadline, pause_s = parts.clock.monotonic() + parts.options.stores_s, _FIRST_PAUSE_S
    while True:
        try:
            conversation_uuid = await parts.store.store(conversation, vectors)
            break
        except Unavailable as error:
            if parts.clock.monotonic() + pause_s > deadline:
                parts.figures.unstored.inc()
                live.log.error("a call was not stored: its journal is left to the worker", code=error.code)
                return
        await parts.clock.sleep(pause_s)
        pause_s *= 2
    await parts.sessions.forget(state.domain_uuid, state.call_uuid)
    await parts.folders.tidy(state.domain_uuid, state.call_uuid, conversation.audio_refs)
    parts.figures.stored(conversation)
    live.log.info(
        "call stored",
        conversation_uuid=str(conversation_uuid),
        resolution=conversation.resolution.value,
        end_reason=conversation.end_reason,
        turns=conversation.turn_count,
        duration_ms=conversation.duration_ms,
    )


async def shielded(work: asyncio.Task[None]) -> None:
    """Waits for it to its end, whoever cancels; then the cancellation goes on."""
    cancelled: asyncio.CancelledError | None = None
    while not work.done():
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError as error:
            if work.cancelled():
                raise
            cancelled = error
    if cancelled is not None:
        raise cancelled
