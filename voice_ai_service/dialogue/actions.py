"""What the PBX does after a reply was heard."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from voice_ai_service.calls.destinations import Destination


class HangupReason(StrEnum):
    COMPLETED = "completed"
    CALLER_SILENT = "caller_silent"
    NOT_UNDERSTOOD = "not_understood"
    MAX_TURNS = "max_turns"
    MAX_DURATION = "max_duration"
    CLOSED = "closed"
    BUSY = "busy"
    PROVIDERS_DOWN = "providers_down"
    MESSAGE_TAKEN = "message_taken"
    BUDGET = "budget"


@dataclass(frozen=True, slots=True)
class Continue:
    """Listen again."""


@dataclass(frozen=True, slots=True)
class Transfer:
    destination: Destination
    reason: str
    """Bounded vocabulary: caller_asked, rule, dtmf, fallback, closed, tool."""
    subject: str = ""
    """What the caller wants, one short clause for whoever answers; personal data."""


class TransferFailure(StrEnum):
    """Why the caller is back."""

    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REFUSED = "refused"
    """Somebody is there and does not take it."""
    IMPOSSIBLE = "impossible"
    """Nobody could be rung: not registered, do-not-disturb, a fault of the PBX."""


@dataclass(frozen=True, slots=True)
class HangUp:
    reason: HangupReason


@dataclass(frozen=True, slots=True)
class RecordMessage:
    """Listen for a message up to `max_s` seconds; the next utterance is stored, not answered."""

    max_s: int = 60


Action = Continue | Transfer | HangUp | RecordMessage
