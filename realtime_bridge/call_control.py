"""What the bridge may ask of the PBX, whoever carries it out: ESL, or the socket of a client without a PBX."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from voice_ai_service.calls.destinations import Destination


class HangupCause(StrEnum):
    """FreeSWITCH's names (Q.850), those that we use or tell apart; see also `ChannelEvent.cause`."""

    NORMAL_CLEARING = "NORMAL_CLEARING"
    USER_BUSY = "USER_BUSY"
    NO_ANSWER = "NO_ANSWER"
    NORMAL_TEMPORARY_FAILURE = "NORMAL_TEMPORARY_FAILURE"


class ChannelEventKind(StrEnum):
    RINGING = "ringing"
    ANSWERED = "answered"
    BRIDGED = "bridged"
    UNBRIDGED = "unbridged"
    DIGIT = "digit"
    PLAYBACK_STARTED = "playback_started"
    PLAYBACK_STOPPED = "playback_stopped"
    HUNG_UP = "hung_up"
    STREAM = "stream"
    """One of mod_audio_stream's; `name` says which (`play`, `connect`, `error`, ...)."""
    LOST = "lost"
    """The connection to the PBX was lost and is back, and this channel is not there any more."""


@dataclass(frozen=True, slots=True)
class ChannelEvent:
    """
    Attributes:
        digit: One of 0-9 * #, with `DIGIT`.
        cause: FreeSWITCH's hangup cause, with `HUNG_UP`; letters, digits and underscores only.
        name, body: With `STREAM`.
        file: With the playback events.
        at: Monotonic seconds when it was read.
    """

    kind: ChannelEventKind
    channel_uuid: UUID
    digit: str = ""
    cause: str = ""
    other_uuid: UUID | None = None
    name: str = ""
    body: str = ""
    file: str = ""
    at: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)


class CallControl(Protocol):
    """Typed verbs. Arguments that came from speech, digits or a model are validated before they reach a command.

    All raise `Unavailable` when the PBX cannot be reached within the command's time, `NotFound` when the channel
    is gone, and `InvalidInput` for arguments outside the grammar.
    """

    @property
    def connected(self) -> bool: ...

    def events(self, channel_uuid: UUID) -> AbstractAsyncContextManager[AsyncIterator[ChannelEvent]]:
        """This channel's events from now on, in order. 256 wait; beyond it the oldest but digits go, counted."""
        ...

    async def exists(self, channel_uuid: UUID) -> bool: ...

    async def hang_up(self, channel_uuid: UUID, cause: HangupCause = HangupCause.NORMAL_CLEARING) -> None:
        """A channel that is gone already is no error."""
        ...

    async def ring(self, request: RingRequest) -> None:
        """Originate a leg that is parked when answered. Returns when the PBX took the order; events tell the rest."""
        ...

    async def bridge(self, one: UUID, other: UUID) -> None:
        """Connect two answered legs; when one hangs up the other does too."""
        ...

    async def available(self, destination: Destination, domain_name: str) -> bool | None:
        """Whether it could be rung now (registered, not in do-not-disturb); None where nobody can tell."""
        ...

    async def start_music(self, channel_uuid: UUID) -> None: ...

    async def stop_music(self, channel_uuid: UUID) -> None: ...

    async def start_stream(self, channel_uuid: UUID, url: str, sample_rate_hz: int) -> None: ...

    async def stop_stream(self, channel_uuid: UUID) -> None: ...

    async def set_variable(self, channel_uuid: UUID, name: str, value: str) -> None: ...


@dataclass(frozen=True, slots=True)
class RingRequest:
    """
    Attributes:
        channel_uuid: What the new leg is to be called.
        domain_name: The tenant's, whose dial plan and users count.
        caller_name, caller_number: Shown to who is rung; filtered to what SIP and the grammar allow.
        for_channel: The caller's leg: the new one belongs to it (bills, records).
    """

    channel_uuid: UUID
    destination: Destination
    domain_name: str
    for_channel: UUID
    caller_number: str = ""
    caller_name: str = ""
    ring_s: int = 25


@dataclass(frozen=True, slots=True)
class UnicastPath:
    """One UDP path for a channel's audio, IPv4.

    Attributes:
        pbx_host, pbx_port: Where FreeSWITCH binds; one port a call.
        our_host, our_port: Where FreeSWITCH sends the caller's audio to, and takes ours from.
    """

    pbx_host: str
    pbx_port: int
    our_host: str
    our_port: int
