"""A call as it is stored: built once, at the end, from what was known of it while it lived. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from voice_ai_service.conversations.heard import heard_text
from voice_ai_service.conversations.outcome import Ending, Resolution, end_reason_of, resolution_of
from voice_ai_service.conversations.recordings import is_link
from voice_ai_service.conversations.text import storable, storable_json
from voice_ai_service.dialogue.call_state import STAGES, CallState, Speaker, TurnRecord


@dataclass(frozen=True, slots=True)
class Message:
    """One text of one side.

    Attributes:
        turn: 0 is the greeting.
        text: For the secretary all that was said.
        heard_text: For the secretary what the caller heard of it; None: nobody knows.
        spoken_at: When it began, as far as is known: the caller's before the turn reached us, the secretary's
            after the turn was answered.
        audio_ms: Length of its audio.
        latency_ms: Per stage, on the secretary's messages.
    """

    turn: int
    speaker: Speaker
    text: str
    spoken_at: datetime
    heard_text: str | None = None
    language: str | None = None
    confidence: float | None = None
    digits: str = ""
    audio_ref: str | None = None
    audio_ms: int = 0
    played_ms: int | None = None
    barged_in: bool = False
    action: str | None = None
    intent: str | None = None
    latency_ms: dict[str, float] = field(default_factory=dict)
    providers: dict[str, str] = field(default_factory=dict)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    sources: tuple[str, ...] = ()
    tools: tuple[dict[str, Any], ...] = ()

    @property
    def transcript_text(self) -> str:
        """What went through the line: of the secretary's words, those that were heard where that is known."""
        return self.text if self.heard_text is None else self.heard_text


@dataclass(frozen=True, slots=True)
class Usage:
    """What one call took of one provider's model. `units` are seconds (stt), characters (tts) or tokens (llm).

    Attributes:
        model: Empty where the provider names none.
        prompt_tokens, completion_tokens: The two parts of a language model's `units`, which have two prices.
    """

    day: date
    kind: str
    provider: str
    requests: int
    units: Decimal
    cost_cents: Decimal | None = None
    model: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class StageSummary:
    """Milliseconds over the turns in which the stage ran; the greeting is not a turn."""

    mean: float
    p95: float


@dataclass(frozen=True, slots=True)
class Conversation:
    call_uuid: UUID
    domain_uuid: UUID
    secretary_uuid: UUID
    secretary_name: str
    secretary_version: int
    mode: str
    caller_number: str
    called_number: str
    language: str
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime
    duration_ms: int
    turn_count: int
    resolution: Resolution
    end_reason: str
    hangup_cause: str | None
    transferred_to: str | None
    message_text: str | None
    message_audio_ref: str | None
    recording_ref: str | None
    latency: dict[str, StageSummary]
    providers: dict[str, tuple[str, ...]]
    prompt_tokens: int
    completion_tokens: int
    usage: tuple[Usage, ...]
    messages: tuple[Message, ...]
    """In the order in which they were spoken."""

    @property
    def audio_refs(self) -> tuple[str, ...]:
        """Names of the call's files that its rows refer to; links into a store are no files of ours."""
        names = [message.audio_ref for message in self.messages]
        names += [self.message_audio_ref, self.recording_ref]
        return tuple(dict.fromkeys(name for name in names if name and not is_link(name)))

    @property
    def cost_cents(self) -> Decimal | None:
        """None when no part of it has a price."""
        known = [usage.cost_cents for usage in self.usage if usage.cost_cents is not None]
        return sum(known, Decimal(0)) if known else None


Price = Callable[[Usage], Decimal | None]
"""What a use costs in cents of the price list's currency; None: not in the list."""


def build(
    state: CallState,
    ending: Ending,
    *,
    secretary_name: str,
    mode: str | None = None,
    keep_audio: bool = False,
    price: Price | None = None,
) -> Conversation:
    """Make the conversation of a call that is over.

    Args:
        state: All that was journalled of the call.
        mode: By default the state's.
        keep_audio: Whether the call's audio outlives it; otherwise no reference to it is stored, except to
            a message, which the caller left to be heard.
        price: The price list.
    """
    turns = state.turns
    measured_ms = int((ending.ended_at - (state.answered_at or state.started_at)).total_seconds() * 1000)
    resolution = resolution_of(state, ending)
    return Conversation(
        call_uuid=state.call_uuid,
        domain_uuid=state.domain_uuid,
        secretary_uuid=state.secretary_uuid,
        secretary_name=storable(secretary_name),
        secretary_version=state.secretary_version,
        mode=mode or state.mode,
        caller_number=storable(state.caller_number),
        called_number=storable(state.called_number),
        language=state.language,
        started_at=state.started_at,
        answered_at=state.answered_at,
        ended_at=ending.ended_at,
        duration_ms=max(0, measured_ms if ending.duration_ms is None else ending.duration_ms),
        turn_count=state.turn_count,
        resolution=resolution,
        end_reason=end_reason_of(state, ending),
        hangup_cause=ending.hangup_cause,
        transferred_to=state.transferred_to if resolution is Resolution.TRANSFERRED else None,
        message_text=storable(state.message_text) if state.message_text else None,
        message_audio_ref=state.message_audio_ref,
        recording_ref=ending.recording_ref,
        latency=summarise(turns),
        providers=_providers(turns),
        prompt_tokens=sum(turn.prompt_tokens for turn in turns),
        completion_tokens=sum(turn.completion_tokens for turn in turns),
        usage=_usage(turns, price),
        messages=tuple(_messages(turns, keep_audio=keep_audio)),
    )


