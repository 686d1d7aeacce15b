"""One audio path to one party: what comes from it, what goes to it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from voice_ai_service.audio.formats import PTIME_MS


@dataclass(frozen=True, slots=True)
class LegFormat:
    """Mono L16, little-endian, in frames of 20 ms, both ways."""

    sample_rate_hz: int = 8000

    @property
    def frame_bytes(self) -> int:
        return 2 * self.sample_rate_hz * PTIME_MS // 1000

    @property
    def bytes_per_ms(self) -> int:
        return 2 * self.sample_rate_hz // 1000

    @property
    def silence(self) -> bytes:
        """One frame of it."""
        return bytes(self.frame_bytes)


class LegEnd(StrEnum):
    """Why a leg's audio ended."""

    CLOSED = "closed"
    """The other side said so: normal at hang-up."""
    LOST = "lost"
    """Cut without a word, or silent for too long."""
    REFUSED = "refused"
    """It sent what the wire does not allow; counted under its own name in the metrics."""
    OURS = "ours"
    """We closed it."""


class LegListener(Protocol):
    """Who hears a leg. Called on the event loop; never blocks, never raises."""

    def on_audio(self, frame: bytes) -> None:
        """20 ms from the party, in order."""
        ...

    def on_digits(self, digits: str) -> None:
        """Keys that came with the audio path (the test phone); a PBX's keys come over ESL."""
        ...

    def on_end(self, end: LegEnd) -> None:
        """Once; nothing follows."""
        ...


class WayBack(Protocol):
    """Carries paced frames to one party's ear. One implementation a way; see docs/realtime.md.

    Attributes:
        lead_ms: How far ahead of real time it must be fed, so that the party hears no gap.
        latency_ms: From `send` to the party's ear, besides the lead; what was heard is computed with it.
    """

    @property
    def lead_ms(self) -> int: ...

    @property
    def latency_ms(self) -> int: ...

    async def open(self) -> None:
        """Raises Unavailable when this way does not work on this installation."""
        ...

    def send(self, frame: bytes) -> None:
        """One frame; never blocks. A party that does not take them loses the oldest, counted."""
        ...

    def flush(self) -> None:
        """What was sent makes a whole that may be heard now: the end of a reply. For ways that collect frames."""
        ...

    async def clear(self) -> None:
        """What was sent and was not heard yet is not heard any more. Returns when that is so."""
        ...

    async def close(self) -> None: ...


class Leg(Protocol):
    """An accepted audio path. Whoever accepted it (the ingress) made it; the session closes it."""

    @property
    def leg_uuid(self) -> UUID:
        """The channel's uuid on the PBX."""
        ...

    @property
    def format(self) -> LegFormat: ...

    def listen(self, listener: LegListener) -> None:
        """From now on; what came before is delivered first (at most 2 s, the oldest is dropped and counted)."""
        ...

    def tell(self, message: dict[str, object]) -> None:
        """A JSON text frame on the same socket: transcripts and latencies for the test phone, `alive` and
        `call` control for clients without ESL. Dropped and counted when the socket does not take it."""
        ...

    async def close(self) -> None:
        """Ends the socket; again does nothing. `on_end(OURS)` follows."""
        ...
