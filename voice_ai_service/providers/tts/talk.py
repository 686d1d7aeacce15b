"""What the driver of live voices and the adapters of their vendors agree on.

A talk is a pure protocol: texts go in, messages come out; a vendor's messages go in, samples come out. It knows no
sockets and no clock, and one object of it serves one stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from voice_ai_service.errors import ProviderError
from voice_ai_service.providers.entry import StageTimeouts
from voice_ai_service.providers.tts.seam import TtsCapabilities, TtsOptions, Voice
from voice_ai_service.providers.wire.line import Address


class SpeechTalk(Protocol):
    """
    Attributes:
        done: The last sample came.
    """

    done: bool

    def opening(self) -> Sequence[str]: ...

    def text(self, piece: str) -> Sequence[str]:
        """A whole sentence or clause, without space around it."""
        ...

    def finish(self) -> Sequence[str]:
        """No more text comes."""
        ...

    def cancel(self) -> Sequence[str]:
        """Nobody listens any more; what ends with the connection needs no message."""
        ...

    def receive(self, message: str | bytes) -> bytes:
        """Mono L16 in any pieces; empty for what is no sound. Raises ProviderError."""
        ...

    def closed(self, code: int, reason: str) -> ProviderError:
        """What the end of the connection before `done` means."""
        ...


@dataclass(frozen=True, slots=True)
class SpeechCall:
    """Where one stream goes, what is said there, and the rate of what comes back."""

    address: Address
    talk: SpeechTalk
    rate_hz: int


class SpeechVendor(Protocol):
    """One row's vendor."""

    @property
    def name(self) -> str: ...

    @property
    def timeouts(self) -> StageTimeouts: ...

    @property
    def capabilities(self) -> TtsCapabilities: ...

    def call(self, options: TtsOptions) -> SpeechCall:
        """Raises ProviderRefused for what the vendor cannot do."""
        ...

    def voices(self) -> tuple[Voice, ...]: ...
