"""A PBX that calls itself: whichever way works comes back on the leg, frame by frame, as a caller's voice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from uuid import UUID, uuid4

from realtime_bridge.call_control import ChannelEvent
from realtime_bridge.leg import LegFormat, LegListener
from realtime_bridge.playout.ways import WayName
from tests.fakes.ears import PhoneEar
from tests.fakes.file_channel import FileChannel
from voice_ai_service.errors import Unavailable


class EchoingLeg:
    def __init__(self, works: set[WayName]) -> None:
        self.leg_uuid = uuid4()
        self.format = LegFormat()
        loop = asyncio.get_running_loop()
        self.way_back = PhoneEar(loop.time)
        self.channel = FileChannel(self.leg_uuid, names_nothing=WayName.PLAYBACK not in works)
        self.closed = False
        self._socket_plays = WayName.SOCKET in works
        self._listener: LegListener | None = None
        self._timer = loop.call_later(0.02, self._frame)

    def listen(self, listener: LegListener) -> None:
        self._listener = listener

    def tell(self, message: dict[str, object]) -> None:
        self.channel.tell(message)

    async def close(self) -> None:
        self.closed = True
        self._timer.cancel()

    def _frame(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(0.02, self._frame)
        self.way_back.run()
        heard = self.way_back.heard[-1] if self._socket_plays and self.way_back.heard else None
        if heard is None:
            heard = self.channel.sounding
        if self._listener is not None:
            self._listener.on_audio(heard or self.format.silence)


class EchoLines:
    """
    Attributes:
        works: What comes back.
        away: No call can be made.
        legs: All that were opened, in order.
        silences: How each was parked.
    """

    def __init__(self, *works: WayName) -> None:
        self.works = set(works)
        self.away = False
        self.legs: list[EchoingLeg] = []
        self.silences: list[bool] = []

    @asynccontextmanager
    async def open(self, *, silence: bool) -> AsyncIterator[EchoingLeg]:
        if self.away:
            raise Unavailable("the PBX is away")
        leg = EchoingLeg(self.works)
        self.legs.append(leg)
        self.silences.append(silence)
        try:
            yield leg
        finally:
            await leg.close()

    @property
    def connected(self) -> bool:
        return not self.away

    def events(self, channel_uuid: UUID) -> AbstractAsyncContextManager[AsyncIterator[ChannelEvent]]:
        return self._channel(channel_uuid).events(channel_uuid)

    async def play_file(self, channel_uuid: UUID, path: str) -> None:
        await self._channel(channel_uuid).play_file(channel_uuid, path)

    async def break_playback(self, channel_uuid: UUID) -> None:
        await self._channel(channel_uuid).break_playback(channel_uuid)

    async def start_unicast(self, channel_uuid: UUID, ports: object) -> None:
        raise Unavailable("not here")

    def _channel(self, channel_uuid: UUID) -> FileChannel:
        return next(leg.channel for leg in self.legs if leg.leg_uuid == channel_uuid)
