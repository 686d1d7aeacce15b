"""The brains of one call, in the order in which they take over from each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final

from realtime_bridge.providers.seam import Brain, BrainCapabilities, BrainEvent
from realtime_bridge.session.live import Live
from realtime_bridge.session.parts import MakeBrain
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
    """

    def __init__(self, live: Live, makers: Sequence[MakeBrain]) -> None:
        self._live = live
        self._makers = list(makers)
        self.now: Brain = NoBrain()

    async def next(self) -> bool:
        """Open the next brain that can be opened in time. False: none is left."""
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
        """The present one is done with. Never raises."""
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
