"""Tools that a brain asks the session for: run beside the conversation, answered to the brain, acted on when heard."""

from __future__ import annotations

import asyncio
from typing import Final

from realtime_bridge.providers.seam import Brain, ToolAsked
from realtime_bridge.session.announcer import Announcer
from realtime_bridge.session.brain_line import BrainLine
from realtime_bridge.session.fillers import Fillers
from realtime_bridge.session.live import Live
from realtime_bridge.session.parts import Tools
from realtime_bridge.tools.runner import ToolAnswer
from voice_ai_service.dialogue.actions import Continue
from voice_ai_service.dialogue.reply import Reply
from voice_ai_service.dialogue.turn import StateChange

_NONE: Final = "There is no such tool."
_INTERRUPTED: Final = "The caller interrupted. It is not known whether it was done."


class ToolCalls:
    def __init__(self, live: Live, line: BrainLine, announcer: Announcer, fillers: Fillers) -> None:
        self._live = live
        self._line = line
        self._announcer = announcer
        self._fillers = fillers
        self._running: set[asyncio.Task[None]] = set()

    def run(self, asked: ToolAsked, brain: Brain) -> None:
        """Returns at once; the brain gets the result when there is one."""
        tools = self._line.tools
        if tools is None:
            brain.tool_result(asked.call_id, _NONE)
            return
        task = self._live.scope.start(f"tool {asked.call_id}", self._run(tools, asked, brain))
        if task is not None:
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    @property
    def running(self) -> bool:
        """A brain waits for a result."""
        return bool(self._running)

    def interrupt(self) -> None:
        """The caller barged in: what must finish does so by itself, the rest is dropped."""
        for task in self._running:
            task.cancel()

    async def close(self) -> None:
        if self._line.tools is not None:
            await self._line.tools.close()

    async def _run(self, tools: Tools, asked: ToolAsked, brain: Brain) -> None:
        live, after_ms = self._live, self._live.parts.options.filler_after_ms
        if after_ms:
            self._fillers.fill(after_ms)
        try:
            answer = await tools.run(live.context(), asked)
        except asyncio.CancelledError:
            brain.tool_result(asked.call_id, _INTERRUPTED, speak=False)
            raise
        live.book.ran(answer.run, answer.sources)
        live.log.info("tool run", tool=answer.run.name, outcome=answer.run.outcome)
        if isinstance(answer.action, Continue) and answer.state is not None:
            live.book.change(answer.state)
        brain.tool_result(answer.call_id, answer.result, speak=answer.speak)
        if not isinstance(answer.action, Continue):
            await self._act_when_heard(answer)

    async def _act_when_heard(self, answer: ToolAnswer) -> None:
        """After the brain's own sentence about it, where it says one in this reply; else after ours."""
        live = self._live
        speech = next((one for one in reversed(live.mouth.speeches) if one.by_brain), None)
        booked = live.book.reply(speech.reply_id) if speech is not None else None
        state = answer.state or StateChange.of(live.state)
        if speech is None or booked is None or speech.playing is None:
            await self._announcer.say(
                Reply(answer.said, answer.language or live.state.language, answer.action, state)
            )
            return
        live.book.change(state)
        live.book.decided(booked, answer.action)
