"""One turn: what the caller said becomes what the caller hears next."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from voice_ai_service.dialogue.call_state import CallState, Stage, StageLatencies, TurnRecord
from voice_ai_service.dialogue.dialogue import provider_down
from voice_ai_service.dialogue.recognisable import phrases_for
from voice_ai_service.dialogue.reply import Reply
from voice_ai_service.dialogue.turn import (
    Heard,
    ReplyDone,
    ReplyEvent,
    ReplyText,
    ReplyTimings,
    TurnContext,
    apply,
)
from voice_ai_service.errors import Conflict, ProviderError, ProviderUnavailable
from voice_ai_service.providers.stt.seam import SttOptions
from voice_ai_service.tenancy.tenant import Tenant
from voice_ai_service.turn_mode.models import model_choice
from voice_ai_service.turn_mode.parts import TurnModeParts
from voice_ai_service.turn_mode.speech import Spoken
from voice_ai_service.turn_mode.utterance_audio import Utterance
from voice_ai_service.turn_mode.wire import ActionAnswer, PreviousReply, TurnAnswer, TurnRequest

log = structlog.get_logger()

_ANSWER_TTL_S = 180.0
_MESSAGE_MAX_MS = 120_000


@dataclass(slots=True)
class _Listening:
    """What the ears made of a turn's audio."""

    heard: Heard
    utterance: Utterance | None = None
    stt_ms: float | None = None
    provider: str | None = None
    deaf: bool = False
    """There was speech, and no recogniser answered."""


@dataclass(slots=True)
class _Replying:
    """A reply while it is being made."""

    language: str
    texts: list[str] = field(default_factory=list)
    done: ReplyDone | None = None
    waited_ms: float = 0.0
    """Time spent waiting for the brain, which runs inside the voice's time."""

    @property
    def said(self) -> str:
        return " ".join(self.texts)


@dataclass(frozen=True, slots=True)
class TakeTurn:
    parts: TurnModeParts

    async def __call__(self, tenant: Tenant, asked: TurnRequest) -> TurnAnswer:
        """Answers one turn; the same turn asked again gets the same answer.

        Raises:
            NotFound: no such call lives.
            Conflict: a turn that is not the next one.
            InvalidInput, UnsupportedMedia, TooLarge: audio that is none.
        """
        parts = self.parts
        began = time.perf_counter()
        async with parts.locks.of(tenant.domain_uuid, asked.call_uuid):
            call = await parts.sessions.load(tenant.domain_uuid, asked.call_uuid, turn=asked.turn)
            if asked.turn <= call.turn_count:
                return await self._answered_before(tenant, asked)
            if asked.turn != call.turn_count + 1:
                raise Conflict(
                    f"The next turn of this call is {call.turn_count + 1}",
                    field="turn",
                    fix="Send turns in order",
                )
            note_played(call, asked.previous, parts)
            return await self._answer(tenant, call, asked, began)

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
        )
        listening = await self._listen(context, asked)
        context = replace(context, heard=listening.heard)
        replying, spoken = await self._reply(context, deaf=listening.deaf)
        done = replying.done
        assert done is not None  # _reply always ends with one  # noqa: S101
        audio = None
        if spoken is not None:
            audio = await parts.replies.hand_over(call, f"reply-{asked.turn:04d}", spoken.audio)
        record = _record(asked, now, listening, replying, spoken)
        record.latency_ms.total = round((time.perf_counter() - began) * 1000, 3)
        call = apply(call, done.state)
        call.turns.append(record)
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
        await parts.answers.set(
            _answer_key(tenant, asked), answer.model_dump_json().encode(), ttl_s=_ANSWER_TTL_S
        )
        self._observe(call, record)
        return answer

    async def _answered_before(self, tenant: Tenant, asked: TurnRequest) -> TurnAnswer:
        stored = await self.parts.answers.get(_answer_key(tenant, asked))
        if stored is None:
            raise Conflict(
                "This turn was answered, and the answer is not kept any more",
                field="turn",
                fix="Send the next turn",
            )
        return TurnAnswer.model_validate_json(stored)

    async def _listen(self, context: TurnContext, asked: TurnRequest) -> _Listening:
        if asked.audio is None:
            return _Listening(Heard(digits=asked.digits, no_input=not asked.digits))
        limits = context.secretary.settings.limits
        taking_message = context.call.stage is Stage.TAKING_MESSAGE
        max_ms = _MESSAGE_MAX_MS if taking_message else limits.max_utterance_s * 1000 + 5000
        utterance = await self.parts.utterances.read(context.call, asked.audio, max_ms)
        if not utterance.has_speech:
            return _Listening(Heard(digits=asked.digits, no_input=not asked.digits), utterance)
        kept = await self._keep(context, asked, utterance, taking_message)
        began = time.perf_counter()
        options = SttOptions(
            languages=context.secretary.settings.languages, phrases=phrases_for(context.plan)
        )
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
            return _Listening(heard, utterance, took_ms, error.provider, deaf)
        transcript = used.value
        heard = Heard(
            text=transcript.text,
            language=transcript.language,
            confidence=transcript.confidence,
            digits=asked.digits,
            audio_ref=kept,
        )
        return _Listening(heard, utterance, (time.perf_counter() - began) * 1000, used.provider)

    async def _keep(
        self, context: TurnContext, asked: TurnRequest, utterance: Utterance, taking_message: bool
    ) -> str | None:
        """The utterance's file, where the tenant keeps calls or this is a message; a full disk costs the file only."""
        if not taking_message and not context.secretary.settings.record_calls:
            return None
        call = context.call
        return await self.parts.folders.keep_utterance(
            call.domain_uuid, call.call_uuid, asked.turn, utterance.audio
        )

    async def _reply(self, context: TurnContext, *, deaf: bool) -> tuple[_Replying, Spoken | None]:
        replying = _Replying(context.language)
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
                log.error("reply not spoken", code=error.code, provider=error.provider)
                return self._speechless(context), None
            while replying.done is None:
                await self._pull(events, replying)
        return replying, spoken

    async def _texts(
        self, first: str, events: AsyncIterator[ReplyEvent], replying: _Replying
    ) -> AsyncIterator[str]:
        text: str | None = first
        while text is not None:
            yield f"{text} "
            text = await self._pull(events, replying)

    async def _pull(self, events: AsyncIterator[ReplyEvent], replying: _Replying) -> str | None:
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

    def _speechless(self, context: TurnContext) -> _Replying:
        """No voice at all: the PBX plays the apology it holds, and the call goes to its fallback."""
        reply = provider_down(context)
        return _Replying(reply.language, [reply.text], reply.done())

    def _observe(self, call: CallState, record: TurnRecord) -> None:
        metrics, latency = self.parts.metrics, record.latency_ms
        metrics.turns.labels(record.action).inc()
        metrics.turn_seconds.observe(latency.total / 1000)
        for stage, value_ms in latency_split(latency).items():
            if stage != "total":
                metrics.stage_seconds.labels(stage).observe(value_ms / 1000)
        if record.caller_audio_ms and not record.heard and not record.digits:
            metrics.misunderstood.inc()
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


