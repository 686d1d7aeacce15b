"""A turn's time, split into its stages: from the caller's last sound to our first one in the caller's ear. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from realtime_bridge.providers.seam import TurnTimings
from voice_ai_service.dialogue.call_state import StageLatencies


@dataclass(frozen=True, slots=True)
class Moments:
    """Monotonic seconds; None: it did not happen, or nobody noticed.

    Attributes:
        ended_at: The caller's last sound.
        decided_at: It was decided that the utterance is over.
        first_audio_at: The brain gave the first audio of the reply.
        first_heard_at: It reached the ear.
    """

    ended_at: float | None
    decided_at: float | None
    first_audio_at: float | None
    first_heard_at: float | None


def latencies(moments: Moments, timings: TurnTimings) -> StageLatencies:
    """See `StageLatencies`."""
    total = _between(moments.ended_at, moments.first_heard_at) or 0.0
    endpointing = _between(moments.ended_at, moments.decided_at)
    playout = _between(moments.first_audio_at, moments.first_heard_at)
    answering = (
        timings.retrieval_ms,
        timings.llm_first_token_ms,
        timings.first_sentence_ms,
        timings.tts_first_byte_ms,
    )
    speculated = min(max(timings.speculated_ms, 0.0), sum(filter(None, answering)))
    return StageLatencies(
        endpointing=_rounded(endpointing),
        stt=_rounded(timings.stt_ms),
        retrieval=_rounded(timings.retrieval_ms),
        llm_first_token=_rounded(timings.llm_first_token_ms),
        first_sentence=_rounded(timings.first_sentence_ms),
        llm=_rounded(timings.llm_ms),
        tts_first_byte=_rounded(timings.tts_first_byte_ms),
        playout=_rounded(playout),
        speculated=_rounded(speculated) if speculated else None,
        total=round(total, 3),
    )


def split(latency: StageLatencies) -> dict[str, float]:
    """The stages that ran, `other` (what nobody measured) and the total, in ms."""
    found = {name: value for name, value in latency.model_dump().items() if value is not None}
    total = found.pop("total")
    return {**found, "other": round(max(0.0, total - latency.way_ms), 3), "total": total}


def _between(earlier: float | None, later: float | None) -> float | None:
    if earlier is None or later is None:
        return None
    return max(0.0, (later - earlier) * 1000)


def _rounded(value_ms: float | None) -> float | None:
    return None if value_ms is None else round(value_ms, 3)
