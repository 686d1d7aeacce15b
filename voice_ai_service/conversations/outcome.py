"""What came of a call, decided from how it ended. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from voice_ai_service.dialogue.actions import HangupReason
from voice_ai_service.dialogue.call_state import CallState


class Resolution(StrEnum):
    TRANSFERRED = "transferred"
    COMPLETED = "completed"
    ABANDONED = "abandoned"
    MESSAGE = "message"
    FAILED = "failed"
    CLOSED = "closed"
    BUSY = "busy"


class EndedBy(StrEnum):
    """Why a call is over, in the words of docs/turn-protocol.md; the last three are the service's own."""

    CALLER_HANGUP = "caller_hangup"
    SECRETARY_HANGUP = "secretary_hangup"
    TRANSFERRED = "transferred"
    FALLBACK = "fallback"
    ERROR = "error"
    CLOSED = "closed"
    BUSY = "busy"
    ABANDONED = "abandoned"
    """Nobody was heard of for too long: the PBX died, or forgot to say that the call ended."""


@dataclass(frozen=True, slots=True)
class Ending:
    """The facts of a call's end.

    Attributes:
        ended_at: Timezone-aware.
        hangup_cause: FreeSWITCH's, such as NORMAL_CLEARING.
        duration_ms: As the PBX measured it; None: from the state's clock.
        recording_ref: The call's recording, if one was kept.
    """

    by: EndedBy
    ended_at: datetime
    hangup_cause: str | None = None
    duration_ms: int | None = None
    recording_ref: str | None = None


def ending_as_json(ending: Ending) -> dict[str, Any]:
    """What the PBX said of it; a recording is not the PBX's to say."""
    return {
        "by": ending.by.value,
        "ended_at": ending.ended_at.isoformat(),
        "hangup_cause": ending.hangup_cause,
        "duration_ms": ending.duration_ms,
    }


def ending_from_json(value: Mapping[str, Any]) -> Ending:
    return Ending(
        by=EndedBy(value["by"]),
        ended_at=datetime.fromisoformat(value["ended_at"]),
        hangup_cause=value["hangup_cause"],
        duration_ms=value["duration_ms"],
    )


_BY_HANGUP_REASON: Final = {
    HangupReason.COMPLETED: Resolution.COMPLETED,
    HangupReason.MESSAGE_TAKEN: Resolution.MESSAGE,
    HangupReason.CLOSED: Resolution.CLOSED,
    HangupReason.BUSY: Resolution.BUSY,
    HangupReason.CALLER_SILENT: Resolution.ABANDONED,
    HangupReason.NOT_UNDERSTOOD: Resolution.FAILED,
    HangupReason.MAX_TURNS: Resolution.FAILED,
    HangupReason.MAX_DURATION: Resolution.FAILED,
    HangupReason.PROVIDERS_DOWN: Resolution.FAILED,
    HangupReason.BUDGET: Resolution.FAILED,
}


def resolution_of(state: CallState, ending: Ending) -> Resolution:
    """One word for what came of the call.

    A message that was left counts before everything but a transfer. A caller who hangs up after hearing an
    answer got what they called for (`completed`); one who hangs up before that, or while being transferred,
    did not (`abandoned`).
    """
    if ending.by is EndedBy.TRANSFERRED or (ending.by is EndedBy.FALLBACK and state.transferred_to):
        return Resolution.TRANSFERRED
    if state.message_text or state.message_audio_ref:
        return Resolution.MESSAGE
    match ending.by:
        case EndedBy.CLOSED:
            return Resolution.CLOSED
        case EndedBy.BUSY:
            return Resolution.BUSY
        case EndedBy.FALLBACK | EndedBy.ERROR:
            return Resolution.FAILED
        case EndedBy.ABANDONED:
            return Resolution.ABANDONED
        case EndedBy.SECRETARY_HANGUP:
            return _secretary_ended(state)
        case _:
            return _caller_ended(state)


def end_reason_of(state: CallState, ending: Ending) -> str:
    """The finest reason known: the secretary's own where it decided to end, else who ended the call."""
    if ending.by is EndedBy.SECRETARY_HANGUP and state.ending:
        return state.ending
    return ending.by.value


def _secretary_ended(state: CallState) -> Resolution:
    if state.ending in _BY_HANGUP_REASON:
        return _BY_HANGUP_REASON[HangupReason(state.ending)]
    return Resolution.COMPLETED


def _caller_ended(state: CallState) -> Resolution:
    # Hung up during a farewell: the secretary had come to its end already.
    if state.ending in _BY_HANGUP_REASON:
        return _secretary_ended(state)
    last = next((turn for turn in reversed(state.turns) if turn.heard or turn.digits), None)
    if last is None or not last.said or last.played_ms == 0 or last.action == "transfer":
        return Resolution.ABANDONED
    return Resolution.COMPLETED
