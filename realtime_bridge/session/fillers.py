"""A word while the caller waits: never over the answer, and cut short by it."""

from __future__ import annotations

import asyncio

from realtime_bridge.session.announcer import FILLER, Announcer
from realtime_bridge.session.live import Live
from realtime_bridge.session.mouth import Speech


def is_filler(speech: Speech) -> bool:
    return speech.reply_id.startswith(FILLER)


class Fillers:
    def __init__(self, live: Live, announcer: Announcer) -> None:
        self._live = live
        self._announcer = announcer
        self._saying: asyncio.Task[None] | None = None

    def fill(self, after_ms: int) -> None:
        """Say that it takes a moment, unless something is heard by then. One at a time; 0: never."""
        if not after_ms:
            return
        if self._saying is None or self._saying.done():
            self._saying = self._live.scope.start("filler", self._fill(after_ms / 1000))

    async def give_way(self) -> None:
        """The answer is here: returns when nothing of a filler is heard any more."""
        if self._saying is not None:
            self._saying.cancel()
            self._saying = None
        mouth = self._live.mouth
        if any(is_filler(one) for one in mouth.speeches):
            mouth.stop(only=is_filler)
        await mouth.settled()

    async def _fill(self, after_s: float) -> None:
        live = self._live
        await live.parts.clock.sleep(after_s)
        if live.mouth.sounding or not live.phases.talking:
            return
        live.parts.figures.fillers.inc()
        await self._announcer.fill()
