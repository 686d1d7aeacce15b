"""One turn: what the caller said becomes what the caller hears next."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace

import structlog

from voice_ai_service.dialogue.call_state import CallState, Stage, TurnRecord
from voice_ai_service.dialogue.dialogue import provider_down
from voice_ai_service.dialogue.model_choice import model_choice
from voice_ai_service.dialogue.recognisable import phrases_for
from voice_ai_service.dialogue.reply import Reply
from voice_ai_service.dialogue.spoken_language import likeliest_first
from voice_ai_service.dialogue.turn import (
    Heard,
    ReplyDone,
    ReplyEvent,
    ReplyText,
    TurnContext,
    apply,
)
from voice_ai_service.errors import Conflict, ProviderError, ProviderUnavailable
from voice_ai_service.providers.stt.seam import SttOptions
from voice_ai_service.speech.speech import Spoken
from voice_ai_service.tenancy.tenant import Tenant
from voice_ai_service.turn_mode.parts import TurnModeParts
from voice_ai_service.turn_mode.repeated import RepeatedTurns
from voice_ai_service.turn_mode.streams import bridge_leads_it
from voice_ai_service.turn_mode.turn_record import (
    Listening,
    Replying,
    latency_split,
    note_played,
    turn_record,
)
from voice_ai_service.turn_mode.utterance_audio import Utterance
from voice_ai_service.turn_mode.wire import ActionAnswer, TurnAnswer, TurnRequest

log = structlog.get_logger()

_MESSAGE_MAX_MS = 120_000


@dataclass(frozen=True, slots=True)
class TakeTurn:
    parts: TurnModeParts

    async def __call__(self, tenant: Tenant, asked: TurnRequest) -> TurnAnswer:
        """Answers one turn; the same turn asked again gets the same answer.

        Raises:
            NotFound: no such call lives.
            Conflict: a turn that is not the next one, or a call that a bridge leads.
            InvalidInput, UnsupportedMedia, TooLarge: audio that is none.
        """
        parts = self.parts
        began = time.perf_counter()
        async with parts.locks.of(tenant.domain_uuid, asked.call_uuid):
            call = await parts.sessions.load(tenant.domain_uuid, asked.call_uuid, turn=asked.turn)
            if call.mode == "realtime":
                raise bridge_leads_it()
            if asked.turn <= call.turn_count:
                return await self._repeated.answer(tenant, call, asked)
            self._refuse_a_gap(call, asked)
            note_played(call, asked.previous, parts)
            parts.served.saw(tenant.domain_uuid, asked.call_uuid)
            return await self._answer(tenant, call, asked, began)

    @property
    def _repeated(self) -> RepeatedTurns:
        return RepeatedTurns(self.parts)

    def _refuse_a_gap(self, call: CallState, asked: TurnRequest) -> None:
        expected = call.turn_count + 1
        if asked.turn == expected:
            return
        if call.owner == self.parts.process_name:
            raise Conflict(
                f"The next turn of this call is {expected}", field="turn", fix="Send turns in order"
            )
        # What another process answered and had not written down when it died: the caller is still there.
        log.warning("turns of this call got lost with their process", expected=expected, turn=asked.turn)

    async def _answer(self, tenant: Tenant, call: CallState, asked: TurnRequest, began: float) -> TurnAnswer:
        parts = self.parts
        now = parts.clock.now()
        plan = await parts.directory.for_version(
            tenant.domain_uuid, call.secretary_uuid, call.secretary_version
        )
        context = TurnContext(
            call=call,
            turn=asked.turn,
            plan=plan,
            tenant=tenant,
            heard=Heard(),
            is_open=plan.is_open(now, tenant.time_zone),
            now=now,
            model=await model_choice(parts.factory, plan.secretary),
            passages=parts.passages,
            tools=await parts.tools.for_turn(tenant),
        )
        listening = await self._listen(context, asked)
        context = replace(context, heard=listening.heard)
        replying, spoken = await self._reply(context, deaf=listening.deaf)
        done = replying.done
        assert done is not None  # _reply always ends with one  # noqa: S101
        audio = None
        if spoken is not None:
            audio = await parts.replies.hand_over(call, f"reply-{asked.turn:04d}", spoken.audio)
            if call.shared_audio and audio is not None and audio.file is None:
                parts.metrics.audio_errors.labels("reply").inc()
        record = turn_record(asked, now, listening, replying, spoken)
        record.latency_ms.total = round((time.perf_counter() - began) * 1000, 3)
        call = apply(call, done.state)
        call.turns.append(record)
        call.owner = parts.process_name
        answer = TurnAnswer(
            call_uuid=call.call_uuid,
            turn=asked.turn,
            heard=record.heard,
            heard_language=record.heard_language,
            said=record.said,
            action=ActionAnswer.of(done.action),
            audio=audio,
            latency_ms=latency_split(record.latency_ms),
        )
        await parts.sessions.save(call)
        await self._repeated.keep(tenant, answer)
        self._observe(call, record)
        return answer

    async def _listen(self, context: TurnContext, asked: TurnRequest) -> Listening:
        if asked.audio is None:
            return Listening(Heard(digits=asked.digits, no_input=not asked.digits))
        limits = context.secretary.settings.limits
        taking_message = context.call.stage is Stage.TAKING_MESSAGE
        max_ms = _MESSAGE_MAX_MS if taking_message else limits.max_utterance_s * 1000 + 5000
        utterance = await self.parts.utterances.read(context.call, asked.audio, max_ms)
        if not utterance.has_speech:
            return Listening(Heard(digits=asked.digits, no_input=not asked.digits), utterance)
        kept = await self._keep(context, asked, utterance, taking_message)
        began = time.perf_counter()
        languages = likeliest_first(context.call.language, context.secretary.settings.languages)
        options = SttOptions(languages=languages, phrases=phrases_for(context.plan))
        try:
            chain = await self.parts.factory.stt(
                context.tenant.domain_uuid, context.secretary.settings.providers.stt
            )
            used = await chain.transcribe(utterance.audio, options)
        except ProviderError as error:
            log.error("utterance not transcribed", code=error.code, provider=error.provider)
            heard = Heard(digits=asked.digits, audio_ref=kept)
            took_ms = (time.perf_counter() - began) * 1000
            # A key or a message needs no recogniser.
            deaf = not asked.digits and not taking_message
            return Listening(heard, utterance, took_ms, error.provider, deaf=deaf)
        transcript = used.value
        heard = Heard(
            text=transcript.text,
            language=transcript.language,
            confidence=transcript.confidence,
            digits=asked.digits,
            audio_ref=kept,
        )
        took_ms = (time.perf_counter() - began) * 1000
        return Listening(heard, utterance, took_ms, used.provider, used.model)

    async def _keep(
        self, context: TurnContext, asked: TurnRequest, utterance: Utterance, taking_message: bool
    ) -> str | None:
        """The utterance's file, where the tenant keeps calls or this is a message; a full disk costs the file only."""
        if not taking_message and not context.secretary.settings.record_calls:
            return None
        call = context.call
        kept = await self.parts.folders.keep_utterance(
            call.domain_uuid, call.call_uuid, asked.turn, utterance.audio
        )
        if kept is None:
            self.parts.metrics.audio_errors.labels("utterance").inc()
        return kept

    async def _reply(self, context: TurnContext, *, deaf: bool) -> tuple[Replying, Spoken | None]:
        replying = Replying(context.language)
        events = _given(provider_down(context)) if deaf else self.parts.dialogue.respond(context)
        async with aclosing(events):  # type: ignore[type-var]
            first = await self._pull(events, replying)
            if first is None:
                return replying, None
            try:
                spoken = await self.parts.speech.reply(
                    context.secretary, self._texts(first, events, replying), replying.language
                )
            except ProviderError as error:
                await self._rest(events, replying)
                return await self._spoken_otherwise(context, replying, error)
            await self._rest(events, replying)
        return replying, spoken

    async def _rest(self, events: AsyncIterator[ReplyEvent], replying: Replying) -> None:
        while replying.done is None:
            await self._pull(events, replying)

    async def _spoken_otherwise(
        self, context: TurnContext, replying: Replying, failure: ProviderError
    ) -> tuple[Replying, Spoken | None]:
        """By another voice; or else an apology from the cache, or no words at all, and the call's fallback."""
        log.warning("a voice broke off", code=failure.code, provider=failure.provider)
        speech, secretary = self.parts.speech, context.secretary
        try:
            spoken = await speech.instead(secretary, replying.said, replying.language, failure.provider)
        except ProviderError as error:
            log.error("reply not spoken", code=error.code, provider=error.provider)
        else:
            return replying, spoken
        reply = provider_down(context)
        sorry = Replying(reply.language, [reply.text], reply.done())
        try:
            return sorry, await speech.phrase(secretary, reply.text, reply.language)
        except ProviderError:  # logged above: the PBX plays the apology that it holds
            return sorry, None

    async def _texts(
        self, first: str, events: AsyncIterator[ReplyEvent], replying: Replying
    ) -> AsyncIterator[str]:
        text: str | None = first
        while text is not None:
            yield f"{text} "
            text = await self._pull(events, replying)

    async def _pull(self, events: AsyncIterator[ReplyEvent], replying: Replying) -> str | None:
        """The next piece of text, or None once the reply is complete."""
        began = time.perf_counter()
        try:
            event = await anext(events, None)
        finally:
            replying.waited_ms += (time.perf_counter() - began) * 1000
        match event:
            case ReplyText(text=text, language=language):
                if not replying.texts:
                    replying.language = language
                replying.texts.append(text)
                return text
            case ReplyDone():
                replying.done = event
            case None:
                if replying.done is None:
                    raise ProviderUnavailable("The reply ended without an end", provider="dialogue")
        return None

    def _observe(self, call: CallState, record: TurnRecord) -> None:
        metrics, latency = self.parts.metrics, record.latency_ms
        metrics.turns.labels(record.action).inc()
        metrics.turn_seconds.observe(latency.total / 1000)
        for stage, value_ms in latency_split(latency).items():
            if stage != "total":
                metrics.stage_seconds.labels(stage).observe(value_ms / 1000)
        if record.caller_audio_ms and not record.heard and not record.digits:
            metrics.misunderstood.inc()
        if latency.retrieval is not None:
            metrics.retrievals.labels("found" if record.sources else "nothing").inc()
        if record.prompt_tokens or record.completion_tokens:
            provider = record.providers.get("llm", "unknown")
            metrics.tokens.labels(provider, "prompt").inc(record.prompt_tokens)
            metrics.tokens.labels(provider, "completion").inc(record.completion_tokens)
        self.parts.tracer.turn(call, record)
        log.info(
            "turn answered",
            turn=record.turn,
            action=record.action,
            intent=record.intent,
            latency_ms=latency_split(latency),
            providers=record.providers,
        )


async def _given(reply: Reply) -> AsyncIterator[ReplyEvent]:
    for event in reply.events():
        yield event
