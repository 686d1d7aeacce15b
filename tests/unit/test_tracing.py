from __future__ import annotations

import pytest

from voice_ai_service.dialogue.call_state import StageLatencies
from voice_ai_service.tracing import stage_spans


def test_the_stages_of_a_turn_follow_each_other() -> None:
    spans = stage_spans(StageLatencies(stt=40, llm=100, tts=30, total=180))
    assert [(span.name, span.at_ms, span.took_ms) for span in spans] == [
        ("stt", 0, 40),
        ("llm", 40, 100),
        ("tts", 140, 30),
    ]


def test_an_answer_that_was_begun_on_suspicion_lies_beside_the_wait_for_the_end() -> None:
    latency = StageLatencies(
        endpointing=500,
        stt=0,
        llm_first_token=100,
        first_sentence=20,
        llm=400,
        tts_first_byte=50,
        playout=25,
        speculated=170,
        total=525,
    )
    spans = {span.name: (span.at_ms, span.took_ms) for span in stage_spans(latency)}
    assert spans == {
        "endpointing": (0, 500),
        "stt": (500, 0),
        "llm_first_token": (330, 100),
        "first_sentence": (430, 20),
        "tts_first_byte": (450, 50),
        "playout": (500, 25),
    }


@pytest.mark.parametrize("speculated", [0, 80, 900])
def test_no_span_begins_before_its_turn(speculated: float) -> None:
    latency = StageLatencies(endpointing=200, llm_first_token=90, speculated=speculated, total=300)
    assert all(span.at_ms >= 0 for span in stage_spans(latency))


def test_otel_spans_of_one_call_form_one_trace() -> None:
    pytest.importorskip("opentelemetry.sdk")
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    from tests.fakes.calls import call_state
    from voice_ai_service.tracing import OtelTracer

    exporter = InMemorySpanExporter()
    tracer = OtelTracer("http://127.0.0.1:1/v1/traces")
    tracer._provider.shutdown()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer._provider, tracer._tracer = provider, provider.get_tracer("voice_ai_service")
    call = call_state()
    for record in call.turns:
        tracer.turn(call, record)
    spans = exporter.get_finished_spans()
    assert {span.context.trace_id for span in spans} == {call.call_uuid.int}
    turns = {span.context.span_id for span in spans if span.name == "turn"}
    assert len(turns) == 3
    assert {span.parent.span_id for span in spans if span.name == "stt" and span.parent} <= turns
    tracer.close()
