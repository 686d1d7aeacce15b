"""What the parts beside the calls count, into the registry that `/metrics` prints. Labels are bounded."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

from realtime_bridge.providers.cascade_parts import Guess
from realtime_bridge.providers.realtime_figures import RealtimeFigures
from realtime_bridge.transfer.outcome import TransferOutcome


class BridgeFigures:
    """A `LinkObserver`, a `WayObserver` and a `CascadeObserver`."""

    def __init__(self, registry: CollectorRegistry, speculation: Counter) -> None:
        self._speculation = speculation
        self.realtime = RealtimeFigures(registry)
        self.esl_up = Gauge("voice_ai_esl_connected", "The PBX's event socket is there", registry=registry)
        self.esl_connections = Counter(
            "voice_ai_esl_connections_total", "Connections to the PBX", ["kind"], registry=registry
        )
        self.esl_losses = Counter(
            "voice_ai_esl_losses_total", "Connections lost or not made", ["reason"], registry=registry
        )
        self.esl_dropped = Counter(
            "voice_ai_esl_events_dropped_total", "Events that nobody could take in time", registry=registry
        )
        self.way_lost_ms = Counter(
            "voice_ai_way_back_lost_ms_total", "Audio that was sent and not heard", registry=registry
        )
        self.caller_dropped_ms = Counter(
            "voice_ai_caller_audio_dropped_ms_total",
            "Audio of callers that no recogniser took",
            registry=registry,
        )
        self.transfers = Counter(
            "voice_ai_transfers_total", "Transfers that were tried", ["style", "result"], registry=registry
        )

    def esl_connected(self, again: bool) -> None:
        self.esl_up.set(1)
        self.esl_connections.labels("again" if again else "first").inc()

    def esl_lost(self, reason: str) -> None:
        self.esl_up.set(0)
        self.esl_losses.labels(reason).inc()

    def esl_events_dropped(self, count: int) -> None:
        self.esl_dropped.inc(count)

    def on_lost(self, lost_ms: int) -> None:
        self.way_lost_ms.inc(lost_ms)

    def on_guess(self, outcome: Guess) -> None:
        if outcome is not Guess.KEPT:  # kept ones are counted when they were heard
            self._speculation.labels(outcome.value).inc()

    def on_caller_audio_dropped(self, audio_ms: int) -> None:
        self.caller_dropped_ms.inc(audio_ms)

    def on_transfer(self, outcome: TransferOutcome) -> None:
        self.transfers.labels(outcome.destination.kind.value, outcome.result.value).inc()
