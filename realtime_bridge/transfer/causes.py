"""FreeSWITCH's hangup causes of a leg that was rung, as results. Pure."""

from __future__ import annotations

from typing import Final

from realtime_bridge.transfer.outcome import TransferResult

_RESULTS: Final = {
    "USER_BUSY": TransferResult.BUSY,
    "NO_ANSWER": TransferResult.NO_ANSWER,
    "ALLOTTED_TIMEOUT": TransferResult.NO_ANSWER,
    "PROGRESS_TIMEOUT": TransferResult.NO_ANSWER,
    "ORIGINATOR_CANCEL": TransferResult.NO_ANSWER,
    "RECOVERY_ON_TIMER_EXPIRE": TransferResult.NO_ANSWER,
    "CALL_REJECTED": TransferResult.REFUSED,
    "USER_NOT_REGISTERED": TransferResult.UNREACHABLE,
    "SUBSCRIBER_ABSENT": TransferResult.UNREACHABLE,
    "UNALLOCATED_NUMBER": TransferResult.UNREACHABLE,
    "NO_ROUTE_DESTINATION": TransferResult.UNREACHABLE,
    "DESTINATION_OUT_OF_ORDER": TransferResult.UNREACHABLE,
    "NUMBER_CHANGED": TransferResult.UNREACHABLE,
    # What FreeSWITCH makes of a 480: the phone is off, or its owner does not want to be disturbed.
    "NO_USER_RESPONSE": TransferResult.UNREACHABLE,
    "NORMAL_TEMPORARY_FAILURE": TransferResult.UNREACHABLE,
}


def result_of(cause: str) -> TransferResult:
    """What the end of a leg that nobody answered means; FAILED for a cause that tells nothing of the destination."""
    return _RESULTS.get(cause, TransferResult.FAILED)
