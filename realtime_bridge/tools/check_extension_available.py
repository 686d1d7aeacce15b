"""Whether somebody could be rung now, before the caller is promised anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from voice_ai_service.calls.destinations import Destination
from voice_ai_service.calls.transfer_rules import find_destination
from voice_ai_service.dialogue.toolbox import IfInterrupted, spec
from voice_ai_service.dialogue.tools import reachable
from voice_ai_service.dialogue.turn import ToolResult, TurnContext
from voice_ai_service.providers.llm.seam import ToolSpec

CHECK: Final = "check_extension_available"
_ANSWERS: Final = {
    True: "{name} can be rung now. Whether somebody answers is not known.",
    False: "{name} cannot be rung now: switched off, or not to be disturbed. Offer something else.",
    None: "It cannot be known whether {name} is there. Say so; ringing is possible.",
}


class Reachability(Protocol):
    """`CallControl`, as far as it is needed here."""

    async def available(self, destination: Destination, domain_name: str) -> bool | None:
        """Raises Unavailable, InvalidInput."""
        ...


class CheckExtensionAvailable:
    name = CHECK
    deadline_s = 2.0
    if_interrupted = IfInterrupted.CANCEL

    def __init__(self, control: Reachability) -> None:
        self._control = control

    def spec(self, turn: TurnContext) -> ToolSpec | None:
        names = [one.name for one in reachable(turn)]
        if not names:
            return None
        return spec(
            CHECK,
            "Look whether a destination can be rung now. It rings nobody.",
            {"destination": {"type": "string", "enum": names}},
            required=("destination",),
        )

    def precondition(self, turn: TurnContext, arguments: Mapping[str, Any]) -> str | None:
        if _destination(turn, arguments) is not None:
            return None
        names = ", ".join(one.name for one in reachable(turn))
        return f"There is no such destination. Possible now: {names}."

    async def exec(self, turn: TurnContext, arguments: Mapping[str, Any]) -> ToolResult:
        """Raises Unavailable, InvalidInput."""
        destination = _destination(turn, arguments)
        if destination is None:
            raise ValueError("the precondition was not asked")
        there = await self._control.available(destination, turn.tenant.domain_name)
        return ToolResult(_ANSWERS[there].format(name=destination.name))

    async def kill(self) -> None:
        """Nothing is left running."""


def _destination(turn: TurnContext, arguments: Mapping[str, Any]) -> Destination | None:
    """Only by a name of the list: a model never dials."""
    name = arguments.get("destination")
    return find_destination(name, reachable(turn)) if isinstance(name, str) else None
