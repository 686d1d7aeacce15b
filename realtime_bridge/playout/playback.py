"""The way back over files: what the open mod_audio_stream offers (facts: it plays nothing itself).

`streamAudio` on the call's own socket makes the module write a file on the PBX; its `play` event names the file; the
event socket has the channel play it. Seen on FreeSWITCH 1.11.1: 20 to 45 ms from our message to the sound, no gap
between files that were queued in time, and one frame of the caller's audio lost to us wherever one file follows
another. So files are as long as may be: what is collected goes out only shortly before the ear needs it.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

import structlog

from realtime_bridge.call_control import ChannelEvent, ChannelEventKind
from realtime_bridge.leg import LegFormat
from realtime_bridge.playout.observer import WayObserver
from realtime_bridge.playout.scheduler import Scheduler, Timer
from voice_ai_service.audio.formats import PTIME_MS
from voice_ai_service.errors import InvalidInput, NotFound, Unavailable

PLAYBACK_LEAD_MS: Final = 1000
_MARGIN_S: Final = 0.250
"""A file is told of so long before the one before it ends; the PBX took 45 ms at most."""
_SHORTEST_MS: Final = 80
_SHORTEST_WAIT_S: Final = 0.060
"""Where audio only trickles, a first file waits this long to become `_SHORTEST_MS`."""
_FIRST_LATENCY_MS: Final = 45
_LATENCY_MS: Final = (10, 200)
_LATENCY_WEIGHT: Final = 0.25
_UNANSWERED_S: Final = 2.0
_MOST_TOLD: Final = 64
_MOST_STALE: Final = 16
_BODY_BYTES: Final = 4096
_PATH: Final = re.compile(r"(?:/[A-Za-z0-9_.-]+)+")

_log = structlog.get_logger()


class StreamSocket(Protocol):
    """The call's socket. `realtime_bridge.leg.Leg` is one."""

    def tell(self, message: dict[str, object]) -> None: ...


class FilePlayer(Protocol):
    """The verbs of the PBX that this way needs; `realtime_bridge.esl` has them.

    Both verbs raise Unavailable, NotFound (the channel is gone), and InvalidInput.
    """

    @property
    def connected(self) -> bool: ...

    def events(self, channel_uuid: UUID) -> AbstractAsyncContextManager[AsyncIterator[ChannelEvent]]: ...

    async def play_file(self, channel_uuid: UUID, path: str) -> None:
        """Queue it behind what the channel plays; returns when it is queued."""
        ...

    async def break_playback(self, channel_uuid: UUID) -> None:
        """End what the channel plays and forget what is queued."""
        ...


@dataclass(frozen=True, slots=True)
class _Chunk:
    """
    Attributes:
        first: Nothing was playing when it was told of: its start tells the way's latency.
    """

    told_at: float
    duration_ms: int
    first: bool


