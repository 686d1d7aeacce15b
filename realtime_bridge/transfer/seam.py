"""What the session asks for when a caller is to be put through, and who talks with the attendant."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from realtime_bridge.transfer.outcome import TransferOutcome
from voice_ai_service.calls.call_plan import CallPlan
from voice_ai_service.calls.destinations import Destination
from voice_ai_service.calls.secretary import TransferStyle as TransferStyle
from voice_ai_service.tenancy.tenant import Tenant


@dataclass(frozen=True, slots=True)
class TransferRequest:
    """
    Attributes:
        caller_uuid: The caller's channel: answered, parked, with its stream.
        destination: Must be one of `plan.destinations`; checked again before anything is rung.
        style: The secretary's `transfers.style`; voicemail and queues are always blind.
        domain_name: The tenant's on the PBX.
        language: The briefing's.
        caller_number, caller_name: Told and shown to who is rung; empty where the caller withheld them.
        subject: What the caller wants, one short clause in `language`; may be empty.
        ring_s: How long it rings; the secretary's `transfers.ring_s`.
        tell: Set for a client without a PBX: it is told the destination's name and does the rest by itself.
    """

    caller_uuid: UUID
    destination: Destination
    plan: CallPlan
    tenant: Tenant
    domain_name: str
    language: str
    style: TransferStyle = TransferStyle.BLIND
    caller_number: str = ""
    caller_name: str = ""
    subject: str = ""
    ring_s: int = 25
    tell: Callable[[dict[str, object]], None] | None = field(default=None, compare=False)


class Transfers(Protocol):
    """`runner.TransferRunner`, as the session sees it."""

    async def run(self, request: TransferRequest) -> TransferOutcome:
        """Try to put the caller through; always answers, whatever the PBX does.

        Meanwhile the session plays nothing and gives the brain nothing of the caller (`Brain.hold`): the caller
        hears the PBX's music. The caller's stream may end (`on_end`) at any moment of it and that is no end of
        the call. Connected: the stream was stopped and both legs are the PBX's. Otherwise the music was stopped
        and the caller is back within two seconds.

        Cancelling it (the caller hung up, the call's scope ends) ends the attendant's leg, unless both are
        connected already.
        """
        ...


@dataclass(frozen=True, slots=True)
class AttendantSaid:
    """One utterance of who was rung, final; empty text for speech that nobody understood."""

    text: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class AttendantPressed:
    digit: str


class AttendantLine(Protocol):
    """A conversation with who was rung, on the leg's own stream."""

    async def say(self, text: str, language: str) -> None:
        """Returns when it was heard to the end. Cancelling it silences it. Raises ProviderError, Unavailable."""
        ...

    def heard(self) -> AsyncIterator[AttendantSaid | AttendantPressed]:
        """What comes from now on, in order; ends when the leg's audio ends. Read by one task."""
        ...


class AttendantAudio(Protocol):
    """Opens lines to attendants: streams the leg to the bridge with a one-use ticket of this process."""

    def line(
        self, channel_uuid: UUID, *, plan: CallPlan, tenant: Tenant, language: str
    ) -> AbstractAsyncContextManager[AttendantLine]:
        """Entering starts the leg's stream and waits for it; leaving stops it. Raises Unavailable, NotFound."""
        ...
