"""The brains of one call, in the order in which they take over from each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from realtime_bridge.providers.seam import Brain, BrainCapabilities, BrainEvent
from realtime_bridge.session.live import Live
from realtime_bridge.session.parts import CallVerbs, MakeBrain, Tools
from voice_ai_service.errors import VoiceAiError

_CLOSES_S: Final = 1.0


class NoBrain:
    """Between two brains, and after the last: nobody hears and nobody answers."""

    name = "none"
    capabilities = BrainCapabilities(owns_turns=False, speaks=False)

    async def open(self) -> None:
        return None

    async def events(self) -> AsyncIterator[BrainEvent]:
        return
        yield

    def hear(self, frame: bytes) -> None: ...
    def began(self, pre_roll: bytes) -> None: ...
    def paused(self, silence_ms: int) -> None: ...
    def resumed(self) -> None: ...
    def ended(self, speech_ms: int) -> None: ...
    def abandoned(self) -> None: ...
    def keys(self, digits: str) -> None: ...
    def nobody_spoke(self) -> None: ...
    def interrupted(self, reply_id: str, heard_ms: int, heard_text: str) -> None: ...
    def heard(self, reply_id: str, heard_ms: int) -> None: ...
    def told(self, text: str, language: str) -> None: ...
    def prompt(self, instruction: str) -> None: ...
    def tool_result(self, call_id: str, result: str, *, speak: bool = True) -> None: ...
    def hold(self, on: bool) -> None: ...

    async def close(self) -> None:
        return None


class BrainLine:
    """
    Attributes:
        now: The one that talks with the caller.
        tools: What the brains of this call may ask for; None before they are known.
    """

    def __init__(self, live: Live) -> None:
        self._live = live
        self._makers: list[MakeBrain] = []
        self._known = False
        self.now: Brain = NoBrain()
        self.tools: Tools | None = None
        self._opening = False

    async def find(self, verbs: CallVerbs) -> None:
        """Learn which brains there are. Where nobody can say there are none."""
        live = self._live
        try:
            makers, self.tools = await live.parts.brains.in_order(live, live.leg.format.sample_rate_hz, verbs)
            self._makers = list(makers)
        except VoiceAiError as error:
            live.log.error("no brain can be named", code=error.code)
        self._known = True

    @property
    def exhausted(self) -> bool:
        """Nobody talks with the caller, nobody is about to, and nobody is left to."""
        return self._known and not self._opening and isinstance(self.now, NoBrain) and not self._makers

    async def next(self) -> bool:
        """Open the next brain that can be opened in time. False: none is left."""
        self._opening = True
        try:
            return await self._next()
        finally:
            self._opening = False

    async def _next(self) -> bool:
        opens_s = self._live.parts.options.brain_opens_s
        while self._makers:
            brain = self._makers.pop(0)()
            try:
                async with asyncio.timeout(opens_s):
                    await brain.open()
            except (VoiceAiError, TimeoutError) as error:
                self.note_failure(brain.name, error.code if isinstance(error, VoiceAiError) else "timeout")
                await _close(brain)
            except asyncio.CancelledError:
                await _close(brain)
                raise
            else:
                self.now = brain
                return True
        return False

    async def drop(self) -> None:
        """The present one is done with."""
        brain, self.now = self.now, NoBrain()
        await _close(brain)

    def note_failure(self, name: str, code: str) -> None:
        self._live.parts.figures.brain_failures.labels(name, code).inc()
        self._live.log.warning("a brain failed", brain=name, code=code, left=len(self._makers))


async def _close(brain: Brain) -> None:
    try:
        async with asyncio.timeout(_CLOSES_S):
            await brain.close()
    except (VoiceAiError, TimeoutError):  # it is not needed any more, in whatever state it is
        return
