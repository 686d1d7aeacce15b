"""The dialogue's part of an answer: the turn as the dialogue wants it, with tools that wait until the turn counts."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

from realtime_bridge.providers.cascade_attempt import Attempt
from realtime_bridge.providers.cascade_chains import CallChains
from realtime_bridge.providers.cascade_hearing import Hearing
from realtime_bridge.providers.cascade_parts import CascadeParts
from realtime_bridge.session.view import CallView
from voice_ai_service.dialogue.dialogue import provider_down
from voice_ai_service.dialogue.reply import Reply
from voice_ai_service.dialogue.toolbox import OnceKept
from voice_ai_service.dialogue.turn import ReplyEvent, ToolBox, ToolResult, TurnContext
from voice_ai_service.providers.llm.seam import ToolCall


class Writer:
    def __init__(
        self,
        parts: CascadeParts,
        call: CallView,
        chains: CallChains,
        tools: ToolBox | None,
        *,
        on_tool: Callable[[Attempt], None],
    ) -> None:
        self._parts = parts
        self._call = call
        self._chains = chains
        self._tools = tools
        self._on_tool = on_tool

    def write(self, attempt: Attempt, hearing: Hearing) -> AsyncGenerator[ReplyEvent, None]:
        """What the dialogue says to `attempt.turn_hearing`, with the conversation as it is now."""
        turn = self._context(attempt, attempt.turn_hearing or hearing)
        # A message that is kept as sound needs no recogniser.
        if hearing.failed is not None and hearing.heard.audio_ref is None:
            return _given(provider_down(turn))
        return self._parts.dialogue.respond(turn)

    def _context(self, attempt: Attempt, hearing: Hearing) -> TurnContext:
        call, now = self._call, self._parts.clock.now()
        return TurnContext(
            call=call.state,
            turn=call.turn,
            plan=call.plan,
            tenant=call.tenant,
            heard=hearing.heard,
            is_open=call.plan.is_open(now, call.tenant.time_zone),
            now=now,
            model=self._chains.model,
            passages=self._parts.passages,
            tools=KeptTools(self._tools, attempt, self._on_tool) if self._tools is not None else None,
        )


class KeptTools(OnceKept):
    """Tools that wait until the attempt counts, and then make it one that cannot be begun again."""

    def __init__(self, box: ToolBox, attempt: Attempt, on_tool: Callable[[Attempt], None]) -> None:
        super().__init__(box, attempt.confirmed)
        self._attempt = attempt
        self._on_tool = on_tool

    async def run(self, turn: TurnContext, call: ToolCall) -> ToolResult:
        await self._attempt.confirmed.wait()
        self._attempt.acted = True
        self._on_tool(self._attempt)
        return await super().run(turn, call)


async def _given(reply: Reply) -> AsyncGenerator[ReplyEvent, None]:
    for event in reply.events():
        yield event
