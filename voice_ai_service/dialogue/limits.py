"""When a call has gone on long enough. Pure."""

from __future__ import annotations

from datetime import datetime

from voice_ai_service.calls.secretary import CallLimits
from voice_ai_service.dialogue.actions import HangupReason
from voice_ai_service.dialogue.call_state import CallState


def reached(call: CallState, turn: int, limits: CallLimits, now: datetime) -> HangupReason | None:
    """The limit that this turn is over, or None.

    Args:
        turn: Number of this turn, from 1: with `max_turns` 20 the 20th is still answered, the 21st is not.
        now: Timezone-aware; the call's time runs from its answer.
    """
    if duration_s(call, now) >= limits.max_duration_s:
        return HangupReason.MAX_DURATION
    return HangupReason.MAX_TURNS if turn > limits.max_turns else None


def duration_s(call: CallState, now: datetime) -> float:
    """Seconds since the answer, or since the call came where nobody said that it was answered."""
    return (now - (call.answered_at or call.started_at)).total_seconds()


def silent_too_often(no_input: int, limits: CallLimits) -> bool:
    """Whether so many silences in a row are over: the caller was asked again `max_no_input` times."""
    return no_input > limits.max_no_input


def misunderstood_too_often(misunderstood: int, limits: CallLimits) -> bool:
    """Whether so many turns without a meaning in a row are enough."""
    return misunderstood >= limits.max_misunderstood
