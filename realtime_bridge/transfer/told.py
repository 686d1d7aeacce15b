"""A client without a PBX (the test phone, an integrator) is told where to go, and does it or not by itself."""

from __future__ import annotations

from realtime_bridge.transfer.outcome import LegState, TransferOutcome, TransferResult
from realtime_bridge.transfer.seam import TransferRequest


def told(request: TransferRequest) -> TransferOutcome:
    """By name: a client never learns the number."""
    if request.tell is None:
        raise ValueError("this caller has a PBX")
    request.tell({"type": "transfer", "name": request.destination.name})
    return TransferOutcome(
        TransferResult.CONNECTED, request.destination, caller=LegState.CONNECTED, attendant=LegState.UNKNOWN
    )
