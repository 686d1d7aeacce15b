"""What the driver of live recognition and the adapters of its vendors agree on.

A talk is a pure protocol: a vendor's messages go in, events of one segment each come out. It knows no sockets and no
clock, and one object of it serves one connection, which serves one utterance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from voice_ai_service.audio.formats import PcmAudio
from voice_ai_service.errors import ProviderError
from voice_ai_service.providers.entry import StageTimeouts
from voice_ai_service.providers.stt.seam import (
    SttCapabilities,
    SttEvent,
    SttOptions,
    Transcript,
)
from voice_ai_service.providers.wire.line import Address

Message = str | bytes


class Talk:
    """One connection's conversation with a vendor. What is written here is that of a vendor with no needs.

    Attributes:
        chunk_ms: Audio is sent in pieces of this length; what is left at the end is filled up with silence where
            the vendor takes no shorter ones (`whole_chunks`).
        keepalive_s: After so long without audio the vendor wants to hear `keepalive`; None: never.
        ready: Audio may be sent.
        done: The last word came.
    """

    chunk_ms: ClassVar[int] = 20
    whole_chunks: ClassVar[bool] = False
    keepalive_s: ClassVar[float | None] = None

    def __init__(self) -> None:
        self.ready = True
        self.done = False
        self.finished = False

    def opening(self) -> Sequence[Message]:
        return ()

    def audio(self, samples: bytes) -> Sequence[Message]:
        """L16 at the rate that the talk was made for."""
        return (samples,)

    def keepalive(self) -> Sequence[Message]:
        return ()

    def finish(self) -> Sequence[Message]:
        """No more audio comes; `finished` is set."""
        raise NotImplementedError

    def receive(self, message: Message) -> Sequence[SttEvent]:
        """Events of segments: partial ones may change, a final one is settled.

        Raises:
            ProviderError: The vendor failed, refused, or said what its contract does not allow.
        """
        raise NotImplementedError

    def rest(self) -> Sequence[SttEvent]:
        """What the vendor had said and not settled when it ended the conversation properly."""
        return ()

    def closed(self, code: int, reason: str) -> ProviderError | None:
        """What the end of the connection means; None: nothing by itself."""
        return None


@dataclass(frozen=True, slots=True)
class Call:
    """Where to connect for one utterance, and what to say there."""

    address: Address
    talk: Talk


class LiveVendor(Protocol):
    """One vendor as one provider row has it; shared by all calls."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> SttCapabilities: ...

    @property
    def timeouts(self) -> StageTimeouts: ...

    async def call(self, sample_rate_hz: int, options: SttOptions) -> Call:
        """`sample_rate_hz` is one of the capabilities'. Raises ProviderError."""
        ...

    async def transcribe(self, audio: PcmAudio, options: SttOptions) -> Transcript | None:
        """A whole utterance at once; None where the vendor has no such request. Raises ProviderError."""
        ...

    async def warm(self) -> None:
        """Connects ahead where a connection can be kept. Raises ProviderError."""
        ...

    async def aclose(self) -> None: ...
