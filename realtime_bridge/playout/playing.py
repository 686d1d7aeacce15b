"""One reply on its way to the ear."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

from realtime_bridge.leg import LegFormat

ROOM_MS: Final = 10_000
"""`room` waits while more than this is not sent yet."""
_MOST_MS: Final = 30_000
"""A write that comes on top of more is dropped: whoever writes does not wait for room."""
_TRIM_BYTES: Final = 64 * 1024


class Player(Protocol):
    """What a reply asks of its playout."""

    def heard_bytes(self, playing: Playing) -> int:
        """Of this reply, at this moment."""
        ...

    def on_written(self) -> None: ...

    def on_dropped(self, size: int) -> None: ...


class Playing:
    """A reply's handle: whoever speaks writes, marks and finishes; whoever decides asks what was heard.

    Made by `Playout.reply`. Ends exactly once: heard to its end, or interrupted.

    Attributes:
        interruptible: For the barge-in policy; the playout itself stops what it is told to stop.
        interrupted: It ended, or is about to, before its end was heard.
    """

    __slots__ = (
        "_base",
        "_buffer",
        "_ended",
        "_finished",
        "_format",
        "_heard",
        "_marks",
        "_player",
        "_room",
        "_sent",
        "_written",
        "interrupted",
        "interruptible",
    )

    def __init__(self, player: Player, leg_format: LegFormat, *, interruptible: bool) -> None:
        self.interruptible = interruptible
        self.interrupted = False
        self._player = player
        self._format = leg_format
        self._buffer = bytearray()
        self._base = 0
        """Where in the reply the buffer begins; this and the following count the reply's bytes."""
        self._written = 0
        self._sent = 0
        self._heard = 0
        self._finished = False
        self._marks: deque[tuple[int, str]] = deque()
        self._ended = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    def write(self, samples: bytes) -> None:
        """Mono L16 at the leg's rate, any length, also a half sample. Never blocks; see `room`.

        Audio for a reply that is over is dropped and counted.
        """
        waiting = self._written - self._sent
        if self._finished or self.interrupted or waiting > _MOST_MS * self._format.bytes_per_ms:
            self._player.on_dropped(len(samples))
            return
        self._buffer += samples
        self._written += len(samples)
        if waiting + len(samples) > ROOM_MS * self._format.bytes_per_ms:
            self._room.clear()
        self._player.on_written()

    async def room(self) -> None:
        """Returns when no more than 10 s wait to be sent, or when the reply is over."""
        await self._room.wait()

    def finish(self) -> None:
        """Nothing more will be written. Again does nothing."""
        if self._finished or self.interrupted:
            return
        if self._written % 2:
            del self._buffer[-1]
            self._written -= 1
        self._finished = True
        self._player.on_written()

    def mark(self, name: str) -> None:
        """At the current write position; the observer gets it when that was heard, or never."""
        if self.interrupted or self._ended.is_set():
            return
        self._marks.append((self._written, name))
        self._player.on_written()

    async def done(self) -> None:
        """Returns when it was heard to its end, or was interrupted."""
        await self._ended.wait()

    @property
    def ended(self) -> bool:
        return self._ended.is_set()

    @property
    def finished(self) -> bool:
        """Nothing more is to be written: all of it is there, though not all may have been heard."""
        return self._finished

    @property
    def heard_ms(self) -> int:
        """How much of it the party heard up to this moment; stays as it is once the reply ended."""
        return self._player.heard_bytes(self) // self._format.bytes_per_ms

    @property
    def audio_ms(self) -> int:
        """How much was written."""
        return self._written // self._format.bytes_per_ms

    # What follows is for the playout only.

    @property
    def heard_bytes(self) -> int:
        """Of what was settled: `heard_ms` adds what is being heard."""
        return self._heard

    @property
    def sent(self) -> int:
        return self._sent

    @property
    def all_sent(self) -> bool:
        return self._finished and self._sent >= self._written

    @property
    def all_heard(self) -> bool:
        return self._finished and self._heard >= self._written

    def take(self, size: int) -> tuple[int, bytes] | None:
        """The next frame and where it begins; None: there is no whole one, nor the reply's last."""
        start = self._sent
        if self._written - start < size and not (self._finished and start < self._written):
            return None
        at = start - self._base
        frame = bytes(self._buffer[at : at + size])
        self._sent = start + len(frame)
        if not self._room.is_set() and self._written - self._sent <= ROOM_MS * self._format.bytes_per_ms:
            self._room.set()
        return start, frame

    def give_back(self, position: int) -> None:
        """What follows `position` was sent and will not be heard: it is to be sent again."""
        self._sent = min(self._sent, position)

    def was_heard(self, position: int) -> None:
        self._heard = position
        if position - self._base > _TRIM_BYTES:
            del self._buffer[: position - self._base]
            self._base = position

    def marks_heard(self, notify: Callable[[Playing, str], None]) -> None:
        while self._marks and self._marks[0][0] <= self._heard:
            notify(self, self._marks.popleft()[1])

    def interrupt(self) -> None:
        """It will not be heard to its end: takes no more audio."""
        self.interrupted = True
        self._room.set()

    def end(self) -> None:
        self._buffer = bytearray()
        self._marks.clear()
        self._room.set()
        self._ended.set()
