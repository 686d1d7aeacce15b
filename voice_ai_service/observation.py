"""What providers and caches tell of themselves, as metrics."""

from __future__ import annotations

from dataclasses import dataclass

from voice_ai_service.metrics import Metrics


@dataclass(frozen=True, slots=True)
class ProviderMetrics:
    metrics: Metrics

    def on_result(self, kind: str, name: str, outcome: str, seconds: float) -> None:
        self.metrics.provider_requests.labels(kind, name, outcome).inc()
        if outcome != "skipped":
            self.metrics.provider_seconds.labels(kind, name).observe(seconds)


@dataclass(frozen=True, slots=True)
class PhraseCacheMetrics:
    metrics: Metrics

    def on_lookup(self, outcome: str) -> None:
        self.metrics.tts_cache.labels(outcome).inc()
