"""A telephone exchange in memory: channels that ring, answer, are parked, bridged and hung up, with their events.

Implements `realtime_bridge.call_control.CallControl` as FreeSWITCH behaves: orders to ring are carried out a moment
later, a bridge ends both legs, what happens while nobody is connected is never told.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from realtime_bridge.call_control import ChannelEvent, ChannelEventKind, HangupCause, RingRequest
from voice_ai_service.calls.destinations import Destination
from voice_ai_service.errors import NotFound, Unavailable, VoiceAiError

Kind = ChannelEventKind


@dataclass(frozen=True)
class Phone:
    """How a destination behaves when it is rung.

    Attributes:
        answers_after_s: None: it rings on.
        ends_after_s, cause: It declines, or fails, so long after the order.
        hangs_up_after_s: After its answer.
        digits: Pressed after the answer, at these seconds.
    """

    answers_after_s: float | None = 2.0
    ends_after_s: float | None = None
    cause: str = "USER_BUSY"
    hangs_up_after_s: float | None = None
    digits: tuple[tuple[float, str], ...] = ()
    available: bool | None = True


@dataclass
class Channel:
    uuid: UUID
    answered: bool = False
    music: bool = False
    stream: str | None = None
    bridged_to: UUID | None = None
    variables: dict[str, str] = field(default_factory=dict)


class FakePbx:
    """
    Attributes:
        orders: Every verb with its first argument, in order.
        fail: Verbs that raise, by name.
        make_channel_s: From an order to ring to the channel.
    """

    def __init__(self, *, make_channel_s: float = 0.05) -> None:
        self.phones: dict[str, Phone] = {}
        self.channels: dict[UUID, Channel] = {}
        self.rung: list[RingRequest] = []
        self.orders: list[tuple[str, object]] = []
        self.fail: dict[str, VoiceAiError] = {}
        self.hanging: set[str] = set()
        """Verbs that the PBX takes and does nothing about."""
        self.make_channel_s = make_channel_s
        self.online = True
        self._listeners: dict[UUID, list[asyncio.Queue[ChannelEvent]]] = {}
        self._behaviour: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> FakePbx:
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._behaviour:
            task.cancel()
        results = await asyncio.gather(*self._behaviour, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    # What tests do to it

    def call_in(self, caller_uuid: UUID) -> Channel:
        """An answered, parked caller with a stream."""
        channel = Channel(caller_uuid, answered=True, stream="ws://bridge/stream")
        self.channels[caller_uuid] = channel
        return channel

    def party_hangs_up(self, channel_uuid: UUID, cause: str = "NORMAL_CLEARING") -> None:
        self._end(channel_uuid, cause)

    def press(self, channel_uuid: UUID, digit: str) -> None:
        self._tell(ChannelEvent(Kind.DIGIT, channel_uuid, digit=digit))

    def disconnect(self) -> None:
        """The control connection is cut; the calls go on."""
        self.online = False

    def reconnect(self) -> None:
        self.online = True
        for channel_uuid in self._listeners:
            if channel_uuid not in self.channels:
                self._tell(ChannelEvent(Kind.LOST, channel_uuid))

    def restart(self) -> None:
        """The whole exchange dies and comes back empty."""
        self.online = False
        self.channels.clear()
        self.reconnect()

    def later(self, seconds: float, act: object, *arguments: object) -> None:
        assert callable(act)

        async def wait() -> None:
            await asyncio.sleep(seconds)
            act(*arguments)

        self._start(wait())

    # CallControl

    @property
    def connected(self) -> bool:
        return self.online

    @asynccontextmanager
    async def events(self, channel_uuid: UUID) -> AsyncIterator[AsyncIterator[ChannelEvent]]:
        queue: asyncio.Queue[ChannelEvent] = asyncio.Queue(256)
        self._listeners.setdefault(channel_uuid, []).append(queue)

        async def read() -> AsyncIterator[ChannelEvent]:
            while True:
                event = await queue.get()
                yield event
                if event.kind in (Kind.HUNG_UP, Kind.LOST):
                    return

        try:
            yield read()
        finally:
            self._listeners[channel_uuid].remove(queue)
            if not self._listeners[channel_uuid]:
                del self._listeners[channel_uuid]

    async def exists(self, channel_uuid: UUID) -> bool:
        await self._order("exists", channel_uuid)
        return channel_uuid in self.channels

    async def hang_up(self, channel_uuid: UUID, cause: HangupCause = HangupCause.NORMAL_CLEARING) -> None:
        await self._order("hang_up", channel_uuid)
        self._end(channel_uuid, cause.value)

    async def ring(self, request: RingRequest) -> None:
        await self._order("ring", request.destination.number)
        self.rung.append(request)
        if "ring" not in self.hanging:
            self._start(self._ringing(request, self.phones[request.destination.number]))

    async def bridge(self, one: UUID, other: UUID) -> None:
        await self._order("bridge", one)
        first, second = self._channel(one), self._channel(other)
        if "bridge" in self.hanging:
            return
        assert first.answered, "a leg that is not answered cannot be bridged"
        assert second.answered, "a leg that is not answered cannot be bridged"
        for channel, peer in ((first, second), (second, first)):
            channel.bridged_to = peer.uuid
            self._tell(ChannelEvent(Kind.BRIDGED, channel.uuid, other_uuid=peer.uuid))

    async def available(self, destination: Destination, domain_name: str) -> bool | None:
        await self._order("available", destination.number)
        return self.phones[destination.number].available

    async def start_music(self, channel_uuid: UUID) -> None:
        await self._order("start_music", channel_uuid)
        self._channel(channel_uuid).music = True

    async def stop_music(self, channel_uuid: UUID) -> None:
        await self._order("stop_music", channel_uuid)
        self._channel(channel_uuid).music = False

    async def start_stream(self, channel_uuid: UUID, url: str, sample_rate_hz: int) -> None:
        await self._order("start_stream", channel_uuid)
        self._channel(channel_uuid).stream = url

    async def stop_stream(self, channel_uuid: UUID) -> None:
        await self._order("stop_stream", channel_uuid)
        self._channel(channel_uuid).stream = None

    async def set_variable(self, channel_uuid: UUID, name: str, value: str) -> None:
        await self._order("set_variable", channel_uuid)
        self._channel(channel_uuid).variables[name] = value

    # Inside

    async def _order(self, verb: str, about: object) -> None:
        if not self.online:
            raise Unavailable("The PBX cannot be reached")
        self.orders.append((verb, about))
        await asyncio.sleep(0.001)
        if verb in self.fail:
            raise self.fail[verb]
        if not self.online:
            raise Unavailable("The PBX cannot be reached")

    def _channel(self, channel_uuid: UUID) -> Channel:
        if channel_uuid not in self.channels:
            raise NotFound("No such channel")
        return self.channels[channel_uuid]

    async def _ringing(self, request: RingRequest, phone: Phone) -> None:
        await asyncio.sleep(self.make_channel_s)
        leg = request.channel_uuid
        self.channels[leg] = Channel(leg)
        self._tell(ChannelEvent(Kind.RINGING, leg))
        if phone.ends_after_s is not None:
            await asyncio.sleep(phone.ends_after_s)
            self._end(leg, phone.cause)
            return
        if phone.answers_after_s is None or phone.answers_after_s > request.ring_s:
            await asyncio.sleep(request.ring_s)
            self._end(leg, "NO_ANSWER")
            return
        await asyncio.sleep(phone.answers_after_s)
        if leg not in self.channels:
            return
        self.channels[leg].answered = True
        self._tell(ChannelEvent(Kind.ANSWERED, leg))
        for at_s, digit in phone.digits:
            self.later(at_s, self.press, leg, digit)
        if phone.hangs_up_after_s is not None:
            await asyncio.sleep(phone.hangs_up_after_s)
            self._end(leg, "NORMAL_CLEARING")

    def _end(self, channel_uuid: UUID, cause: str) -> None:
        channel = self.channels.pop(channel_uuid, None)
        if channel is None:
            return
        self._tell(ChannelEvent(Kind.HUNG_UP, channel_uuid, cause=cause))
        if channel.bridged_to is not None:
            self._end(channel.bridged_to, "NORMAL_CLEARING")

    def _tell(self, event: ChannelEvent) -> None:
        if self.online:
            for queue in self._listeners.get(event.channel_uuid, ()):
                queue.put_nowait(event)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._behaviour.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or task.exception() is None:  # failures wait for the end of the test
            self._behaviour.discard(task)
