"""One call as a scope: what it starts is named and gone when it exits, and its conversation is stored once.

What is said and decided is in the parts; here is only how a call begins, is transferred, and ends.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Final

from realtime_bridge.call_control import ChannelEvent, ChannelEventKind
from realtime_bridge.leg import LegEnd
from realtime_bridge.session.announcer import Announcer
from realtime_bridge.session.brain_line import BrainLine
from realtime_bridge.session.ending import EndNote, shielded, store
from realtime_bridge.session.exchange import Exchange
from realtime_bridge.session.hearing import Hearing
from realtime_bridge.session.hold import Holding
from realtime_bridge.session.last_resort import without_a_brain
from realtime_bridge.session.limits import TimeLimit, time_limits
from realtime_bridge.session.live import Live
from realtime_bridge.session.parts import Tape
from realtime_bridge.session.state import Phase, Signal
from realtime_bridge.session.tool_calls import ToolCalls
from realtime_bridge.transfer.outcome import LegState, TransferOutcome
from realtime_bridge.transfer.seam import TransferRequest
from voice_ai_service.conversations.outcome import EndedBy
from voice_ai_service.dialogue.actions import HangUp, HangupReason, Transfer
from voice_ai_service.dialogue.dialogue import over_limit, transfer_failed
from voice_ai_service.dialogue.opening import busy
from voice_ai_service.dialogue.phrases import texts
from voice_ai_service.errors import VoiceAiError

_TELLS_S: Final = 0.3
"""After the audio ended the PBX is given so long to say why."""


class Call:
    """
    Args:
        live: With a scope that is not open yet.
        turned_away: There is no room for the call: it hears so, and no more.
    """

    def __init__(
        self,
        live: Live,
        *,
        line: BrainLine,
        announcer: Announcer,
        exchange: Exchange,
        tools: ToolCalls,
        tape: Tape | None = None,
        turned_away: bool = False,
    ) -> None:
        self.live = live
        self._line = line
        self._announcer = announcer
        self._exchange = exchange
        self._tools = tools
        self._tape = tape
        self._turned_away = turned_away
        self._hearing: Hearing | None = None
        self._holding = Holding(live, line, announcer)
        self._note: EndNote | None = None
        self._over = asyncio.Event()
        self._left = asyncio.Event()
        """The caller's audio has ended."""
        self._transferring: asyncio.Task[None] | None = None

    def attend(self, hearing: Hearing) -> None:
        self._hearing = hearing

    async def run(self) -> None:
        """From the first frame until the conversation is stored."""
        live = self.live
        live.parts.figures.began()
        try:
            async with live.scope as scope:
                self._begin()
                await self._over.wait()
                scope.close()
        except* Exception as group:  # noqa: BLE001  the scope's border: it ends the call
            self.failed(group)
        finally:
            ending = asyncio.create_task(self._end(), name=f"end of {live.facts.call_uuid}")
            await shielded(ending)

    def _begin(self) -> None:
        live, scope = self.live, self.live.scope
        live.state.mode = "realtime"
        live.state.answered_at = live.state.answered_at or live.parts.clock.now()
        live.phases.on(Signal.OPENED)
        if self._turned_away:
            scope.start("busy", self._announcer.say(busy(live.context()), interruptible=False))
        else:
            scope.start("greeting", self._greet())
            scope.start("conversation", self._exchange.converse(self))
        scope.start("time limits", self._watch_time())
        if live.facts.on_pbx:
            scope.start("pbx", self._watch_pbx())
        if self._hearing is not None:
            live.leg.listen(self._hearing)

    async def _greet(self) -> None:
        if not await self._announcer.greet():  # a secretary without a voice: nobody is left in silence
            await self._announcer.say(without_a_brain(self.live.context()), interruptible=False)

    # What happens to the call.

    def leg_ended(self, end: LegEnd) -> None:
        self._left.set()
        if (
            self.live.phases.now is not Phase.TRANSFERRING
        ):  # the PBX may end the stream of a caller it connects
            self.live.scope.start("audio ended", self._explain(end))

    def failed(self, error: Exception) -> None:
        """A fault of ours. The PBX's watcher takes the caller to the fallback as the socket closes."""
        if self._note is None:
            self.live.parts.figures.faults.inc()
            self.live.log.error("a fault ended the call", exc_info=error)
        self.finish(EndedBy.ERROR)

    def finish(self, by: EndedBy, cause: str | None = None) -> None:
        """The call is over; the first reason counts."""
        if self._note is None:
            self._note = EndNote(by, self.live.parts.clock.now(), cause)
        self.live.phases.on(Signal.GONE)
        self._over.set()

    def take_leave(self) -> None:
        """End politely, soon: the process is going away."""
        live = self.live
        if live.phases.over or live.phases.now is Phase.TRANSFERRING:
            return
        live.mouth.stop(all_of_it=True)
        live.scope.start(
            "take leave", self._announcer.say(without_a_brain(live.context()), interruptible=False)
        )

    def hold(self, on: bool) -> None:
        self._holding.set(on)

    def hang_up(self, action: HangUp) -> None:
        if self.live.phases.on(Signal.END):
            self.live.state.ending = action.reason.value
            self.live.scope.start("hang up", self._hang_up())

    def transfer(self, action: Transfer) -> None:
        if self.live.phases.on(Signal.TRANSFER):
            self._transferring = self.live.scope.start("transfer", self._transfer(action))

    # How it is done.

    async def _hang_up(self) -> None:
        """The channel first, then what hangs on it (a socket that closes before leaves a ghost)."""
        live = self.live
        try:
            if live.facts.on_pbx:
                await live.parts.control.hang_up(live.facts.channel_uuid)
            else:
                live.leg.tell({"type": "hangup"})
        except VoiceAiError as error:
            live.log.error("the channel could not be hung up", code=error.code)
        if await self._within(self._left, live.parts.options.leaves_s) and live.facts.on_pbx:
            await self._within(self._over, _TELLS_S)
        self.finish(EndedBy.SECRETARY_HANGUP)

    async def _transfer(self, action: Transfer) -> None:
        live, state = self.live, self.live.state
        self._line.now.hold(True)
        secretary = live.plan.secretary
        outcome = await live.parts.transfers.run(
            TransferRequest(
                caller_uuid=live.facts.channel_uuid,
                destination=action.destination,
                plan=live.plan,
                tenant=live.tenant,
                domain_name=live.tenant.domain_name,
                language=state.language,
                style=secretary.settings.transfers.style,
                caller_number=state.caller_number,
                subject=action.subject,
                ring_s=secretary.settings.transfers.ring_s,
                tell=None if live.facts.on_pbx else live.leg.tell,
            )
        )
        if outcome.connected:
            state.transferred_to, state.ending = action.destination.name, "transferred"
            self.finish(EndedBy.TRANSFERRED)
        elif outcome.caller is LegState.GONE or self._left.is_set():
            self.finish(EndedBy.CALLER_HANGUP, outcome.cause or None)
        else:
            await self._return(action, outcome)

    async def _return(self, action: Transfer, outcome: TransferOutcome) -> None:
        """Back in the same conversation; where nobody is left to lead it, to its end."""
        live = self.live
        live.phases.on(Signal.CAME_BACK)
        self._line.now.hold(False)
        live.log.info("transfer failed", result=outcome.result.value)
        reply = transfer_failed(live.context(), action.destination.name, outcome.failure)
        if self._line.exhausted:
            live.book.change(reply.state)
            reply = without_a_brain(live.context())
        await self._announcer.say(reply, interruptible=not self._line.exhausted)

    async def _watch_pbx(self) -> None:
        live = self.live
        try:
            async with live.parts.control.events(live.facts.channel_uuid) as events:
                async for event in events:
                    await self._on_channel(event)
        except VoiceAiError as error:  # no keys and no cause then, but a conversation
            live.log.error("the channel is not watched", code=error.code)

    async def _on_channel(self, event: ChannelEvent) -> None:
        match event.kind:
            case ChannelEventKind.DIGIT if self.live.phases.now is Phase.HELD:
                self.hold(False)  # any key brings the caller back
            case ChannelEventKind.DIGIT if self._hearing is not None:
                self._hearing.press(event.digit)
            case ChannelEventKind.HUNG_UP:
                await self._channel_gone(event.cause)
            case ChannelEventKind.LOST:  # the PBX died and came back without it
                self.finish(EndedBy.ERROR)

    async def _channel_gone(self, cause: str) -> None:
        if self._transferring is not None and not self._transferring.done():
            await asyncio.wait({self._transferring}, timeout=1.0)  # it knows better what became of whom
        hung_up_by_us = self.live.phases.now is Phase.ENDING
        self.finish(EndedBy.SECRETARY_HANGUP if hung_up_by_us else EndedBy.CALLER_HANGUP, cause or None)

    async def _explain(self, end: LegEnd) -> None:
        live = self.live
        if live.phases.over:
            return  # hanging up: that task waits for this
        if live.facts.on_pbx and not await self._within(self._over, _TELLS_S) and await self._still_there():
            live.log.warning("the audio ended and the channel is still there", end=end.value)
            self.finish(EndedBy.FALLBACK)
        self.finish(EndedBy.CALLER_HANGUP)

    async def _still_there(self) -> bool:
        try:
            return await self.live.parts.control.exists(self.live.facts.channel_uuid)
        except VoiceAiError:
            return False

    async def _watch_time(self) -> None:
        live, limits = self.live, self.live.plan.secretary.settings.limits
        options, clock = live.parts.options, live.parts.clock
        for due in time_limits(limits.max_duration_s, near_s=options.near_limit_s, cut_s=options.hard_stop_s):
            answered_at = live.state.answered_at or live.state.started_at
            await clock.sleep(due.after_s - (clock.now() - answered_at).total_seconds())
            match due.limit:
                case TimeLimit.NEAR:
                    if live.phases.talking:
                        language = live.state.language
                        await self._announcer.remark(texts(language).limit_near, language)
                case TimeLimit.REACHED:
                    await self._time_is_up()
                case TimeLimit.CUT:
                    if live.phases.now is not Phase.TRANSFERRING:
                        self.hang_up(HangUp(HangupReason.MAX_DURATION))

    async def _time_is_up(self) -> None:
        live = self.live
        if not live.phases.talking:
            return
        self._line.now.abandoned()
        live.mouth.stop(all_of_it=True)
        await live.mouth.settled()
        await self._announcer.say(over_limit(live.context(), HangupReason.MAX_DURATION), interruptible=False)

    async def _within(self, event: asyncio.Event, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return False
        return True

    async def _end(self) -> None:
        """Every step happens, whatever the one before it came to."""
        live = self.live
        self.finish(EndedBy.ERROR)
        note = self._note
        assert note is not None  # finish made it  # noqa: S101
        live.book.settle(live.mouth.speeches)
        async with AsyncExitStack() as steps:  # the last one first
            steps.callback(live.parts.figures.over)
            steps.push_async_callback(store, live, note, self._tape)
            steps.push_async_callback(live.leg.close)
            steps.push_async_callback(live.playout.close)
            steps.push_async_callback(self._tools.close)
            steps.push_async_callback(self._line.drop)
            await live.parts.sessions.save(live.state)
