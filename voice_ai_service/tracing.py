"""OpenTelemetry spans, when an exporter is configured: one trace a call, one span a turn, one a stage.

The trace id is the call's uuid, so that a trace is found from a log line without a look-up.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from voice_ai_service.dialogue.call_state import CallState, TurnRecord
from voice_ai_service.errors import Unavailable


class CallTracer(Protocol):
    def turn(self, call: CallState, record: TurnRecord) -> None: ...

    def close(self) -> None: ...


class NoTracer:
    def turn(self, call: CallState, record: TurnRecord) -> None:
        """Nothing is exported."""

    def close(self) -> None:
        """Nothing is open."""


_SEQUENCE = (("stt", "stt"), ("retrieval", "retrieval"), ("llm", "llm"), ("tts", "tts"))


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
        start = _nanoseconds(record.started_at)
        latency = record.latency_ms
        span = self._tracer.start_span(
            "turn", context=parent, start_time=start, attributes=_attributes(call, record)
        )
        context = self._trace.set_span_in_context(span)
        cursor = record.started_at
        for name, field in _SEQUENCE:
            took_ms: float | None = getattr(latency, field)
            if took_ms is None:
                continue
            child = self._tracer.start_span(name, context=context, start_time=_nanoseconds(cursor))
            cursor += timedelta(milliseconds=took_ms)
            child.end(end_time=_nanoseconds(cursor))
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
