"""Whether a destination may be rung at all: the tenant's own list, in the form that it was checked in. Pure."""

from __future__ import annotations

from realtime_bridge.transfer.seam import TransferRequest
from voice_ai_service.calls.destinations import DestinationKind
from voice_ai_service.calls.numbers import destination_number
from voice_ai_service.errors import InvalidInput

_NOBODY_SAYS_YES = frozenset((DestinationKind.VOICEMAIL, DestinationKind.QUEUE))


def refusal(request: TransferRequest) -> str | None:
    """Why nothing is rung; None: it may be.

    Rows may have been written by others than our API: what is dialled is checked again, here, at the last moment.
    """
    destination = request.destination
    if destination not in request.plan.destinations:
        return "not_listed"
    try:
        dialled = destination_number(destination.kind, destination.number, region="", field="number")
    except InvalidInput:
        return "not_dialable"
    return None if dialled == destination.number else "not_dialable"


def can_be_asked(request: TransferRequest) -> bool:
    """Whether a person answers there, who can say yes."""
    return request.destination.kind not in _NOBODY_SAYS_YES
