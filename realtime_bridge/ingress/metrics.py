"""What the socket counts. Frames are counted as plain integers and read when somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector


class FrameCounts:
    """
    Attributes:
        heard, sent: Frames of 20 ms.
        early_dropped: Heard before anybody listened, and too old by then.
        unsent_dropped: For a socket that does not take them.
    """

    __slots__ = ("early_dropped", "heard", "sent", "unsent_dropped")

    def __init__(self) -> None:
        self.heard = 0
        self.sent = 0
        self.early_dropped = 0
        self.unsent_dropped = 0


class IngressMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self.frames = FrameCounts()
        self.refused = Counter(
            "voice_ai_stream_refused_total", "Sockets that were not opened", ["reason"], registry=registry
        )
        self.faults = Counter(
            "voice_ai_stream_faults_total", "Messages that break the rules", ["fault"], registry=registry
        )
        self.ended = Counter(
            "voice_ai_streams_ended_total", "Streams that ended, and why", ["end"], registry=registry
        )
        self.texts_dropped = Counter(
            "voice_ai_stream_texts_dropped_total", "Texts a socket did not take", registry=registry
        )
        self._streams = Gauge("voice_ai_streams", "Streams open now", registry=registry)
        registry.register(_Frames(self.frames))

    def watch(self, open_now: Callable[[], int]) -> None:
        self._streams.set_function(open_now)


class _Frames(Collector):
    def __init__(self, counts: FrameCounts) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        moved = CounterMetricFamily(
            "voice_ai_stream_frames", "Frames of 20 ms, by direction", labels=["direction"]
        )
        moved.add_metric(["in"], self._counts.heard)
        moved.add_metric(["out"], self._counts.sent)
        yield moved
        dropped = CounterMetricFamily(
            "voice_ai_stream_frames_dropped", "Frames nobody took, the oldest first", labels=["direction"]
        )
        dropped.add_metric(["in"], self._counts.early_dropped)
        dropped.add_metric(["out"], self._counts.unsent_dropped)
        yield dropped
