"""The end of a call, whoever made it, and what happens between turns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from voice_ai_service.conversations.conversation import build
from voice_ai_service.conversations.outcome import EndedBy, Ending
from voice_ai_service.conversations.vectors import message_vectors
from voice_ai_service.dialogue.call_state import CallState, TurnRecord
from voice_ai_service.dialogue.dialogue import transfer_failed
from voice_ai_service.dialogue.turn import Heard, TurnContext, apply
from voice_ai_service.errors import NotFound, ProviderError
from voice_ai_service.tenancy.tenant import Tenant
from voice_ai_service.turn_mode.last_words import LastWords
from voice_ai_service.turn_mode.parts import TurnModeParts
from voice_ai_service.turn_mode.streams import bridge_leads_it
from voice_ai_service.turn_mode.turn_record import note_played
from voice_ai_service.turn_mode.wire import (
    ActionAnswer,
    AnsweredEvent,
    CallEvent,
    EndAnswer,
    EndRequest,
    EventAnswer,
    PlayedEvent,
    PreviousReply,
    TransferFailedEvent,
)

log = structlog.get_logger()

_BRIDGE_STORES_WITHIN_S: Final = 3.0
_BRIDGE_ASKED_EVERY_S: Final = 0.15


@dataclass(frozen=True, slots=True)
class NoteEvent:
    """What the PBX tells between two turns."""

    parts: TurnModeParts

    async def __call__(self, tenant: Tenant, call_uuid: UUID, event: CallEvent) -> EventAnswer:
        """
        Raises:
            NotFound: no such call lives.
            Conflict: a transfer that failed, of a call that a bridge leads.
        """
        parts = self.parts
        async with parts.locks.of(tenant.domain_uuid, call_uuid):
            call = await parts.sessions.load(tenant.domain_uuid, call_uuid)
            if call.mode == "realtime":
                return await self._beside_the_bridge(tenant, call, event)
            parts.served.saw(tenant.domain_uuid, call_uuid)
            answer = EventAnswer()
            match event:
                case AnsweredEvent():
                    call.answered_at = call.answered_at or parts.clock.now()
                case PlayedEvent(turn=turn, played_ms=played_ms, barged_in=barged_in):
                    if call.turns and call.turns[-1].turn == turn:
                        note_played(call, PreviousReply(played_ms=played_ms, barged_in=barged_in), parts)
                case TransferFailedEvent(cause=cause):
                    call, answer = await self._return_to_secretary(tenant, call, cause)
            await parts.sessions.save(call)
        return answer

    async def _beside_the_bridge(self, tenant: Tenant, call: CallState, event: CallEvent) -> EventAnswer:
        """The bridge knows by itself what happens, and its word on the call's state is the only one."""
        await self.parts.sessions.forget(tenant.domain_uuid, call.call_uuid)
        if isinstance(event, TransferFailedEvent):
            raise bridge_leads_it()
        return EventAnswer()

    async def _return_to_secretary(
        self, tenant: Tenant, call: CallState, cause: str
    ) -> tuple[CallState, EventAnswer]:
        parts = self.parts
        plan = await parts.directory.for_version(
            tenant.domain_uuid, call.secretary_uuid, call.secretary_version
        )
        now = parts.clock.now()
        context = TurnContext(
            call=call,
            turn=call.turn_count,
            plan=plan,
            tenant=tenant,
            heard=Heard(),
            is_open=plan.is_open(now, tenant.time_zone),
            now=now,
        )
        reply = transfer_failed(context)
        call = apply(call, reply.state)
        audio, audio_ms = None, 0
        try:
            spoken = await parts.speech.phrase(plan.secretary, reply.text, reply.language)
        except ProviderError as error:
            log.error("reply not spoken", code=error.code, provider=error.provider)
        else:
            audio_ms = spoken.audio.duration_ms
            audio = await parts.replies.hand_over(call, f"back-{call.turn_count:04d}", spoken.audio)
        call.turns.append(
            TurnRecord(
                turn=call.turn_count,
                started_at=now,
                said=reply.text,
                said_language=reply.language,
                audio_ms=audio_ms,
                intent=reply.intent,
            )
        )
        log.info("transfer failed", cause=cause)
        return call, EventAnswer(said=reply.text, action=ActionAnswer.of(reply.action), audio=audio)


