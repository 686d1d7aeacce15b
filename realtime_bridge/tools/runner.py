"""Tools that a speech-to-speech brain asks for: the dialogue's own, run and answered for the session."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from realtime_bridge.providers.seam import ToolAsked
from voice_ai_service.dialogue.actions import Action, Continue
from voice_ai_service.dialogue.toolbox import ToolKit, stored
from voice_ai_service.dialogue.tools import offered, run
from voice_ai_service.dialogue.turn import StateChange, ToolRun, TurnContext
from voice_ai_service.providers.llm.seam import ToolCall, ToolSpec

MAX_TOOLS: Final = 8
"""In one turn; a model that asks for more is in a loop."""


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """
    Attributes:
        run: What is stored with the turn.
        result: For `Brain.tool_result`. With an `action` it says only that it is about to happen: the session
            acts once the reply was heard, and tells the brain (`Brain.told`) when a transfer did not succeed.
        action: Anything but Continue: what the session does once the present reply was heard to its end.
        state: What it makes of the call's state (`turn.apply`); None: no change.
        said: Our own sentence for it, where the brain said nothing in this reply.
        speak: Whether the brain is to speak about the result; not when the session is about to act.
        sources: Where the result came from, stored with the turn.
    """

    call_id: str
    run: ToolRun
    result: str
    action: Action = field(default_factory=Continue)
    state: StateChange | None = None
    said: str = ""
    language: str = ""
    speak: bool = True
    sources: tuple[str, ...] = ()


class ToolRunner:
    """The tools of one call.

    Args:
        kit: Those that reach beyond the dialogue.
    """

    def __init__(self, kit: ToolKit) -> None:
        self._kit = kit
        self._turn = -1
        self._asked = 0

    def offered(self, turn: TurnContext, topics: tuple[str, ...] = ()) -> tuple[ToolSpec, ...]:
        """For the brain's configuration.

        Args:
            topics: Business facts that its instructions had no room for.
        """
        return (*offered(turn, topics), *self._kit.offered(turn))

    async def run(self, turn: TurnContext, asked: ToolAsked) -> ToolAnswer:
        """Do what was asked, or say why not. Never raises but a cancellation.

        Cancel it when the caller barges in: what must finish does (`IfInterrupted`).
        """
        if turn.turn != self._turn:
            self._turn, self._asked = turn.turn, 0
        self._asked += 1
        call = ToolCall(asked.call_id, asked.name, asked.arguments)
        if self._asked > MAX_TOOLS:
            refused = ToolRun(asked.name[:64], stored(asked.arguments), "refused")
            return ToolAnswer(asked.call_id, refused, "Too many tools at once. Answer the caller now.")
        if any(spec.name == asked.name for spec in self._kit.offered(turn)):
            result = await self._kit.run(turn, call)
            done = ToolRun(asked.name, stored(asked.arguments), result.outcome)
            return ToolAnswer(
                asked.call_id,
                done,
                result.text,
                said=result.said,
                language=turn.language,
                sources=result.sources,
            )
        outcome = run(turn, call)
        if outcome.reply is None:
            return ToolAnswer(asked.call_id, outcome.run, outcome.result, language=turn.language)
        reply = outcome.reply
        return ToolAnswer(
            call_id=asked.call_id,
            run=outcome.run,
            result=outcome.result or "Done.",
            action=reply.action,
            state=reply.state,
            said=reply.text,
            language=reply.language,
            speak=isinstance(reply.action, Continue),
        )

    async def close(self) -> None:
        """The call is over."""
        await self._kit.kill()
