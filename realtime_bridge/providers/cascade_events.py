"""From the cascade to the session: one queue in order, and a place where a reply waits until it may be heard."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

from realtime_bridge.providers.seam import BrainEvent, CallerSaid, ReplyAudio, ReplySaid


class EventQueue:
    """Read by one task. Audio is bounded in milliseconds: who makes it waits in `room`. A partial transcript takes
    the place of one that waits; all else comes a few times a turn.
    """

    def __init__(self, bytes_per_ms: int, audio_ms: int) -> None:
        self._events: deque[BrainEvent] = deque()
        self._most_bytes = bytes_per_ms * audio_ms
        self._audio_bytes = 0
        self._closed = False
        self._readable = Changes()
        self._writable = Changes()

    def put(self, event: BrainEvent) -> None:
        if self._closed:
            return
        if isinstance(event, ReplyAudio):
            self._audio_bytes += len(event.samples)
        if _is_partial(event) and self._events and _is_partial(self._events[-1]):
            self._events.pop()
        self._events.append(event)
        self._readable.notify()

    async def room(self) -> None:
        """Returns when audio may be put."""
        await self._writable.until(lambda: self._audio_bytes < self._most_bytes or self._closed)

    def forget(self, reply_id: str) -> None:
        """A reply was interrupted: what of it was not taken yet is not heard."""
        kept: deque[BrainEvent] = deque()
        for event in self._events:
            if isinstance(event, ReplyAudio | ReplySaid) and event.reply_id == reply_id:
                self._taken(event)
            else:
                kept.append(event)
        self._events = kept

    def close(self) -> None:
        """What waits is still read; then the reader ends."""
        self._closed = True
        self._writable.notify()
        self._readable.notify()

    async def read(self) -> AsyncIterator[BrainEvent]:
        while True:
            while self._events:
                event = self._events.popleft()
                self._taken(event)
                yield event
            if self._closed:
                return
            await self._readable.until(lambda: bool(self._events) or self._closed)

    def _taken(self, event: BrainEvent) -> None:
        if isinstance(event, ReplyAudio):
            self._audio_bytes -= len(event.samples)
            if self._audio_bytes < self._most_bytes:
                self._writable.notify()


class Outlet:
    """A reply's way out: kept here until it is released, then straight into the queue."""

    def __init__(self, queue: EventQueue, most_bytes: int) -> None:
        self._queue = queue
        self._most_bytes = most_bytes
        self._kept: list[BrainEvent] = []
        self._kept_bytes = 0
        self._opened = asyncio.Event()

    @property
    def released(self) -> bool:
        return self._opened.is_set()

    def put(self, event: BrainEvent) -> None:
        if self.released:
            self._queue.put(event)
            return
        if isinstance(event, ReplyAudio):
            self._kept_bytes += len(event.samples)
        self._kept.append(event)

    async def room(self) -> None:
        if not self.released and self._kept_bytes >= self._most_bytes:
            await self._opened.wait()
        if self.released:
            await self._queue.room()

    def release(self) -> None:
        kept, self._kept = self._kept, []
        self._opened.set()
        for event in kept:
            self._queue.put(event)


class Changes:
    """Something changed: whoever waits looks again. Cheaper than a condition, and without a lock."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    def notify(self) -> None:
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            try:
                await waiter
            finally:
                self._waiting.remove(waiter)


def _is_partial(event: BrainEvent) -> bool:
    return isinstance(event, CallerSaid) and not event.final
