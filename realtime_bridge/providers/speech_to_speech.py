"""A brain over a vendor's speech-to-speech model: the driver that all adapters share.

It owns the connections (opened, renewed before the vendor's limit, taken up again once after a drop) and every
time-out; what is said on the wire is the adapter's. Between two connections the call goes on: what the session wishes
waits, and the conversation is carried over.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from dataclasses import replace
from typing import Final

import structlog

from realtime_bridge.providers.answer_clock import AnswerClock
from realtime_bridge.providers.brain_limits import BrainLimits, BrainObserver, NobodyCounts
from realtime_bridge.providers.cascade_events import EventQueue
from realtime_bridge.providers.connection import Connection, OpenLine, closed, connected
from realtime_bridge.providers.memory import Memory
from realtime_bridge.providers.renewal import Renewal
from realtime_bridge.providers.seam import (
    BrainCapabilities,
    BrainEvent,
    BrainFailed,
    CallerBegan,
    CallerEnded,
    CallerSaid,
    ReplyAudio,
    ReplyBegan,
    ReplyFinished,
    ReplySaid,
    ToolAsked,
    Waiting,
)
from realtime_bridge.providers.utterance import Utterance
from realtime_bridge.providers.vendor import (
    Abandoned,
    Answer,
    Audio,
    Began,
    Briefing,
    Command,
    Ended,
    Fail,
    Heard,
    Hold,
    Interrupted,
    KeepAlive,
    Note,
    Oddity,
    Opening,
    Renew,
    Request,
    Send,
    Steps,
    Tell,
    ToolDone,
    Vendor,
)
from voice_ai_service.clock import Clock
from voice_ai_service.dialogue.notes import GO_ON, NOBODY_SPOKE, late_result, pressed
from voice_ai_service.errors import (
    ProviderBusy,
    ProviderError,
    ProviderRefused,
    ProviderTimeout,
    VoiceAiError,
)
from voice_ai_service.providers.wire import faults
from voice_ai_service.providers.wire.line import LineClosed

DROPPED_AUDIO: Final = "dropped_audio"
_NOT_AGAIN: Final = (ProviderBusy, ProviderRefused, ProviderTimeout)
"""Failures that another connection would not help, or that have taken all the time there was."""

_RETOLD_MS: Final = 100
"""A message's worth, for vendors that listen for the end of an utterance themselves."""

log = structlog.get_logger()

Attempts = Callable[[], AbstractAsyncContextManager[object]]
"""Around every use of the provider that may fail: counts, and keeps away from one that fails too often."""


