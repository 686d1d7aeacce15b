"""A channel whose stream is the open mod_audio_stream's: it makes files, and plays them only when it is told to."""

from __future__ import annotations

import asyncio
import base64
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from realtime_bridge.call_control import ChannelEvent, ChannelEventKind
from voice_ai_service.errors import Unavailable


@dataclass
class FileChannel:
    """Stream socket and event socket of one channel; time is the running loop's.

    Attributes:
        naming_s: From a `streamAudio` to the module's `play` event.
        starting_s: From the verb to the sound of an idle channel.
        breaking_s: How long the break takes to be answered; the sound ends then.
        names_nothing: Another module: no `play` event ever comes.
        played: The samples that were heard, also the parts of files that were broken off.
    """

    channel_uuid: UUID
    naming_s: float = 0.02
    starting_s: float = 0.02
    breaking_s: float = 0.001
    names_nothing: bool = False
    folder: str = "/tmp"
    connected: bool = True
    broken: bool = False
    played: bytearray = field(default_factory=bytearray)
    files: dict[str, bytes] = field(default_factory=dict)
    ordered: list[str] = field(default_factory=list)
    breaks: int = 0
    told: list[dict[str, object]] = field(default_factory=list)
    gaps_s: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._queue: deque[str] = deque()
        self._listeners: list[asyncio.Queue[ChannelEvent]] = []
        self._current: tuple[str, float] | None = None
        self._ended_at: float | None = None

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def tell(self, message: dict[str, object]) -> None:
        message = json.loads(json.dumps(message))
        self.told.append(message)
        data = message["data"]
        if message["type"] != "streamAudio" or not isinstance(data, dict) or self.names_nothing:
            return
        samples = base64.b64decode(data.pop("audioData"), validate=True)
        ending = {8000: "r8", 16000: "r16"}[data["sampleRate"]]
        file = f"{self.folder}/{self.channel_uuid}_{len(self.files)}.tmp.{ending}"
        self.files[file] = samples
        self._later(
            self.naming_s, ChannelEventKind.STREAM, name="play", body=json.dumps({**data, "file": file})
        )

    @asynccontextmanager
    async def events(self, channel_uuid: UUID) -> AsyncIterator[AsyncIterator[ChannelEvent]]:
        assert channel_uuid == self.channel_uuid
        queue: asyncio.Queue[ChannelEvent] = asyncio.Queue()
        self._listeners.append(queue)
        try:
            yield _each(queue)
        finally:
            self._listeners.remove(queue)

    async def play_file(self, channel_uuid: UUID, path: str) -> None:
        if self.broken:
            raise Unavailable("the PBX is away")
        self.ordered.append(path)
        self._queue.append(path)
        await asyncio.sleep(0.0003)
        if self._current is None and len(self._queue) == 1:
            asyncio.get_running_loop().call_later(self.starting_s, self._start_next)

    async def break_playback(self, channel_uuid: UUID) -> None:
        self.breaks += 1
        await asyncio.sleep(self.breaking_s)
        if self.broken:
            raise Unavailable("the PBX is away")
        self._queue.clear()
        if self._current is not None:
            file, since = self._current
            self.played += self.files[file][: 2 * int((self.now - since) * 8000 + 1e-6)]
            self._stop(file)

    @property
    def sounding(self) -> bytes | None:
        """The 20 ms that began last; None while nothing plays."""
        if self._current is None:
            return None
        file, since = self._current
        at = 320 * int((self.now - since) / 0.020)
        return self.files[file][at : at + 320].ljust(320, b"\0")

    def put(self, event: ChannelEvent) -> None:
        for queue in self._listeners:
            queue.put_nowait(event)

    def _start_next(self) -> None:
        if self._current is not None or not self._queue:
            return
        file = self._queue.popleft()
        if self._ended_at is not None:
            self.gaps_s.append(self.now - self._ended_at)
        self._current = (file, self.now)
        self.put(ChannelEvent(ChannelEventKind.PLAYBACK_STARTED, self.channel_uuid, file=file, at=self.now))
        duration_s = len(self.files[file]) / 16000
        self._ending = asyncio.get_running_loop().call_later(duration_s, self._over, file)

    def _over(self, file: str) -> None:
        self.played += self.files[file]
        self._stop(file)
        self._start_next()

    def _stop(self, file: str) -> None:
        self._ending.cancel()
        self._current = None
        self._ended_at = self.now
        self.put(ChannelEvent(ChannelEventKind.PLAYBACK_STOPPED, self.channel_uuid, file=file, at=self.now))

    def _later(self, seconds: float, kind: ChannelEventKind, *, name: str, body: str) -> None:
        event = ChannelEvent(kind, self.channel_uuid, name=name, body=body, at=self.now + seconds)
        asyncio.get_running_loop().call_later(seconds, self.put, event)


async def _each(queue: asyncio.Queue[ChannelEvent]) -> AsyncIterator[ChannelEvent]:
    while True:
        yield await queue.get()
