"""Prometheus metrics. Labels are bounded: stages, registry names, outcomes; never a tenant, a call or a number."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0)
_CALL_SECONDS: Final = (5, 15, 30, 60, 120, 300, 600, 1800, 7200)


class Metrics:
    """All metric families of the service, in one registry that `/metrics` prints."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        r = self.registry
        self.requests = Counter(
            "voice_ai_http_requests_total",
            "Requests by route template and status",
            ["method", "route", "status"],
            registry=r,
        )
        self.request_seconds = Histogram(
            "voice_ai_http_request_seconds",
            "Time to answer, by route template",
            ["route"],
            buckets=_SECONDS,
            registry=r,
        )
        self.calls_started = Counter(
            "voice_ai_calls_started_total", "Calls set up", ["mode", "decision"], registry=r
        )
        self.calls_ended = Counter(
            "voice_ai_calls_ended_total", "Calls stored", ["mode", "resolution"], registry=r
        )
        self.live_calls = Gauge("voice_ai_live_calls", "Calls this process serves now", ["mode"], registry=r)
        self.call_seconds = Histogram(
            "voice_ai_call_seconds", "Length of calls", ["mode"], buckets=_CALL_SECONDS, registry=r
        )
        self.turns = Counter("voice_ai_turns_total", "Turns by what came of them", ["action"], registry=r)
        self.turn_seconds = Histogram(
            "voice_ai_turn_seconds", "A whole turn, from request to answer", buckets=_SECONDS, registry=r
        )
        self.stage_seconds = Histogram(
            "voice_ai_stage_seconds",
            "One stage of a turn: stt, retrieval, llm_first_token, llm, tts_first_byte, tts, other",
            ["stage"],
            buckets=_SECONDS,
            registry=r,
        )
        self.barge_ins = Counter(
            "voice_ai_barge_ins_total", "Replies that the caller interrupted", registry=r
        )
        self.misunderstood = Counter(
            "voice_ai_misunderstood_total", "Turns with speech but no meaning", registry=r
        )
        self.provider_requests = Counter(
            "voice_ai_provider_requests_total",
            "Requests to providers",
            ["kind", "provider", "outcome"],
            registry=r,
        )
        self.provider_seconds = Histogram(
            "voice_ai_provider_seconds",
            "Time a provider took",
            ["kind", "provider"],
            buckets=_SECONDS,
            registry=r,
        )
        self.tts_cache = Counter("voice_ai_tts_cache_total", "Repeated phrases", ["outcome"], registry=r)
        self.tokens = Counter(
            "voice_ai_llm_tokens_total", "Tokens of language models", ["provider", "direction"], registry=r
        )
        self.embeddings = Counter("voice_ai_embeddings_total", "Texts embedded", ["model"], registry=r)
        self.documents = Counter(
            "voice_ai_documents_total", "Documents worked on, by what came of it", ["outcome"], registry=r
        )
        self.retrievals = Counter(
            "voice_ai_retrievals_total", "Searches in the documents", ["outcome"], registry=r
        )
        self.limited = Counter(
            "voice_ai_limited_total", "Requests and calls refused by a limit", ["limit"], registry=r
        )
        self.webhook_deliveries = Counter(
            "voice_ai_webhook_deliveries_total", "Tries to deliver an event", ["outcome"], registry=r
        )
        self.outbox_depth = Gauge("voice_ai_outbox_depth", "Events waiting for delivery", registry=r)
        self.audio_errors = Counter(
            "voice_ai_audio_store_errors_total", "Audio that could not be kept", ["reason"], registry=r
        )