@dataclass(frozen=True, slots=True)
class Finish:
    """Stores the call, once."""

    parts: TurnModeParts

    async def __call__(self, tenant: Tenant, call_uuid: UUID, asked: EndRequest) -> EndAnswer:
        """Idempotent: a call that was stored answers with the same conversation.

        Raises:
            NotFound: no such call was ever set up in this domain.
            Unavailable: the database is not there; the journal keeps the call and a worker stores it later.
        """
        parts = self.parts
        async with parts.locks.of(tenant.domain_uuid, call_uuid):
            stored = await parts.store.find_by_call(tenant.domain_uuid, call_uuid)
            if stored is not None:
                return await self._stored_before(tenant, call_uuid, stored)
            call = await parts.sessions.load(tenant.domain_uuid, call_uuid)
            if call.mode == "realtime":
                return await self._of_the_bridge(tenant, call, asked)
            note_played(call, asked.previous, parts)
            call = await LastWords(parts).added(tenant, call, asked.audio)
            return EndAnswer(conversation_uuid=await self._store(tenant, call, asked))

    async def _stored_before(self, tenant: Tenant, call_uuid: UUID, stored: UUID) -> EndAnswer:
        """By whoever was first; its place is free whoever that was."""
        parts = self.parts
        await parts.sessions.forget(tenant.domain_uuid, call_uuid)
        await parts.limiter.release(tenant.domain_uuid, call_uuid)
        parts.served.ended(tenant.domain_uuid, call_uuid)
        return EndAnswer(conversation_uuid=stored)

    async def _of_the_bridge(self, tenant: Tenant, call: CallState, asked: EndRequest) -> EndAnswer:
        """A bridge that lives stores its calls, with the last turn and the recording. One that died, or that the call
        never came to, does not: then the journal is stored. Who of the two it is, the database says in one statement:
        from then on no bridge can take the call any more.
        """
        parts, domain_uuid, call_uuid = self.parts, tenant.domain_uuid, call.call_uuid
        await parts.limiter.release(domain_uuid, call_uuid)
        is_served = await parts.tickets.note_ending(domain_uuid, call_uuid, self._ending(call, asked))
        stored = await self._stored_by_the_bridge(tenant, call_uuid, wait=is_served)
        if stored is not None:
            return await self._stored_before(tenant, call_uuid, stored)
        await parts.sessions.forget(domain_uuid, call_uuid)
        if is_served:
            log.info("the bridge is still storing its call")
            return EndAnswer(conversation_uuid=None)
        log.warning("no bridge serves this call, its journal is stored")
        call = await parts.sessions.load(domain_uuid, call_uuid)
        return EndAnswer(conversation_uuid=await self._store(tenant, call, asked))

    async def _stored_by_the_bridge(self, tenant: Tenant, call_uuid: UUID, *, wait: bool) -> UUID | None:
        """None: not yet. If it dies before it does, a worker stores the journal, with what was noted here."""
        parts = self.parts
        if not wait:
            return await parts.store.find_by_call(tenant.domain_uuid, call_uuid)
        deadline = parts.clock.monotonic() + _BRIDGE_STORES_WITHIN_S
        while parts.clock.monotonic() < deadline:
            await parts.clock.sleep(_BRIDGE_ASKED_EVERY_S)
            stored = await parts.store.find_by_call(tenant.domain_uuid, call_uuid)
            if stored is not None:
                return stored
        return None

    async def _store(self, tenant: Tenant, call: CallState, asked: EndRequest) -> UUID:
        parts = self.parts
        name, keep_audio = await self._secretary_facts(tenant, call)
        ending = self._ending(call, asked, recording_ref=asked.recording_file if keep_audio else None)
        conversation = build(call, ending, secretary_name=name, keep_audio=keep_audio)
        vectors = await message_vectors(parts.factory, parts.metrics, conversation)
        uuid = await parts.store.store(conversation, vectors)
        await parts.sessions.forget(tenant.domain_uuid, call.call_uuid)
        await parts.limiter.release(tenant.domain_uuid, call.call_uuid)
        if not await parts.folders.tidy(tenant.domain_uuid, call.call_uuid, conversation.audio_refs):
            parts.metrics.audio_errors.labels("recording").inc()
        parts.served.ended(tenant.domain_uuid, call.call_uuid)
        parts.metrics.calls_ended.labels(conversation.mode, conversation.resolution.value).inc()
        parts.metrics.call_seconds.labels(conversation.mode).observe(conversation.duration_ms / 1000)
        log.info(
            "call stored",
            conversation_uuid=str(uuid),
            resolution=conversation.resolution.value,
            end_reason=conversation.end_reason,
            turns=conversation.turn_count,
            duration_ms=conversation.duration_ms,
        )
        return uuid

    def _ending(self, call: CallState, asked: EndRequest, *, recording_ref: str | None = None) -> Ending:
        return Ending(
            by=_ended_by(call, asked),
            ended_at=self.parts.clock.now(),
            hangup_cause=asked.hangup_cause or None,
            duration_ms=asked.duration_ms or None,
            recording_ref=recording_ref,
        )

    async def _secretary_facts(self, tenant: Tenant, call: CallState) -> tuple[str, bool]:
        """Name, and whether the call's audio is kept; a secretary deleted in mid-call loses its name only."""
        try:
            plan = await self.parts.directory.for_version(
                tenant.domain_uuid, call.secretary_uuid, call.secretary_version
            )
        except NotFound:
            return "", False
        return plan.secretary.name, plan.secretary.settings.record_calls


def _ended_by(call: CallState, asked: EndRequest) -> EndedBy:
    """The secretary's own decision is finer than the PBX's word for it."""
    if call.ending == "busy":
        return EndedBy.BUSY
    if call.ending == "closed" and asked.reason == "secretary_hangup":
        return EndedBy.CLOSED
    return EndedBy(asked.reason)
