"""A vendor's live recogniser on loopback: what all have in common, and how each of them can misbehave."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.websocket_vendor import VENDOR_WORDS, FakeVendor, Talk, Wire

PARTIAL_AFTER_BYTES = 3200


@dataclass
class Manners:
    """
    Attributes:
        partials: What it thinks to hear before the end, in turn.
        segments: What it settles on after the end, in turn.
        stalls: It says the partials and then nothing any more.
        cuts: After the partials, or after the end, the socket is gone: `middle`, `end`.
        nonsense: Comes instead of the segments.
        closes: A close frame instead of the segments.
    """

    partials: Sequence[str] = ("quero", "quero pagar")
    segments: Sequence[str] = ("Quero pagar", "minha conta.")
    stalls: bool = False
    cuts: str = ""
    nonsense: str | bytes | None = None
    closes: tuple[int, str] | None = None
    fails: bool = False
    wire: Wire = field(default_factory=Wire)


class FakeRecogniser(FakeVendor):
    """
    Attributes:
        heard: The caller, as L16.
        kept_alive: Messages that only say that the client is there.
    """

    def __init__(self, manners: Manners | None = None) -> None:
        self.manners = manners or Manners()
        super().__init__(wire=self.manners.wire)
        self.heard = bytearray()
        self.finishes = 0
        self.kept_alive = 0
        self._spoke = False

    async def audio(self, talk: Talk, samples: bytes) -> None:
        self.heard += samples
        if len(self.heard) < PARTIAL_AFTER_BYTES or self._spoke:
            return
        self._spoke = True
        for text in self.manners.partials:
            await self.partial(talk, text)
        if self.manners.cuts == "middle":
            talk.cut()

    async def end(self, talk: Talk) -> None:
        """The client said that no more audio comes."""
        self.finishes += 1
        manners = self.manners
        if manners.stalls:
            return
        if manners.cuts:
            talk.cut()
        elif manners.closes is not None:
            await talk.close(*manners.closes)
        elif manners.nonsense is not None:
            await talk.raw(manners.nonsense)
        elif manners.fails:
            await self.failure(talk)
        else:
            for number, text in enumerate(manners.segments):
                await self.segment(talk, text, last=number == len(manners.segments) - 1)
            await self.goodbye(talk)

    async def _hear(self, talk: Talk, message: str | bytes) -> None:
        if self.wire.mute:
            return
        if isinstance(message, bytes):
            await self.binary(talk, message)
        else:
            await self.text(talk, message)

    async def text(self, talk: Talk, message: str) -> None:
        parsed = json.loads(message)
        talk.received.append(parsed)
        await self.hear(talk, parsed)

    # For subclasses.

    async def binary(self, talk: Talk, message: bytes) -> None:
        await self.audio(talk, message)

    async def hear(self, talk: Talk, message: dict[str, Any]) -> None:
        raise NotImplementedError

    async def partial(self, talk: Talk, text: str) -> None:
        raise NotImplementedError

    async def segment(self, talk: Talk, text: str, *, last: bool) -> None:
        raise NotImplementedError

    async def goodbye(self, talk: Talk) -> None:
        """What follows the last segment."""

    async def failure(self, talk: Talk) -> None:
        """The vendor's own way to say, in the middle, that it failed; with `VENDOR_WORDS`."""
        raise NotImplementedError


def timed(text: str, key: str = "word", start_s: float = 0.0) -> list[dict[str, Any]]:
    """Words of a quarter of a second each, in seconds."""
    return [
        {key: one, "start": start_s + 0.25 * at, "end": start_s + 0.25 * at + 0.2}
        for at, one in enumerate(text.split())
    ]


__all__ = ["PARTIAL_AFTER_BYTES", "VENDOR_WORDS", "FakeRecogniser", "Manners", "timed"]