class PlaybackWay:
    """Implements `realtime_bridge.leg.WayBack` for one channel of a PBX.

    Args:
        scheduler: Its seconds are those of `ChannelEvent.at`.
    """

    def __init__(
        self,
        channel_uuid: UUID,
        leg_format: LegFormat,
        socket: StreamSocket,
        player: FilePlayer,
        *,
        scheduler: Scheduler,
        observer: WayObserver,
    ) -> None:
        self._channel_uuid = channel_uuid
        self._format = leg_format
        self._socket = socket
        self._player = player
        self._scheduler = scheduler
        self._observer = observer
        self._collected: list[bytes] = []
        self._collected_since = 0.0
        self._ends_at = 0.0
        """When the ear will have heard all that was told of."""
        self._timer: Timer | None = None
        self._numbers = 0
        self._told: dict[str, _Chunk] = {}
        """Chunks whose file is not named yet, by the name that we gave them; at most 64, the oldest goes."""
        self._queued: dict[str, _Chunk] = {}
        """Files that the channel was told to play and did not end; at most 64, the oldest goes."""
        self._stale: deque[str] = deque(maxlen=_MOST_STALE)
        self._silenced_at = 0.0
        self._latency_ms = float(_FIRST_LATENCY_MS)
        self._follower: asyncio.Task[None] | None = None
        self._file_name = re.compile(rf"{re.escape(str(channel_uuid))}_\d{{1,9}}\.tmp\.r(?:8|16)")

    @property
    def lead_ms(self) -> int:
        return PLAYBACK_LEAD_MS

    @property
    def latency_ms(self) -> int:
        """As measured on this call."""
        return round(self._latency_ms)

    async def open(self) -> None:
        """Raises Unavailable when the event socket is not connected: without it nothing is ever played."""
        if not self._player.connected:
            raise Unavailable("the PBX's event socket is not connected")
        following = asyncio.Event()
        self._follower = asyncio.create_task(self._follow(following), name="files of the way back")
        await following.wait()

    def send(self, frame: bytes) -> None:
        if not self._collected:
            self._collected_since = self._scheduler.time()
        self._collected.append(frame)
        if self._timer is None:
            self._arm(self._ends_at - _MARGIN_S)

    def flush(self) -> None:
        if self._collected and self._scheduler.time() >= self._ends_at:
            self._tell()

    async def clear(self) -> None:
        """Raises Unavailable or NotFound when the PBX cannot be told; what it has is played, then."""
        self._forget()
        stale = list(self._queued)
        if not stale:
            return
        self._queued.clear()
        self._stale.extend(stale)
        await self._player.break_playback(self._channel_uuid)
        self._silenced_at = self._scheduler.time()

    async def close(self) -> None:
        self._forget()
        if self._follower is not None:
            self._follower.cancel()
            await asyncio.gather(self._follower, return_exceptions=True)
            self._follower = None

    def _forget(self) -> None:
        """Nothing that was not played yet will be."""
        self._collected.clear()
        self._told.clear()
        self._ends_at = 0.0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self, when: float) -> None:
        self._timer = self._scheduler.call_at(max(when, self._scheduler.time()), self._due)

    def _due(self) -> None:
        self._timer = None
        wait_until = self._collected_since + _SHORTEST_WAIT_S
        if len(self._collected) * PTIME_MS < _SHORTEST_MS and self._scheduler.time() < wait_until:
            self._arm(wait_until)
        elif self._collected:
            self._tell()

    def _tell(self) -> None:
        now = self._scheduler.time()
        samples, duration_ms = b"".join(self._collected), len(self._collected) * PTIME_MS
        self._collected.clear()
        name = str(self._numbers)
        self._numbers += 1
        self._told[name] = _Chunk(now, duration_ms, first=now >= self._ends_at)
        self._give_up_old(now)
        self._socket.tell(
            {
                "type": "streamAudio",
                "data": {
                    "audioDataType": "raw",
                    "sampleRate": self._format.sample_rate_hz,
                    "chunk": name,
                    "audioData": base64.b64encode(samples).decode("ascii"),
                },
            }
        )
        self._ends_at = max(self._ends_at, now + self._latency_ms / 1000) + duration_ms / 1000

    def _give_up_old(self, now: float) -> None:
        """Chunks that the module never made a file of: another module, or the event socket is away."""
        while self._told:
            name = next(iter(self._told))
            if len(self._told) <= _MOST_TOLD and now - self._told[name].told_at < _UNANSWERED_S:
                return
            self._lost(self._told.pop(name), "the module named no file")

    def _lost(self, chunk: _Chunk, reason: str) -> None:
        _log.warning("audio was not played", call_uuid=str(self._channel_uuid), reason=reason)
        self._observer.on_lost(chunk.duration_ms)

    async def _follow(self, following: asyncio.Event) -> None:
        try:
            async with self._player.events(self._channel_uuid) as events:
                following.set()
                async for event in events:
                    await self._take(event)
        except Exception:
            _log.exception("the PBX's events are not followed any more", call_uuid=str(self._channel_uuid))
            raise
        finally:
            following.set()

    async def _take(self, event: ChannelEvent) -> None:
        match event.kind:
            case ChannelEventKind.STREAM if event.name == "play":
                await self._play(event.body)
            case ChannelEventKind.PLAYBACK_STARTED:
                await self._started(event)
            case ChannelEventKind.PLAYBACK_STOPPED:
                self._queued.pop(event.file, None)

    async def _play(self, body: str) -> None:
        named = _named(body)
        if named is None:
            return
        name, file = named
        chunk = self._told.pop(name, None)
        if chunk is None:  # cleared meanwhile
            return
        if (
            not (_PATH.fullmatch(file) and self._file_name.fullmatch(file.rsplit("/", 1)[-1]))
            or "/.." in file
        ):
            self._lost(chunk, "the module named a file that is none of this channel's")
            return
        self._queued[file] = chunk
        if len(self._queued) > _MOST_TOLD:
            del self._queued[next(iter(self._queued))]
        try:
            await self._player.play_file(self._channel_uuid, file)
        except (Unavailable, NotFound, InvalidInput) as error:
            self._queued.pop(file, None)
            self._lost(chunk, error.code)

    async def _started(self, event: ChannelEvent) -> None:
        chunk = self._queued.get(event.file)
        if chunk is not None and chunk.first:
            measured = min(max((event.at - chunk.told_at) * 1000, _LATENCY_MS[0]), _LATENCY_MS[1])
            self._latency_ms += (measured - self._latency_ms) * _LATENCY_WEIGHT
        elif event.file in self._stale and event.at > self._silenced_at > 0:
            # The channel had taken it from its queue when the break came, and began it after that.
            try:
                await self._player.break_playback(self._channel_uuid)
            except (Unavailable, NotFound) as error:
                _log.warning("a file was not stopped", call_uuid=str(self._channel_uuid), reason=error.code)


def _named(body: str) -> tuple[str, str] | None:
    """Our chunk's name and the file that the module made of it; None: no event of ours."""
    if len(body) > _BODY_BYTES:
        return None
    try:
        said = json.loads(body)
    except ValueError:
        return None
    if not isinstance(said, dict):
        return None
    name, file = said.get("chunk"), said.get("file")
    return (name, file) if isinstance(name, str) and isinstance(file, str) else None
