"""The caller asked to wait, or has to: music, and nobody listens. It ends by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final, Protocol

from voice_ai_service.clock import Clock
from voice_ai_service.dialogue.toolbox import IfInterrupted, spec
from voice_ai_service.dialogue.turn import ToolResult, TurnContext
from voice_ai_service.providers.llm.seam import ToolSpec

HOLD: Final = "hold_call"
UNHOLD: Final = "unhold_call"
LONGEST_S: Final = 120.0
"""After it the caller is asked whether they are still there: nobody is forgotten with music."""


class CallVerbs(Protocol):
    """What a tool may do to the call itself."""

    def hold(self, on: bool) -> None:
        """On hold, once what is being said was heard, the caller hears music and the brain nothing. Again does
        nothing."""
        ...


class Hold:
    """One call's hold, as its two tools see it."""

    def __init__(self, verbs: CallVerbs, clock: Clock) -> None:
        self._verbs = verbs
        self._clock = clock
        self._limit: asyncio.Task[None] | None = None

    @property
    def on(self) -> bool:
        return self._limit is not None and not self._limit.done()

    def begin(self) -> None:
        """Again counts the time anew: a key may have brought the caller back without a word to us."""
        self._verbs.hold(True)
        if self._limit is not None:
            self._limit.cancel()
        self._limit = asyncio.create_task(self._end_in_time(), name="longest hold")

    async def end(self) -> None:
        """Again does nothing."""
        limit, self._limit = self._limit, None
        if limit is None:
            return
        if not limit.done():
            limit.cancel()
            self._verbs.hold(False)
        await asyncio.gather(limit, return_exceptions=True)

    async def _end_in_time(self) -> None:
        await self._clock.sleep(LONGEST_S)
        self._verbs.hold(False)


class HoldCall:
    name = HOLD
    deadline_s = 2.0
    if_interrupted = IfInterrupted.FINISH

    def __init__(self, hold: Hold) -> None:
        self._hold = hold

    def spec(self, turn: TurnContext) -> ToolSpec | None:
        return spec(
            HOLD,
            "Put the caller on hold with music. Only when the caller asked for a moment. Tell them first that any key "
            "brings them back.",
            {},
        )

    def precondition(self, turn: TurnContext, arguments: Mapping[str, Any]) -> str | None:
        return None

    async def exec(self, turn: TurnContext, arguments: Mapping[str, Any]) -> ToolResult:
        self._hold.begin()
        return ToolResult("On hold once your sentence was heard. Say nothing more until the caller is back.")

    async def kill(self) -> None:
        await self._hold.end()