class SpeechToSpeech:
    """One call's. See the seam `Brain`.

    Args:
        open_line: Connects; the tests' is a wire in memory.
        model: The vendor's name of it, for the price list.
    """

    def __init__(
        self,
        vendor: Vendor,
        briefing: Briefing,
        open_line: OpenLine,
        *,
        clock: Clock,
        attempts: Attempts = nullcontext,
        observer: BrainObserver | None = None,
        limits: BrainLimits | None = None,
        model: str | None = None,
    ) -> None:
        self._models = {"realtime": model} if model else {}
        self._vendor = vendor
        self._briefing = briefing
        self._open_line = open_line
        self._clock = clock
        self._attempts = attempts
        self._observer: BrainObserver = observer or NobodyCounts()
        self._limits = limits or BrainLimits()
        rate_hz = briefing.sample_rate_hz
        self._events = EventQueue(2 * rate_hz // 1000, self._limits.ahead_ms)
        self._memory = Memory(briefing.history)
        self._answer = AnswerClock(clock)
        self._renewal = Renewal(clock, self._limits)
        self._ours = not vendor.capabilities.owns_turns
        self._utterance = Utterance(rate_hz, self._limits.utterance_ms, owns_turns=not self._ours)
        self._connection: Connection | None = None
        self._running: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._later: deque[Note | ToolDone] = deque()
        self._tools: dict[str, str] = {}
        self._open_replies: dict[str, bool] = {}
        """Replies that are being made, and whether audio of them came."""
        self._audible: set[str] = set()
        """Replies that the caller may still hear."""
        self._dropped_at = float("-inf")
        self._sent_at = clock.monotonic()
        self._held = False
        self._closed = False

    @property
    def name(self) -> str:
        return self._vendor.name

    @property
    def capabilities(self) -> BrainCapabilities:
        return self._vendor.capabilities

    async def open(self) -> None:
        async with self._attempts():
            self._take(await self._connect("first", None))
        self._running = asyncio.create_task(self._run(), name=f"brain {self.name}")
        self._running.add_done_callback(self._ran)

    def events(self) -> AsyncIterator[BrainEvent]:
        return self._events.read()

    async def close(self) -> None:
        """Again does nothing."""
        self._closed = True
        self._events.close()
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        connection, self._connection = self._connection, None
        if connection is not None:
            self._part_with(connection)
        await asyncio.gather(*self._closing)

    # The session's side: everything here returns at once.

    def hear(self, frame: bytes) -> None:
        if self._closed or self._held:
            return
        self._utterance.hear(frame)
        connection = self._connection
        if connection is None:
            self._utterance.missed(frame)
        elif connection.protocol.listens:
            self._sent_at = self._clock.monotonic()
            connection.hear(frame)

    def began(self, pre_roll: bytes) -> None:
        if self._ours:
            self._utterance.begin(pre_roll)
            self._wish(Began(pre_roll, over_reply=bool(self._audible)))

    def paused(self, silence_ms: int) -> None:
        """These models cannot be asked on suspicion."""

    def resumed(self) -> None:
        """See `paused`."""

    def ended(self, speech_ms: int) -> None:
        if self._ours:
            self._utterance.end()
            self._memory.caller_spoke()
            self._answer.ask()
            self._wish(Ended())

    def abandoned(self) -> None:
        if self._ours:
            self._utterance.forget()
            self._wish(Abandoned())

    def keys(self, digits: str) -> None:
        self._memory.caller_said(pressed(digits))
        self._ask(Request(pressed(digits), of_caller=True))

    def nobody_spoke(self) -> None:
        self._ask(Request(NOBODY_SPOKE))

    def prompt(self, instruction: str) -> None:
        self._ask(Request(instruction))

    def interrupted(self, reply_id: str, heard_ms: int, heard_text: str) -> None:
        self._memory.heard_only(reply_id, heard_text)
        self._audible.discard(reply_id)
        self._open_replies.pop(reply_id, None)
        self._events.forget(reply_id)
        self._wish(Interrupted(reply_id, heard_ms, heard_text))

    def heard(self, reply_id: str, heard_ms: int) -> None:
        self._audible.discard(reply_id)
        if not self._audible:
            self._wish(Heard())

    def told(self, text: str, language: str) -> None:
        self._memory.told(text)
        self._wish(Note(text, said=True))

    def tool_result(self, call_id: str, result: str, *, speak: bool = True) -> None:
        name = self._tools.pop(call_id, "the tool")
        self._memory.noted(late_result(name, result))
        if speak:
            self._answer.ask()
        self._wish(ToolDone(call_id, name, result, speak))

    def hold(self, on: bool) -> None:
        self._held = on
        self._utterance.forget()
        self._answer.settled()
        self._wish(Hold(on))

    def _ask(self, request: Request) -> None:
        if not self._held:
            self._answer.ask(request)
            self._wish(request)

    def _wish(self, command: Command) -> None:
        """Between connections only what cannot be seen from the state of things waits."""
        if self._closed:
            return
        if self._connection is not None:
            self._do(self._connection, self._connection.obey(command))
        elif isinstance(command, Note | ToolDone):
            if len(self._later) >= self._limits.commands:
                self._later.popleft()
                self._observer.on_oddity(self.name, "wish_lost")
            self._later.append(command)

    # The vendor's side.

    async def _run(self) -> None:
        try:
            while (connection := self._connection) is not None:
                try:
                    await self._converse(connection)
                except (ProviderError, LineClosed) as reason:
                    await self._take_up_again(connection, self._judged(reason))
        except ProviderError as error:
            await self._fail(error)

    async def _converse(self, connection: Connection) -> None:
        """Until another connection took its place. Raises ProviderError, LineClosed."""
        while self._connection is connection:
            await self._room(connection)
            message = await connection.next(self._limits.tick_s)
            if message is not None:
                self._do(connection, connection.protocol.receive(message))
            if connection.failure is not None:
                raise connection.failure
            self._look_at_the_clock(connection)
            if self._renewal.due(quiet=self._quiet(connection)):
                await self._renew(connection)

    async def _room(self, connection: Connection) -> None:
        """Back-pressure: while the session has enough to play the vendor is not read, nor blamed."""
        before = self._clock.monotonic()
        await self._events.room()
        if self._clock.monotonic() - before >= self._limits.tick_s:
            connection.touch()

    def _look_at_the_clock(self, connection: Connection) -> None:
        if self._answer.late(self._limits.waiting_after_s):
            self._events.put(Waiting("model"))
        timeouts = self._vendor.timeouts
        limit_s = timeouts.stall_s if self._open_replies else (timeouts.first_byte_s or timeouts.stall_s)
        if connection.silence_s() >= limit_s:
            raise faults.silent(self.name, "nothing came of a turn")
        self._do(connection, connection.quiet())
        now = self._clock.monotonic()
        if now - self._sent_at >= self._limits.keep_alive_s:
            self._sent_at = now
            self._do(connection, connection.obey(KeepAlive()))
        if dropped := connection.take_dropped():
            self._observer.on_oddity(self.name, DROPPED_AUDIO, dropped)

    def _do(self, connection: Connection, steps: Steps) -> None:
        for step in steps:
            match step:
                case Send(text):
                    self._sent_at = self._clock.monotonic()
                    connection.send(text)
                case Audio(reply_id, coded):
                    self._play(connection, reply_id, coded)
                case Tell(event):
                    self._tell(event)
                case Renew(within_s):
                    self._renewal.wanted(within_s)
                case Oddity(name):
                    self._observer.on_oddity(self.name, name)
                case Fail(error):
                    connection.failure = connection.failure or error

    def _play(self, connection: Connection, reply_id: str, coded: bytes) -> None:
        samples = connection.samples(reply_id, coded)
        if samples:
            self._open_replies[reply_id] = True
            self._answer.sign_of(reply_id)
            self._events.put(ReplyAudio(reply_id, samples))

    def _tell(self, event: BrainEvent) -> None:
        """What must be known of it here, then on to the session."""
        match event:
            case CallerBegan():
                self._utterance.begun_already()
            case CallerEnded():
                self._utterance.end()
                self._memory.caller_spoke()
                self._answer.ask()
            case CallerSaid(transcript, True):
                self._memory.caller_said(transcript.text)
                if not transcript.text:
                    self._answer.settled()
                    self._utterance.answered()
            case ReplyBegan(reply_id):
                self._answer.reply_began(reply_id)
                self._utterance.answered()
                self._open_replies[reply_id] = False
                self._audible.add(reply_id)
            case ReplySaid(reply_id, text):
                self._answer.sign_of(reply_id)
                self._memory.said(reply_id, text)
            case ReplyFinished(reply_id):
                if not self._open_replies.pop(reply_id, True):
                    self._audible.discard(reply_id)  # there is nothing to hear of it
                timings = self._answer.timings(reply_id)
                providers = {"realtime": self.name}
                event = replace(event, providers=providers, models=self._models, timings=timings)
            case ToolAsked(call_id, name):
                self._tools[call_id] = name
                self._answer.settled()
                self._utterance.answered()
            case _:
                pass
        self._events.put(event)

    # Connections.

    def _quiet(self, connection: Connection) -> bool:
        """Nobody speaks and nobody waits: the moment for another connection."""
        speaking = self._utterance.speaking or self._utterance.kept or bool(self._audible)
        return not (speaking or connection.protocol.replying or self._answer.due or self._tools)

    async def _connect(self, reason: str, resume: str | None) -> Connection:
        """Raises ProviderError."""
        try:
            connection = await self._open(resume)
        except ProviderError:
            if resume is None:
                raise
            connection = await self._open(None)  # the vendor has forgotten the call; we have not
        self._observer.on_connection(self.name, reason)
        return connection

    async def _open(self, resume: str | None) -> Connection:
        opening = Opening(self._briefing, self._memory.messages(), resume)
        return await connected(self._vendor, opening, self._open_line, clock=self._clock, limits=self._limits)

    def _take(self, connection: Connection) -> None:
        self._connection = connection
        self._sent_at = self._clock.monotonic()
        self._renewal.begin(self.capabilities.max_session_s)

    async def _renew(self, old: Connection) -> None:
        """A new connection takes the place of one that is still well."""
        self._connection = None
        try:
            new = await self._connect("renewed", old.protocol.resume)
        except ProviderError as error:
            self._observer.on_connection(self.name, "renewal_failed")
            log.warning("a provider's connection was not renewed", provider=self.name, code=error.code)
            if not self._renewal.failed():
                raise
            self._connection = old
            self._go_on(old, cut_short=False)
            return
        cut_short = self._end_replies(old)
        self._take(new)
        self._go_on(new, cut_short=cut_short)
        self._part_with(old)

    async def _take_up_again(self, old: Connection, error: ProviderError) -> None:
        """After a drop. Raises the error when that is the end."""
        self._connection = None
        old.abort()
        self._part_with(old)
        cut_short = self._end_replies(old)
        now = self._clock.monotonic()
        log.warning("a provider's connection broke", provider=self.name, code=error.code)
        log.debug("a broken connection", provider=self.name, detail=error.detail)
        if isinstance(error, _NOT_AGAIN) or now - self._dropped_at < self._limits.drop_window_s:
            raise error
        self._dropped_at = now
        in_haste = self._answer.due or cut_short or self._utterance.speaking
        try:
            async with asyncio.timeout(self._limits.again_within_s if in_haste else None):
                new = await self._connect("dropped", None)  # what the vendor knew last nobody can say
        except TimeoutError:
            raise error from None
        self._take(new)
        self._go_on(new, cut_short=cut_short)

    def _end_replies(self, connection: Connection) -> bool:
        """What the old connection did not finish ends here. Whether the caller heard the beginning of it."""
        cut_short = any(self._open_replies.values())
        self._do(connection, connection.protocol.lost())
        return cut_short

    def _go_on(self, connection: Connection, *, cut_short: bool) -> None:
        """Say over this connection what the state of the call asks for."""
        missed = self._utterance.take_missed()
        later, self._later = list(self._later), deque()
        for command in later:
            self._wish(command)
        if self._held:
            self._wish(Hold(True))
        elif self._utterance.speaking:
            self._retell(connection, self._utterance.samples)
        elif self._utterance.kept:
            if self._memory.unanswered:
                self._wish(Answer())
            else:
                self._retell(connection, self._utterance.samples)
                self._wish(Ended())
        elif self._answer.request is not None:
            self._wish(self._answer.request)
        elif self._answer.due:
            if not any(isinstance(command, ToolDone) and command.speak for command in later):
                self._wish(Answer())
        elif cut_short:
            self._ask(Request(GO_ON))
        elif missed:
            self._retell(connection, missed)

    def _retell(self, connection: Connection, samples: bytes) -> None:
        """The caller's words, as they were spoken."""
        if self._ours:
            self._wish(Began(samples, over_reply=False))
            return
        size = 2 * self._briefing.sample_rate_hz * _RETOLD_MS // 1000
        for at in range(0, len(samples), size):
            connection.hear(samples[at : at + size])

    def _judged(self, reason: ProviderError | LineClosed) -> ProviderError:
        return closed(self._vendor, reason) if isinstance(reason, LineClosed) else reason

    async def _fail(self, error: ProviderError) -> None:
        with suppress(ProviderError):  # it is told to whoever counts; the session hears of it as an event
            async with self._attempts():
                raise error
        self._events.put(BrainFailed(error.code, self.name))
        self._events.close()

    def _part_with(self, connection: Connection) -> None:
        """Its goodbye takes a moment that nobody waits for, but `close`."""
        task = asyncio.create_task(connection.aclose(), name=f"close {self.name}")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _ran(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or (error := task.exception()) is None:
            return
        log.error("a brain ended by a fault of ours", provider=self.name, exc_info=error)
        self._events.put(BrainFailed(VoiceAiError.code, self.name))
        self._events.close()
