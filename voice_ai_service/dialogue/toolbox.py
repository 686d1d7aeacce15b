"""Tools with an inside of their own: one verb each, with a deadline, and a word on what a barge-in does to it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, Protocol

import structlog

from voice_ai_service.dialogue.errands import Errands
from voice_ai_service.dialogue.reply import spoken
from voice_ai_service.dialogue.turn import ToolBox, ToolResult, ToolRun, TurnContext
from voice_ai_service.errors import VoiceAiError
from voice_ai_service.providers.llm.seam import ToolCall, ToolSpec

MAX_STORED_CHARS: Final = 200
"""Of an argument, in the conversation's row."""
MAX_STORED_ARGUMENTS: Final = 5

_LATE: Final = "It has not been confirmed in time. Say that it is not certain, and promise nothing."
_FAILED: Final = "It did not work and nothing was done. Say so."

_log = structlog.get_logger()


class IfInterrupted(StrEnum):
    """What becomes of a tool that runs when the caller barges in."""

    FINISH = "finish"
    """It goes on to its end, and the next turn knows what came of it."""
    CANCEL = "cancel"


class Verb(Protocol):
    """One tool. `exec` is never begun while `precondition` has something to say.

    Attributes:
        name: As the model calls it.
        deadline_s: Silence on the line while it runs; after this the model is told that nothing is certain.
    """

    @property
    def name(self) -> str: ...

    @property
    def deadline_s(self) -> float: ...

    @property
    def if_interrupted(self) -> IfInterrupted: ...

    def spec(self, turn: TurnContext) -> ToolSpec | None:
        """What the model reads of it; None: not offered in this turn."""
        ...

    def precondition(self, turn: TurnContext, arguments: Mapping[str, Any]) -> str | None:
        """Why it cannot be done, for the model; None: it can. `arguments` are a model's word."""
        ...

    async def exec(self, turn: TurnContext, arguments: Mapping[str, Any]) -> ToolResult:
        """Raises VoiceAiError when it did not happen."""
        ...

    async def kill(self) -> None:
        """The call is over: stop and undo what `exec` left running. Never raises."""
        ...


class ToolKit:
    """The verbs of one call. A `ToolBox`.

    Args:
        errands: The process's: what must finish is held there.
    """

    def __init__(self, verbs: Sequence[Verb], errands: Errands) -> None:
        self._verbs = {verb.name: verb for verb in verbs}
        self._errands = errands
        self._unheard: list[ToolRun] = []

    def offered(self, turn: TurnContext) -> tuple[ToolSpec, ...]:
        specs = (verb.spec(turn) for verb in self._verbs.values())
        return tuple(spec for spec in specs if spec is not None)

    def unheard(self) -> tuple[ToolRun, ...]:
        return tuple(self._unheard)

    async def run(self, turn: TurnContext, call: ToolCall) -> ToolResult:
        verb = self._verbs.get(call.name)
        if verb is None or verb.spec(turn) is None:
            return ToolResult("There is no such tool now.", "unknown")
        reason = verb.precondition(turn, call.arguments)
        if reason is not None:
            return ToolResult(reason, "refused")
        try:
            return await self._in_time(verb, turn, call)
        except TimeoutError:
            self._note("a tool was late", turn, verb, "late")
            return ToolResult(_LATE, "late", spoken(turn).uncertain)
        except VoiceAiError as error:
            self._note("a tool failed", turn, verb, error.code)
            return ToolResult(_FAILED, "failed", spoken(turn).not_done)

    async def kill(self) -> None:
        """The call is over."""
        for verb in self._verbs.values():
            await verb.kill()

    async def _in_time(self, verb: Verb, turn: TurnContext, call: ToolCall) -> ToolResult:
        work = verb.exec(turn, call.arguments)
        if verb.if_interrupted is IfInterrupted.CANCEL:
            async with asyncio.timeout(verb.deadline_s):
                return await work
        task = self._errands.start(f"{verb.name} {turn.call.call_uuid}", work)
        try:
            async with asyncio.timeout(verb.deadline_s):
                return await asyncio.shield(task)
        except (TimeoutError, asyncio.CancelledError):
            task.add_done_callback(lambda ended: self._ended_alone(ended, call))
            raise

    def _ended_alone(self, task: asyncio.Task[ToolResult], call: ToolCall) -> None:
        if not task.cancelled() and task.exception() is None:
            self._unheard.append(ToolRun(call.name, stored(call.arguments), task.result().outcome))

    def _note(self, event: str, turn: TurnContext, verb: Verb, reason: str) -> None:
        _log.warning(
            event,
            call_uuid=str(turn.call.call_uuid),
            domain_uuid=str(turn.call.domain_uuid),
            turn=turn.turn,
            tool=verb.name,
            reason=reason,
        )


class OnceKept:
    """A box for a turn that is speculated on: its tools run once the turn counts, and never before."""

    def __init__(self, box: ToolBox, kept: asyncio.Event) -> None:
        self._box = box
        self._kept = kept

    def offered(self, turn: TurnContext) -> tuple[ToolSpec, ...]:
        return self._box.offered(turn)

    async def run(self, turn: TurnContext, call: ToolCall) -> ToolResult:
        await self._kept.wait()
        return await self._box.run(turn, call)

    def unheard(self) -> tuple[ToolRun, ...]:
        return self._box.unheard()


class Without:
    """A box of which some tools are not for this brain."""

    def __init__(self, box: ToolBox, *names: str) -> None:
        self._box = box
        self._names = frozenset(names)

    def offered(self, turn: TurnContext) -> tuple[ToolSpec, ...]:
        return tuple(one for one in self._box.offered(turn) if one.name not in self._names)

    async def run(self, turn: TurnContext, call: ToolCall) -> ToolResult:
        if call.name in self._names:
            return ToolResult("There is no such tool now.", "unknown")
        return await self._box.run(turn, call)

    def unheard(self) -> tuple[ToolRun, ...]:
        return self._box.unheard()


def spec(
    name: str, description: str, properties: Mapping[str, Any], required: tuple[str, ...] = ()
) -> ToolSpec:
    """A tool's description as models want it: a closed JSON Schema object."""
    schema = {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }
    return ToolSpec(name, description, schema)


def stored(arguments: Mapping[str, Any]) -> dict[str, str]:
    """A model's arguments, bounded, for the conversation's row."""
    kept = list(arguments.items())[:MAX_STORED_ARGUMENTS]
    return {str(key)[:MAX_STORED_CHARS]: str(value)[:MAX_STORED_CHARS] for key, value in kept}
