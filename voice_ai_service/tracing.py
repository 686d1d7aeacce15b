"""OpenTelemetry spans, when an exporter is configured: one trace a call, one span a turn, one a stage.

The trace id is the call's uuid, so that a trace is found from a log line without a look-up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

from voice_ai_service.dialogue.call_state import CallState, StageLatencies, TurnRecord
from voice_ai_service.errors import Unavailable


class CallTracer(Protocol):
    def turn(self, call: CallState, record: TurnRecord) -> None: ...

    def close(self) -> None: ...


class NoTracer:
    def turn(self, call: CallState, record: TurnRecord) -> None:
        """Nothing is exported."""

    def close(self) -> None:
        """Nothing is open."""


_TURN_STAGES: Final = ("stt", "retrieval", "llm", "tts")
_BEFORE_THE_ANSWER: Final = ("endpointing", "stt")
_ANSWER: Final = ("retrieval", "llm_first_token", "first_sentence", "tts_first_byte")


@dataclass(frozen=True, slots=True)
class StageSpan:
    """`at_ms`: from the beginning of the turn's span."""

    name: str
    at_ms: float
    took_ms: float


def stage_spans(latency: StageLatencies) -> tuple[StageSpan, ...]:
    """Where the stages of a turn lie in it. Pure.

    In turn mode one after the other; `llm` and `tts` overlap in truth and are drawn apart. A realtime turn begins with
    the end of the caller's speech, and an answer that was begun on suspicion lies beside the wait for the end of it.
    """
    if latency.endpointing is None:
        return tuple(_in_a_row(latency, _TURN_STAGES, 0.0))
    before = tuple(_in_a_row(latency, _BEFORE_THE_ANSWER, 0.0))
    end_ms = before[-1].at_ms + before[-1].took_ms
    answer = tuple(_in_a_row(latency, _ANSWER, max(0.0, end_ms - (latency.speculated or 0.0))))
    spans = before + answer
    if latency.playout is not None:
        spans += (StageSpan("playout", max(0.0, latency.total - latency.playout), latency.playout),)
    return spans


def _in_a_row(latency: StageLatencies, names: Sequence[str], at_ms: float) -> Iterator[StageSpan]:
    for name in names:
        took_ms: float | None = getattr(latency, name)
        if took_ms is not None:
            yield StageSpan(name, at_ms, took_ms)
            at_ms += took_ms


class OtelTracer:
    """Writes finished spans after the fact, from the stored latencies: nothing is traced in the call's path."""

    def __init__(self, endpoint: str) -> None:
        try:
            from opentelemetry import trace
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError as error:
            raise Unavailable(
                "VOICE_AI_TRACING_ENDPOINT is set but the tracing extra is not installed",
                field="VOICE_AI_TRACING_ENDPOINT",
                fix="pip install 'voice-ai[tracing]'",
            ) from error
        self._trace = trace
        self._provider = TracerProvider(resource=Resource.create({"service.name": "voice-ai"}))
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
        self._tracer = self._provider.get_tracer("voice_ai_service")

    def turn(self, call: CallState, record: TurnRecord) -> None:
        parent = self._call_context(call.call_uuid)
        latency = record.latency_ms
        # A realtime turn is written down when its end was decided, and began when the caller fell silent.
        began_at = record.started_at - timedelta(milliseconds=latency.endpointing or 0.0)
        start = _nanoseconds(began_at)
        span = self._tracer.start_span(
            "turn", context=parent, start_time=start, attributes=_attributes(call, record)
        )
        context = self._trace.set_span_in_context(span)
        for stage in stage_spans(latency):
            at = began_at + timedelta(milliseconds=stage.at_ms)
            child = self._tracer.start_span(stage.name, context=context, start_time=_nanoseconds(at))
            child.end(end_time=_nanoseconds(at + timedelta(milliseconds=stage.took_ms)))
        span.end(end_time=start + int(latency.total * 1e6))

    def close(self) -> None:
        self._provider.shutdown()

    def _call_context(self, call_uuid: UUID) -> Any:
        trace = self._trace
        context = trace.SpanContext(
            trace_id=call_uuid.int,
            span_id=(call_uuid.int & 0xFFFFFFFFFFFFFFFF) or 1,
            is_remote=True,
            trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
        )
        return trace.set_span_in_context(trace.NonRecordingSpan(context))


def _attributes(call: CallState, record: TurnRecord) -> Mapping[str, str | int | bool]:
    return {
        "call.uuid": str(call.call_uuid),
        "domain.uuid": str(call.domain_uuid),
        "turn": record.turn,
        "action": record.action,
        "barged_in": record.barged_in,
        **{f"provider.{stage}": name for stage, name in record.providers.items()},
    }


def _nanoseconds(instant: datetime) -> int:
    return int(instant.timestamp() * 1e9)