def summarise(turns: Sequence[TurnRecord]) -> dict[str, StageSummary]:
    """Mean and 95th percentile (nearest rank) of every stage that ran in a turn after the greeting."""
    summaries: dict[str, StageSummary] = {}
    for stage in STAGES:
        values = sorted(
            value
            for turn in turns
            if turn.turn > 0 and (value := getattr(turn.latency_ms, stage)) is not None
        )
        if values:
            p95 = values[math.ceil(len(values) * 0.95) - 1]
            summaries[stage] = StageSummary(round(sum(values) / len(values), 1), round(p95, 1))
    return summaries


def _messages(turns: Sequence[TurnRecord], *, keep_audio: bool) -> Iterable[Message]:
    for turn in turns:
        if turn.heard or turn.digits or (keep_audio and turn.caller_audio_ref):
            yield _caller_message(turn, keep_audio=keep_audio)
        if turn.said:
            yield _secretary_message(turn)


def _caller_message(turn: TurnRecord, *, keep_audio: bool) -> Message:
    return Message(
        turn=turn.turn,
        speaker=Speaker.CALLER,
        text=storable(turn.heard),
        spoken_at=turn.started_at - timedelta(milliseconds=turn.caller_audio_ms),
        language=turn.heard_language,
        confidence=turn.heard_confidence,
        digits=storable(turn.digits),
        audio_ref=turn.caller_audio_ref if keep_audio else None,
        audio_ms=turn.caller_audio_ms,
        intent=turn.intent,
        # A turn that was cut off before its reply has no other row to keep its measures.
        latency_ms={} if turn.said else _latencies(turn),
        providers={} if turn.said else dict(turn.providers),
        prompt_tokens=0 if turn.said else turn.prompt_tokens,
        completion_tokens=0 if turn.said else turn.completion_tokens,
    )


def _secretary_message(turn: TurnRecord) -> Message:
    said = storable(turn.said)
    return Message(
        turn=turn.turn,
        speaker=Speaker.SECRETARY,
        text=said,
        heard_text=_heard(turn, said),
        spoken_at=turn.started_at + timedelta(milliseconds=turn.latency_ms.total),
        language=turn.said_language,
        audio_ms=turn.audio_ms,
        played_ms=turn.played_ms,
        barged_in=turn.barged_in,
        action=turn.action,
        intent=turn.intent,
        latency_ms=_latencies(turn),
        providers=dict(turn.providers),
        prompt_tokens=turn.prompt_tokens,
        completion_tokens=turn.completion_tokens,
        sources=tuple(storable(source) for source in turn.sources),
        tools=tuple(storable_json(tool) for tool in turn.tools),
    )


def _heard(turn: TurnRecord, said: str) -> str | None:
    return (
        heard_text(said, turn.played_ms, turn.audio_ms)
        if turn.said_heard is None
        else storable(turn.said_heard)
    )


def _latencies(turn: TurnRecord) -> dict[str, float]:
    return {
        stage: round(value, 1) for stage in STAGES if (value := getattr(turn.latency_ms, stage)) is not None
    }


def _providers(turns: Sequence[TurnRecord]) -> dict[str, tuple[str, ...]]:
    names: dict[str, dict[str, None]] = {}
    for turn in turns:
        for stage, provider in turn.providers.items():
            names.setdefault(stage, {})[provider] = None
    return {stage: tuple(found) for stage, found in names.items()}


def usage_of(turns: Sequence[TurnRecord]) -> tuple[Usage, ...]:
    """What the turns took of each provider's model, without what it costs.

    Sorted, so that two calls of a tenant lock the day's rows in the same order.
    """
    used: dict[tuple[date, str, str, str], Usage] = {}
    for turn in turns:
        for kind, provider in turn.providers.items():
            if kind not in _UNITS:
                continue
            key = (turn.started_at.date(), kind, provider, turn.models.get(kind, ""))
            before = used.get(key) or Usage(*key[:3], 0, Decimal(0), model=key[3])
            tokens = (turn.prompt_tokens, turn.completion_tokens) if kind == "llm" else (0, 0)
            used[key] = replace(
                before,
                requests=before.requests + 1,
                units=before.units + _UNITS[kind](turn),
                prompt_tokens=before.prompt_tokens + tokens[0],
                completion_tokens=before.completion_tokens + tokens[1],
            )
    return tuple(used[key] for key in sorted(used))


def _synthesised(turn: TurnRecord) -> Decimal:
    return Decimal(len(turn.said) if turn.synthesised_chars is None else turn.synthesised_chars)


def _usage(turns: Sequence[TurnRecord], price: Price | None) -> tuple[Usage, ...]:
    rows = usage_of(turns)
    return rows if price is None else tuple(replace(row, cost_cents=price(row)) for row in rows)


_UNITS: Final[dict[str, Callable[[TurnRecord], Decimal]]] = {
    "stt": lambda turn: Decimal(turn.caller_audio_ms) / 1000,
    "tts": _synthesised,
    "llm": lambda turn: Decimal(turn.prompt_tokens + turn.completion_tokens),
    "realtime": lambda turn: Decimal(turn.caller_audio_ms + turn.audio_ms) / 1000,
}
