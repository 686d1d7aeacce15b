"""The bridge's metrics of calls. Labels are bounded: never a tenant, a call or a number."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator
from typing import Final, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from realtime_bridge.session.latency import split
from voice_ai_service.conversations.conversation import Conversation
from voice_ai_service.dialogue.call_state import TurnRecord

_LATE_MS: Final = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
_SECONDS: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0)


class ServiceMetrics(Protocol):
    """The families that the service has too: `voice_ai_service.metrics.Metrics`."""

    registry: CollectorRegistry
    calls_started: Counter
    calls_ended: Counter
    live_calls: Gauge
    call_seconds: Histogram
    turns: Counter
    turn_seconds: Histogram
    stage_seconds: Histogram
    barge_ins: Counter
    misunderstood: Counter
    tokens: Counter


class Lateness(Collector):
    """How late the pacers came. Fifty times a second and call: counted by hand, made a metric when asked for."""

    def __init__(self) -> None:
        self._counts = [0] * (len(_LATE_MS) + 1)
        self._sum_ms = 0.0

    def add(self, late_ms: float) -> None:
        self._counts[bisect_left(_LATE_MS, late_ms)] += 1
        self._sum_ms += late_ms

    def collect(self) -> Iterator[Metric]:
        buckets, total = [], 0
        for limit_ms, count in zip((*_LATE_MS, math.inf), self._counts, strict=True):
            total += count
            buckets.append(("+Inf" if limit_ms == math.inf else str(limit_ms / 1000), float(total)))
        yield HistogramMetricFamily(
            "voice_ai_playout_lateness_seconds",
            "How late frames were sent",
            buckets=buckets,
            sum_value=self._sum_ms / 1000,
        )


class CallFigures:
    """Counts of all calls of this process, in the registry that `/metrics` prints."""

    def __init__(self, service: ServiceMetrics) -> None:
        self._service = service
        r = service.registry
        self.false_interruptions = Counter(
            "voice_ai_false_interruptions_total", "Replies that paused for no words and went on", registry=r
        )
        self.spoken_over = Counter(
            "voice_ai_spoken_over_total", "Onsets during what may not be interrupted", registry=r
        )
        self.discarded = Counter(
            "voice_ai_discarded_utterances_total", "Sounds that were no utterance", registry=r
        )
        self.fillers = Counter("voice_ai_fillers_total", "Fillers while a brain waited", registry=r)
        self.brain_failures = Counter(
            "voice_ai_brain_failures_total", "Brains that failed in a call", ["brain", "code"], registry=r
        )
        self.speculation = Counter(
            "voice_ai_speculation_total", "Answers begun before the end of the turn", ["outcome"], registry=r
        )
        self.late_audio = Counter(
            "voice_ai_late_audio_total", "Pieces of audio for a reply that was over", registry=r
        )
        self.faults = Counter("voice_ai_call_faults_total", "Calls that ended by a fault of ours", registry=r)
        self.unstored = Counter(
            "voice_ai_unstored_calls_total", "Ends that were left to the journal and a worker", registry=r
        )
        self.refused = Counter(
            "voice_ai_bridge_refused_calls_total", "Legs that were not served", ["reason"], registry=r
        )
        self.gaps = Counter(
            "voice_ai_playout_gaps_total",
            "Silences in the middle of a reply, by whose fault",
            ["fault"],
            registry=r,
        )
        self.dropped_ms = Counter(
            "voice_ai_playout_dropped_ms_total", "Audio of replies that nobody will hear", registry=r
        )
        self.unclear = Counter(
            "voice_ai_playout_clear_failures_total", "Ways back that could not be silenced", registry=r
        )
        self.lateness = Lateness()
        r.register(self.lateness)
        self.endpointing_seconds = Histogram(
            "voice_ai_end_of_turn_seconds",
            "From the caller's last sound to the decision that the turn is over",
            buckets=_SECONDS,
            registry=r,
        )

    def began(self) -> None:
        self._service.calls_started.labels("realtime", "answer").inc()
        self._service.live_calls.labels("realtime").inc()

    def over(self) -> None:
        self._service.live_calls.labels("realtime").dec()

    def stored(self, conversation: Conversation) -> None:
        self._service.calls_ended.labels("realtime", conversation.resolution.value).inc()
        self._service.call_seconds.labels("realtime").observe(conversation.duration_ms / 1000)

    def barge_in(self) -> None:
        self._service.barge_ins.inc()

    def turn(self, record: TurnRecord) -> None:
        """A turn whose reply was heard, or interrupted."""
        service, latency = self._service, record.latency_ms
        service.turns.labels(record.action).inc()
        if latency.total:
            service.turn_seconds.observe(latency.total / 1000)
        for stage, value_ms in split(latency).items():
            if stage not in ("total", "speculated"):
                service.stage_seconds.labels(stage).observe(value_ms / 1000)
        if latency.endpointing is not None:
            self.endpointing_seconds.observe(latency.endpointing / 1000)
        if latency.speculated:
            self.speculation.labels("kept").inc()
        if record.prompt_tokens or record.completion_tokens:
            provider = record.providers.get("llm", "unknown")
            service.tokens.labels(provider, "prompt").inc(record.prompt_tokens)
            service.tokens.labels(provider, "completion").inc(record.completion_tokens)

    def misunderstood(self) -> None:
        self._service.misunderstood.inc()
