"""A turn that is asked for again: the answer that was given, or one made again from what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import structlog

from voice_ai_service.calls.call_plan import CallPlan
from voice_ai_service.calls.transfer_rules import find_destination
from voice_ai_service.dialogue.actions import RecordMessage
from voice_ai_service.dialogue.call_state import CallState, TurnRecord
from voice_ai_service.errors import Conflict, ProviderError
from voice_ai_service.tenancy.tenant import Tenant
from voice_ai_service.turn_mode.parts import TurnModeParts
from voice_ai_service.turn_mode.turn_record import latency_split
from voice_ai_service.turn_mode.wire import (
    ActionAnswer,
    AudioAnswer,
    DestinationAnswer,
    TurnAnswer,
    TurnRequest,
)

log = structlog.get_logger()

_KEPT_S: Final = 180.0


@dataclass(frozen=True, slots=True)
class RepeatedTurns:
    """Answers are kept for a while where this process, or with Redis all of them, find them."""

    parts: TurnModeParts

    async def keep(self, tenant: Tenant, answer: TurnAnswer) -> None:
        key = f"answer:{tenant.domain_uuid}:{answer.call_uuid}:{answer.turn}"
        await self.parts.answers.set(key, answer.model_dump_json().encode(), ttl_s=_KEPT_S)

    async def answer(self, tenant: Tenant, call: CallState, asked: TurnRequest) -> TurnAnswer:
        """
        Raises:
            Conflict: the answer is not kept any more, and it is not the call's last.
        """
        key = f"answer:{tenant.domain_uuid}:{asked.call_uuid}:{asked.turn}"
        stored = await self.parts.answers.get(key)
        if stored is not None:
            return TurnAnswer.model_validate_json(stored)
        last = call.turns[-1]
        if last.turn != asked.turn:
            raise Conflict(
                "This turn was answered, and the answer is not kept any more",
                field="turn",
                fix="Send the next turn",
            )
        # Another process gave it, or one that died: what it decided is in the call's state.
        return await self._made_again(tenant, call, last)

    async def _made_again(self, tenant: Tenant, call: CallState, record: TurnRecord) -> TurnAnswer:
        plan = await self.parts.directory.for_version(
            tenant.domain_uuid, call.secretary_uuid, call.secretary_version
        )
        log.info("an answer was made again", turn=record.turn)
        return TurnAnswer(
            call_uuid=call.call_uuid,
            turn=record.turn,
            heard=record.heard,
            heard_language=record.heard_language,
            said=record.said,
            action=_action(plan, call, record),
            audio=await self._spoken(plan, call, record),
            latency_ms=latency_split(record.latency_ms),
        )

    async def _spoken(self, plan: CallPlan, call: CallState, record: TurnRecord) -> AudioAnswer | None:
        language = record.said_language or call.language
        try:
            spoken = await self.parts.speech.phrase(plan.secretary, record.said, language)
        except ProviderError as error:
            log.error("reply not spoken", code=error.code, provider=error.provider)
            return None
        return await self.parts.replies.hand_over(call, f"reply-{record.turn:04d}", spoken.audio)


def _action(plan: CallPlan, call: CallState, record: TurnRecord) -> ActionAnswer:
    match record.action:
        case "hangup":
            return ActionAnswer(type="hangup", reason=call.ending)
        case "record_message":
            return ActionAnswer.of(RecordMessage())
        case "transfer":
            destination = find_destination(call.transferred_to or "", plan.destinations)
            if destination is not None:
                return ActionAnswer(type="transfer", destination=DestinationAnswer.of(destination))
    return ActionAnswer(type="continue")