def note_played(call: CallState, previous: PreviousReply | None, parts: TurnModeParts) -> None:
    """Playout truth: how much of the last reply was heard, as the PBX measured it on the audio."""
    if previous is None or not call.turns:
        return
    last = call.turns[-1]
    last.played_ms = min(previous.played_ms, last.audio_ms)
    if previous.barged_in and not last.barged_in:
        last.barged_in = True
        parts.metrics.barge_ins.inc()


def latency_split(latency: StageLatencies) -> dict[str, float]:
    """The stages that ran, `other` (ours: decoding, database, encoding) and the total, in ms."""
    split = {name: value for name, value in latency.model_dump().items() if value is not None}
    total = split.pop("total")
    other = max(0.0, total - latency.providers_ms)
    return {**split, "other": round(other, 3), "total": total}


def _record(
    asked: TurnRequest, now: datetime, listening: _Listening, replying: _Replying, spoken: Spoken | None
) -> TurnRecord:
    done = replying.done
    assert done is not None  # noqa: S101
    utterance, usage = listening.utterance, done.usage
    providers = {"llm": done.provider}
    if listening.provider is not None:
        providers["stt"] = listening.provider
    if spoken is not None:
        providers["tts"] = spoken.provider
    return TurnRecord(
        turn=asked.turn,
        started_at=now,
        heard=listening.heard.text,
        heard_language=listening.heard.language,
        heard_confidence=listening.heard.confidence,
        digits=asked.digits,
        said=replying.said,
        said_language=replying.language,
        audio_ms=spoken.audio.duration_ms if spoken else 0,
        action=ActionAnswer.of(done.action).type,
        intent=done.intent,
        caller_audio_ref=listening.heard.audio_ref,
        caller_audio_ms=utterance.received_ms if utterance else 0,
        latency_ms=_latencies(listening, replying, spoken, done.timings),
        providers=providers,
        prompt_tokens=usage.prompt_tokens if usage else 0,
        completion_tokens=usage.completion_tokens if usage else 0,
        sources=list(done.sources),
        tools=[
            {"name": tool.name, "arguments": tool.arguments, "outcome": tool.outcome} for tool in done.tools
        ],
    )


def _latencies(
    listening: _Listening, replying: _Replying, spoken: Spoken | None, timings: ReplyTimings
) -> StageLatencies:
    """The brain's time lies inside the voice's, since the voice pulls the text: it is taken out of it here."""
    retrieval = timings.retrieval_ms or 0.0
    llm = max(0.0, replying.waited_ms - retrieval)
    rounded = {
        "stt": listening.stt_ms,
        "retrieval": timings.retrieval_ms,
        "llm_first_token": timings.llm_first_token_ms,
        "llm": llm,
        "tts_first_byte": spoken.first_byte_ms if spoken else None,
        "tts": max(0.0, spoken.took_ms - spoken.waited_ms) if spoken else None,
    }
    return StageLatencies(
        **{name: None if value is None else round(value, 3) for name, value in rounded.items()}
    )


def _answer_key(tenant: Tenant, asked: TurnRequest) -> str:
    return f"answer:{tenant.domain_uuid}:{asked.call_uuid}:{asked.turn}"
