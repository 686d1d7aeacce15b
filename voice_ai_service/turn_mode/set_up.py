"""A call arrives: who answers it, with which words, or why nobody does."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

import structlog

from voice_ai_service.calls.call_plan import CallPlan
from voice_ai_service.calls.numbers import caller_number
from voice_ai_service.dialogue import opening
from voice_ai_service.dialogue.actions import Action, HangUp, HangupReason, RecordMessage
from voice_ai_service.dialogue.call_state import CallState, StageLatencies, TurnRecord
from voice_ai_service.dialogue.dialogue import over_budget
from voice_ai_service.dialogue.reply import Reply
from voice_ai_service.dialogue.turn import Heard, TurnContext, apply
from voice_ai_service.errors import InvalidInput, ProviderError
from voice_ai_service.speech.speech import Spoken
from voice_ai_service.tenancy.tenant import Tenant
from voice_ai_service.turn_mode.arrival import Arrivals
from voice_ai_service.turn_mode.parts import TurnModeParts
from voice_ai_service.turn_mode.reply_audio import INLINE_LIMIT_BYTES
from voice_ai_service.turn_mode.streams import StreamOffers
from voice_ai_service.turn_mode.wire import (
    ActionAnswer,
    AudioAnswer,
    CallLimitsAnswer,
    CallSetup,
    Listening,
    SecretaryAnswer,
    SetupAnswer,
    StreamAnswer,
)

log = structlog.get_logger()

Decision = Literal["answer", "closed", "busy"]
_LEASE_MARGIN_S = 120.0
"""How much longer than the longest call its place is kept, should nobody say that it ended."""


@dataclass(frozen=True, slots=True)
class _Opening:
    decision: Decision
    reply: Reply
    streams: bool = True


@dataclass(frozen=True, slots=True)
class SetUp:
    parts: TurnModeParts

    async def __call__(self, tenant: Tenant, asked: CallSetup) -> SetupAnswer:
        """Decides and greets.

        Raises:
            NotFound: no published secretary has this number.
            Conflict: a channel that comes again and again, or a call whose socket was opened this moment.
            InvalidInput: shared audio without a shared folder.
        """
        parts = self.parts
        began = time.perf_counter()
        async with parts.locks.of(tenant.domain_uuid, asked.call_uuid):
            arrival = await Arrivals(parts).named(tenant, asked)
            asked = arrival.asked
            self._refuse_unshared_audio(asked)
            plan = await parts.directory.for_call(tenant.domain_uuid, asked.called_number)
            context = self._context(tenant, plan, asked)
            opened = await self._opening(context)
            stream = None
            if opened.decision == "answer" and opened.streams:
                stream = await StreamOffers(parts).make(context, arrival)
            if stream is not None:
                # The bridge opens the call by itself, and writes down what was heard of it.
                answer = await self._answer(context, opened, None, stream)
            else:
                greeting = await self._spoken(plan, opened.reply.text)
                answer = await self._answer(context, opened, greeting)
                call = apply(context.call, opened.reply.state)
                call.turns.append(_greeting_record(opened.reply, greeting, context, began))
                await parts.sessions.save(call)
        parts.metrics.calls_started.labels(answer.mode, opened.decision).inc()
        log.info(
            "call set up",
            decision=opened.decision,
            mode=answer.mode,
            secretary_uuid=str(plan.secretary.secretary_uuid),
        )
        return answer

    def _refuse_unshared_audio(self, asked: CallSetup) -> None:
        if asked.audio_transport == "shared" and not self.parts.folders_are_shared:
            raise InvalidInput(
                "This service shares no folder with the PBX",
                field="audio_transport",
                fix="Send inline, or set VOICE_AI_SHARED_AUDIO_DIR on the service",
            )

    def _context(self, tenant: Tenant, plan: CallPlan, asked: CallSetup) -> TurnContext:
        now = self.parts.clock.now()
        call = CallState(
            call_uuid=asked.call_uuid,
            domain_uuid=tenant.domain_uuid,
            secretary_uuid=plan.secretary.secretary_uuid,
            secretary_version=plan.secretary.version,
            started_at=now,
            caller_number=caller_number(asked.caller_number, tenant.country),
            called_number=asked.called_number,
            language=plan.secretary.language,
            shared_audio=asked.audio_transport == "shared",
            owner=self.parts.process_name,
        )
        return TurnContext(
            call=call,
            turn=0,
            plan=plan,
            tenant=tenant,
            heard=Heard(),
            is_open=plan.is_open(now, tenant.time_zone),
            now=now,
        )

    async def _opening(self, context: TurnContext) -> _Opening:
        tenant, call = context.tenant, context.call
        lease_s = context.secretary.settings.limits.max_duration_s + _LEASE_MARGIN_S
        if not await self.parts.limiter.acquire(
            tenant.domain_uuid, call.call_uuid, tenant.limits.max_concurrent_calls, lease_s
        ):
            self.parts.metrics.limited.labels("concurrent_calls").inc()
            return _Opening("busy", opening.busy(context))
        stopped = self.parts.budgets.stops(tenant, call)
        reply = over_budget(context) if stopped else opening.open_call(context)
        # To take a message outside hours, or without a budget, the secretary answers after all.
        answers = (context.is_open and not stopped) or isinstance(reply.action, RecordMessage)
        return _Opening("answer" if answers else "closed", reply, streams=not stopped)

    async def _spoken(self, plan: CallPlan, text: str) -> Spoken | None:
        """None when no voice answers: the PBX then goes to the fallback instead of playing silence."""
        try:
            return await self.parts.speech.phrase(plan.secretary, text, plan.secretary.language)
        except ProviderError as error:
            log.error("greeting not spoken", code=error.code, provider=error.provider)
            return None

    async def _answer(
        self,
        context: TurnContext,
        opened: _Opening,
        greeting: Spoken | None,
        stream: StreamAnswer | None = None,
    ) -> SetupAnswer:
        plan, call = context.plan, context.call
        secretary, limits = plan.secretary, plan.secretary.settings.limits
        # Before the first file is written into it.
        folder = None
        if call.shared_audio:
            folder = await self.parts.folders.open(call.domain_uuid, call.call_uuid)
        apology = opening.apology(context)
        apology_speech = await self._spoken(plan, apology.text)
        greeting_audio = await self._handed_over(call, "greeting", greeting, INLINE_LIMIT_BYTES)
        # Both share one answer, and the greeting is needed first.
        taken = greeting_audio.bytes if greeting_audio and greeting_audio.content else 0
        return SetupAnswer(
            call_uuid=call.call_uuid,
            domain_uuid=call.domain_uuid,
            decision=opened.decision,
            mode="turn" if stream is None else "realtime",
            stream=stream,
            reason=None if opened.decision == "answer" else opened.reply.intent,
            secretary=SecretaryAnswer(
                secretary_uuid=secretary.secretary_uuid,
                name=secretary.name,
                version=secretary.version,
                language=secretary.language,
            ),
            said=opened.reply.text,
            audio=greeting_audio,
            action=ActionAnswer.of(opened.reply.action),
            listening=Listening(
                end_silence_ms=limits.end_silence_ms,
                max_utterance_ms=limits.max_utterance_s * 1000,
                no_input_ms=limits.no_input_s * 1000,
            ),
            limits=CallLimitsAnswer(max_turns=limits.max_turns, max_duration_s=limits.max_duration_s),
            apology=await self._handed_over(call, "apology", apology_speech, INLINE_LIMIT_BYTES - taken),
            fallback=_without_a_service(apology.action),
            folder=folder,
            record_call=secretary.settings.record_calls,
        )

    async def _handed_over(
        self, call: CallState, ref: str, spoken: Spoken | None, inline_bytes: int
    ) -> AudioAnswer | None:
        if spoken is None:
            return None
        return await self.parts.replies.hand_over(call, ref, spoken.audio, inline_bytes=inline_bytes)


def _without_a_service(action: Action) -> ActionAnswer:
    """The fallback for a PBX that lost its service: a message cannot be taken without one, so that hangs up."""
    if isinstance(action, RecordMessage):
        return ActionAnswer.of(HangUp(HangupReason.PROVIDERS_DOWN))
    return ActionAnswer.of(action)


def _greeting_record(reply: Reply, greeting: Spoken | None, context: TurnContext, began: float) -> TurnRecord:
    total_ms = (time.perf_counter() - began) * 1000
    latency = StageLatencies(total=round(total_ms, 3))
    if greeting is not None:
        latency.tts_first_byte, latency.tts = round(greeting.first_byte_ms, 3), round(greeting.took_ms, 3)
    return TurnRecord(
        turn=0,
        started_at=context.now,
        said=reply.text,
        said_language=reply.language,
        audio_ms=greeting.audio.duration_ms if greeting else 0,
        action=ActionAnswer.of(reply.action).type,
        intent=reply.intent,
        latency_ms=latency,
        providers={"tts": greeting.provider} if greeting else {},
        models={"tts": greeting.model} if greeting and greeting.model else {},
        synthesised_chars=0 if greeting and greeting.cached else None,
    )
