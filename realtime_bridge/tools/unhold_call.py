"""Back from hold, for a brain that put the caller there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from realtime_bridge.tools.hold_call import UNHOLD, Hold
from voice_ai_service.dialogue.toolbox import IfInterrupted, spec
from voice_ai_service.dialogue.turn import ToolResult, TurnContext
from voice_ai_service.providers.llm.seam import ToolSpec


class UnholdCall:
    name = UNHOLD
    deadline_s = 2.0
    if_interrupted = IfInterrupted.FINISH

    def __init__(self, hold: Hold) -> None:
        self._hold = hold

    def spec(self, turn: TurnContext) -> ToolSpec | None:
        return spec(UNHOLD, "Take the caller off hold.", {})

    def precondition(self, turn: TurnContext, arguments: Mapping[str, Any]) -> str | None:
        return None if self._hold.on else "The caller is not on hold."

    async def exec(self, turn: TurnContext, arguments: Mapping[str, Any]) -> ToolResult:
        await self._hold.end()
        return ToolResult("The caller is back and hears you.")

    async def kill(self) -> None:
        """Nothing is left running."""
