"""A brain that does what a test tells it, and remembers what it was told: the shape of a vendor's adapter."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from realtime_bridge.providers.seam import (
    BrainCapabilities,
    BrainEvent,
    BrainFailed,
    CallerBegan,
    CallerEnded,
    CallerSaid,
    ReplyAudio,
    ReplyBegan,
    ReplyFinished,
    ReplySaid,
)
from realtime_bridge.session.view import CallView
from voice_ai_service.errors import ProviderError
from voice_ai_service.providers.stt.seam import Transcript


class ToldBrain:
    """
    Attributes:
        told_of: Every call of a verb but `hear`, in order, with its arguments.
        frames: How many frames it heard.
    """

    def __init__(
        self,
        view: CallView | None = None,
        *,
        name: str = "vendor",
        owns_turns: bool = True,
        fails_to_open: ProviderError | None = None,
        opens_after_s: float = 0.0,
    ) -> None:
        self.view = view
        self.name = name
        self.capabilities = BrainCapabilities(owns_turns=owns_turns)
        self._fails_to_open = fails_to_open
        self._opens_after_s = opens_after_s
        self._events: asyncio.Queue[BrainEvent | None] = asyncio.Queue()
        self.told_of: list[tuple[Any, ...]] = []
        self.frames = 0
        self.heard_audio = bytearray()
        self.opened = self.closed = False

    # What a test makes it do.

    def does(self, *events: BrainEvent) -> None:
        for event in events:
            self._events.put_nowait(event)

    def says(self, reply_id: str, text: str, ms: int = 1000, **done: Any) -> None:
        """A whole reply, faster than it is heard."""
        self.does(
            ReplyBegan(reply_id),
            ReplySaid(reply_id, text, "pt-BR", 0),
            ReplyAudio(reply_id, bytes([3, 0]) * (8 * ms)),
            ReplyFinished(reply_id, **done),
        )

    def hears(self, text: str, *, final: bool = True) -> None:
        self.does(CallerSaid(Transcript(text, "pt-BR"), final))

    def takes_turn(self, text: str) -> None:
        self.does(CallerBegan(), CallerEnded())
        self.hears(text)

    def fails(self, code: str = "provider_unavailable") -> None:
        self.does(BrainFailed(code, self.name))

    def of(self, verb: str) -> list[tuple[Any, ...]]:
        return [told[1:] for told in self.told_of if told[0] == verb]

    # Brain

    async def open(self) -> None:
        await asyncio.sleep(self._opens_after_s)
        if self._fails_to_open is not None:
            raise self._fails_to_open
        self.opened = True

    async def events(self) -> AsyncIterator[BrainEvent]:
        while (event := await self._events.get()) is not None:
            yield event

    async def close(self) -> None:
        self.closed = True
        self._events.put_nowait(None)

    def hear(self, frame: bytes) -> None:
        self.frames += 1
        self.heard_audio += frame

    def began(self, pre_roll: bytes) -> None:
        self.told_of.append(("began", pre_roll))

    def paused(self, silence_ms: int) -> None:
        self.told_of.append(("paused", silence_ms))

    def resumed(self) -> None:
        self.told_of.append(("resumed",))

    def ended(self, speech_ms: int) -> None:
        self.told_of.append(("ended", speech_ms))

    def abandoned(self) -> None:
        self.told_of.append(("abandoned",))

    def keys(self, digits: str) -> None:
        self.told_of.append(("keys", digits))

    def nobody_spoke(self) -> None:
        self.told_of.append(("nobody_spoke",))

    def interrupted(self, reply_id: str, heard_ms: int, heard_text: str) -> None:
        self.told_of.append(("interrupted", reply_id, heard_ms, heard_text))

    def heard(self, reply_id: str, heard_ms: int) -> None:
        self.told_of.append(("heard", reply_id, heard_ms))

    def told(self, text: str, language: str) -> None:
        self.told_of.append(("told", text, language))

    def prompt(self, instruction: str) -> None:
        self.told_of.append(("prompt", instruction))

    def tool_result(self, call_id: str, result: str, *, speak: bool = True) -> None:
        self.told_of.append(("tool_result", call_id, result, speak))

    def hold(self, on: bool) -> None:
        self.told_of.append(("hold", on))
