"""What a turn was, as it is kept and measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from voice_ai_service.dialogue.call_state import CallState, StageLatencies, TurnRecord
from voice_ai_service.dialogue.turn import Heard, ReplyDone, ReplyTimings
from voice_ai_service.speech.speech import Spoken
from voice_ai_service.turn_mode.parts import TurnModeParts
from voice_ai_service.turn_mode.utterance_audio import Utterance
from voice_ai_service.turn_mode.wire import ActionAnswer, PreviousReply, TurnRequest


@dataclass(slots=True)
class Listening:
    """What the ears made of a turn's audio."""

    heard: Heard
    utterance: Utterance | None = None
    stt_ms: float | None = None
    provider: str | None = None
    model: str | None = None
    deaf: bool = False
    """There was speech, and no recogniser answered."""


@dataclass(slots=True)
class Replying:
    """A reply while it is being made."""

    language: str
    texts: list[str] = field(default_factory=list)
    done: ReplyDone | None = None
    waited_ms: float = 0.0
    """Time spent waiting for the brain, which runs inside the voice's time."""

    @property
    def said(self) -> str:
        return " ".join(self.texts)


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


def turn_record(
    asked: TurnRequest, now: datetime, listening: Listening, replying: Replying, spoken: Spoken | None
) -> TurnRecord:
    """Everything of a turn that is over but its total time. `replying` has its end."""
    done = replying.done
    assert done is not None  # noqa: S101
    utterance, usage = listening.utterance, done.usage
    providers = {"llm": done.provider}
    if listening.provider is not None:
        providers["stt"] = listening.provider
    if spoken is not None:
        providers["tts"] = spoken.provider
    models = {"stt": listening.model, "llm": done.model, "tts": spoken.model if spoken else None}
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
        models={stage: model for stage, model in models.items() if model and stage in providers},
        synthesised_chars=0 if spoken is not None and spoken.cached else None,
        prompt_tokens=usage.prompt_tokens if usage else 0,
        completion_tokens=usage.completion_tokens if usage else 0,
        sources=list(done.sources),
        tools=[
            {"name": tool.name, "arguments": tool.arguments, "outcome": tool.outcome} for tool in done.tools
        ],
    )


def _latencies(
    listening: Listening, replying: Replying, spoken: Spoken | None, timings: ReplyTimings
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
