"""What came of a transfer, for both legs: never a guess, and never nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from voice_ai_service.calls.destinations import Destination
from voice_ai_service.dialogue.actions import TransferFailure


class TransferResult(StrEnum):
    CONNECTED = "connected"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REFUSED = "refused"
    """The phone was declined, or who answered said no."""
    NOT_ACCEPTED = "not_accepted"
    """Somebody, or a machine, answered, and no explicit yes came (lesson 41)."""
    UNREACHABLE = "unreachable"
    """Not registered, in do-not-disturb, no such number, or not in the tenant's list: nobody was disturbed."""
    ATTENDANT_GONE = "attendant_gone"
    """Answered, and hung up before the legs were connected."""
    CALLER_GONE = "caller_gone"
    FAILED = "failed"
    """The PBX refused or could not."""
    LOST = "lost"
    """The PBX cannot be reached: what can be done about the legs is done once it is back."""


class LegState(StrEnum):
    """Where a leg is when a transfer is over."""

    CONNECTED = "connected"
    """With the other party; the PBX ends both when one hangs up."""
    WITH_SECRETARY = "with_secretary"
    """Where it was before: parked with its stream, no music."""
    NONE = "none"
    """It never came to be."""
    GONE = "gone"
    UNKNOWN = "unknown"
    """The PBX cannot be asked now. The sweeper ends the attendant's leg and stops the caller's music later."""


@dataclass(frozen=True, slots=True)
class TransferOutcome:
    """
    Attributes:
        caller, attendant: The end of both legs.
        attendant_uuid: The leg that was rung; None when none was.
        rang_ms: From the order to ring to the answer, or to the end without one.
        cause: FreeSWITCH's hangup cause of the attendant's leg, where there was one.
        detail: Our own word on it (an error's code), for the log.
    """

    result: TransferResult
    destination: Destination
    caller: LegState
    attendant: LegState
    attendant_uuid: UUID | None = None
    rang_ms: int = 0
    cause: str = ""
    detail: str = ""

    @property
    def connected(self) -> bool:
        return self.result is TransferResult.CONNECTED

    @property
    def failure(self) -> TransferFailure:
        """Why the caller is back, as `dialogue.transfer_failed` tells it; of no meaning when connected."""
        return _FAILURES.get(self.result, TransferFailure.IMPOSSIBLE)

    @property
    def caller_is_back(self) -> bool:
        """Whether the conversation goes on: say `dialogue.transfer_failed`, with `failure`."""
        return self.caller in (LegState.WITH_SECRETARY, LegState.UNKNOWN)


_FAILURES: Final = {
    TransferResult.BUSY: TransferFailure.BUSY,
    TransferResult.NO_ANSWER: TransferFailure.NO_ANSWER,
    TransferResult.NOT_ACCEPTED: TransferFailure.NO_ANSWER,
    TransferResult.REFUSED: TransferFailure.REFUSED,
    TransferResult.ATTENDANT_GONE: TransferFailure.REFUSED,
}
