"""What is known of the two legs of a transfer while it is tried, from their events."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from realtime_bridge.call_control import CallControl, ChannelEvent, ChannelEventKind
from voice_ai_service.errors import VoiceAiError

MAX_DIGITS: Final = 32
LOOK_S: Final = 0.5
"""How often a wait looks whether the PBX can still be reached: what happens while it cannot is not told later."""


@dataclass(slots=True)
class Watched:
    """
    Attributes:
        seen: Any event at all: the channel exists, or did.
        lost: Nobody tells us of it any more: the PBX forgot it, or the connection is gone for good.
    """

    channel_uuid: UUID
    seen: bool = False
    answered: bool = False
    bridged: bool = False
    gone: bool = False
    lost: bool = False
    cause: str = ""
    digits: str = ""

    def take(self, event: ChannelEvent) -> None:
        self.seen = True
        match event.kind:
            case ChannelEventKind.ANSWERED:
                self.answered = True
            case ChannelEventKind.BRIDGED:
                self.bridged = True
            case ChannelEventKind.HUNG_UP:
                self.gone, self.cause = True, event.cause
            case ChannelEventKind.LOST:
                self.gone = self.lost = True
            case ChannelEventKind.DIGIT if len(self.digits) < MAX_DIGITS:
                self.digits += event.digit


class Legs:
    """Both legs, and a way to wait until something is known of them.

    Attributes:
        cut_off: The PBX was out of reach while something was waited for.
    """

    def __init__(self, caller_uuid: UUID, attendant_uuid: UUID, connected: Callable[[], bool]) -> None:
        self.caller = Watched(caller_uuid)
        self.attendant = Watched(attendant_uuid)
        self.cut_off = False
        self._connected = connected
        self._changed = asyncio.Event()

    def changed(self) -> None:
        """Something that `until` waits for may be so now."""
        self._changed.set()

    async def until(self, known: Callable[[], bool], timeout_s: float) -> bool:
        """Whether it came to be known in time. Returns early, with False, once either leg is gone or the PBX is
        out of reach (`cut_off`)."""
        loop = asyncio.get_running_loop()
        until = loop.time() + timeout_s
        while not known():
            self.cut_off = self.cut_off or not self._connected()
            left_s = until - loop.time()
            if self.cut_off or self.caller.gone or self.attendant.gone or left_s <= 0:
                return False
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left_s, LOOK_S)):
                    await self._changed.wait()
        return True


@asynccontextmanager
async def watching(control: CallControl, caller_uuid: UUID, attendant_uuid: UUID) -> AsyncIterator[Legs]:
    """Both legs' events from before the first order is given until the block is left. Raises Unavailable."""
    legs = Legs(caller_uuid, attendant_uuid, lambda: control.connected)
    async with AsyncExitStack() as stack:
        pumps = []
        for watched in (legs.caller, legs.attendant):
            events = await stack.enter_async_context(control.events(watched.channel_uuid))
            pumps.append(asyncio.create_task(_pump(events, watched, legs), name="transfer events"))
        try:
            yield legs
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)


async def _pump(events: AsyncIterator[ChannelEvent], watched: Watched, legs: Legs) -> None:
    try:
        async for event in events:
            watched.take(event)
            legs.changed()
    except VoiceAiError:  # said in `lost`: without events nothing can be known
        pass
    if not watched.gone:
        watched.gone = watched.lost = True
    legs.changed()
