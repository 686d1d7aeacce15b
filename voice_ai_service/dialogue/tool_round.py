"""The tool calls of one request to the model: run in order, and what they make true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from voice_ai_service.dialogue.actions import Continue, Transfer
from voice_ai_service.dialogue.reply import Reply
from voice_ai_service.dialogue.toolbox import stored
from voice_ai_service.dialogue.tools import MESSAGE, TRANSFER, ToolOutcome, run
from voice_ai_service.dialogue.turn import ToolRun, TurnContext, apply
from voice_ai_service.providers.llm.seam import ToolCall


@dataclass(frozen=True, slots=True)
class ToolRound:
    """
    Attributes:
        acted: The last reply that a tool made; None: none acted.
        reached_out: A tool of the surroundings was run: the model has to speak about its result.
    """

    outcomes: tuple[ToolOutcome, ...] = ()
    acted: Reply | None = None
    reached_out: bool = False

    @property
    def runs(self) -> tuple[ToolRun, ...]:
        return tuple(outcome.run for outcome in self.outcomes)


async def run_tools(turn: TurnContext, calls: Sequence[ToolCall]) -> ToolRound:
    """Run tool calls in order until one ends the listening: a message can be stored and the call ended at once."""
    acted: Reply | None = None
    outcomes: list[ToolOutcome] = []
    ours = {spec.name for spec in turn.tools.offered(turn)} if turn.tools is not None else set()
    reached_out = False
    for call in calls:
        if turn.tools is not None and call.name in ours:
            reached_out = True
            result = await turn.tools.run(turn, call)
            done = ToolRun(call.name, stored(call.arguments), result.outcome)
            outcomes.append(ToolOutcome(done, result=result.text, said=result.said, sources=result.sources))
            continue
        outcome = run(turn, call)
        outcomes.append(outcome)
        if outcome.reply is None:
            continue
        acted = outcome.reply
        if not isinstance(acted.action, Continue):
            break
        turn = replace(turn, call=apply(turn.call, acted.state))
    return ToolRound(tuple(outcomes), acted, reached_out)


def what_is_so(turn: TurnContext, runs: Sequence[ToolRun], acted: Reply | None) -> frozenset[str]:
    """Names of the tools whose work the secretary may speak of as done, or as being done now."""
    true = {one.name for one in (*runs, *earlier_runs(turn)) if one.outcome == "ok"}
    true -= {TRANSFER, MESSAGE}
    state = acted.state if acted is not None else turn.call
    if state.message_text or state.message_audio_ref:
        true.add(MESSAGE)
    if acted is not None and isinstance(acted.action, Transfer):
        true.add(TRANSFER)
    return frozenset(true)


def earlier_runs(turn: TurnContext) -> tuple[ToolRun, ...]:
    """Runs in the call's earlier turns, those included that ended after their turn was interrupted."""
    return (*_recorded(turn), *untold_runs(turn))


def untold_runs(turn: TurnContext) -> tuple[ToolRun, ...]:
    """Runs that ended after their turn was interrupted, and stand in no record yet."""
    if turn.tools is None:
        return ()
    known = _recorded(turn)
    return tuple(one for one in turn.tools.unheard() if one not in known)


def _recorded(turn: TurnContext) -> tuple[ToolRun, ...]:
    return tuple(
        ToolRun(str(one.get("name", "")), dict(one.get("arguments") or {}), str(one.get("outcome", "")))
        for record in turn.call.turns
        if record.turn < turn.turn
        for one in record.tools
    )
