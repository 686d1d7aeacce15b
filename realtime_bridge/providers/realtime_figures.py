"""What speech-to-speech brains count, into the registry that `/metrics` prints. Labels are bounded."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter


class RealtimeFigures:
    """A `BrainObserver`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._oddities = Counter(
            "voice_ai_realtime_oddities_total",
            "What came from or went to a speech-to-speech provider without effect",
            ["provider", "what"],
            registry=registry,
        )
        self._connections = Counter(
            "voice_ai_realtime_connections_total",
            "Connections to speech-to-speech providers",
            ["provider", "reason"],
            registry=registry,
        )

    def on_oddity(self, provider: str, name: str, count: int = 1) -> None:
        self._oddities.labels(provider, name).inc(count)

    def on_connection(self, provider: str, reason: str) -> None:
        self._connections.labels(provider, reason).inc()
