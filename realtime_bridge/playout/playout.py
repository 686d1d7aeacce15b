"""Replies to one ear: one buffer, one pacer, and the truth about what was heard."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final

from realtime_bridge.leg import LegFormat, WayBack
from realtime_bridge.playout.line import PTIME_S, Line
from realtime_bridge.playout.observer import PlayoutObserver
from realtime_bridge.playout.playing import Playing
from realtime_bridge.playout.sample_clock import SampleClock
from realtime_bridge.playout.scheduler import Scheduler, Timer, next_cushion_s
from voice_ai_service.errors import VoiceAiError

_SILENT_WITHIN_S: Final = 0.060
"""A pause that takes effect by itself in this time needs no `clear` of the way."""
_EARLY_S: Final = 0.001
"""A timer may fire this much early."""
_LEAST_GAP_MS: Final = 1.0


class Playout:
    """Frames go out on an absolute clock of 20 ms: the line's, which a late tick does not move. A pause, or a gap,
    moves what follows; never is more sent at once than the far end's cushion and the way's lead need, so that no
    delay builds up.

    All methods belong on the event loop. The way is opened before and closed after by whoever made it.

    Args:
        cushion_s: How early frames are sent; by default every call has its own, 15 to 30 ms.
    """

    def __init__(
        self,
        way: WayBack,
        leg_format: LegFormat,
        scheduler: Scheduler,
        observer: PlayoutObserver,
        *,
        cushion_s: float | None = None,
    ) -> None:
        self._way = way
        self._format = leg_format
        self._scheduler = scheduler
        self._observer = observer
        self._cushion_s = next_cushion_s() if cushion_s is None else cushion_s
        self._line = Line(leg_format)
        self._inbound = SampleClock()
        self._replies: deque[Playing] = deque()
        """All that did not end, in order."""
        self._paused = False
        self._starved = True
        self._unflushed = False
        self._pumping = False
        self._closed = False
        self._timer: Timer | None = None
        self._cutting: asyncio.Task[None] | None = None
        self._news: list[Callable[[], None]] = []

    def reply(self, *, interruptible: bool = True) -> Playing:
        """A new reply, heard after all that are there already. After `close` it is one that was interrupted."""
        playing = Playing(self, self._format, interruptible=interruptible)
        if self._closed:
            playing.interrupt()
            playing.end()
        else:
            self._replies.append(playing)
        return playing

    @property
    def current(self) -> Playing | None:
        """The reply that is being heard, or is to be heard next."""
        return self._replies[0] if self._replies else None

    @property
    def speaking(self) -> bool:
        """Something is being heard now, or would be but for a short gap."""
        return self._cutting is None and self._scheduler.time() < self._line.silent_at

    @property
    def paused(self) -> bool:
        return self._paused

    def pause(self) -> None:
        """Silence at the ear within 60 ms; what was not heard by then is kept."""
        if self._paused:
            return
        self._paused = True
        self._line.last = None
        if self._line.silent_at - self._scheduler.time() > _SILENT_WITHIN_S:
            self._cut()

    def resume(self) -> None:
        """Go on at the first sample that was not heard."""
        if not self._paused:
            return
        self._paused = False
        self._pump()

    async def clear(self, *, keep_uninterruptible: bool = False) -> None:
        """Drop the current and all queued replies; returns when the ear is silent and `heard_ms` is final.

        Ends a pause. A way that cannot be silenced is told to the observer; what it was sent is heard, then.

        Args:
            keep_uninterruptible: Replies that may not be interrupted are heard nevertheless.
        """
        gone = [reply for reply in self._replies if not (keep_uninterruptible and not reply.interruptible)]
        for reply in gone:
            reply.interrupt()
        self._paused = False
        if any(reply.sent for reply in gone):
            await asyncio.shield(self._cut())
        for reply in gone:
            self._end(reply)
        self._pump()

    async def close(self) -> None:
        """No more playing out: all replies end as interrupted. The way is left as it is."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._cutting is not None:
            await asyncio.shield(self._cutting)
        self._line.settle(self._scheduler.time())
        while self._replies:
            self._replies[0].interrupt()
            self._end(self._replies[0])

    def reference(self) -> bytes:
        """Once for each frame of the party that arrives: the 20 ms that left for its ear while it was taken."""
        self._inbound.arrived(self._scheduler.time())
        return self._line.left_until(self._inbound.at)

    # For replies.

    def heard_bytes(self, playing: Playing) -> int:
        return playing.heard_bytes if playing.ended else self._line.heard_of(playing, self._scheduler.time())

    def on_written(self) -> None:
        if self._starved:
            self._pump()

    def on_dropped(self, size: int) -> None:
        self._observer.on_dropped(size // self._format.bytes_per_ms)

    # The pacer.

    def _tick(self, when: float) -> None:
        self._timer = None
        had_audio = not self._starved and not self._paused
        self._pump()
        if had_audio:
            self._observer.on_tick(max(0.0, self._scheduler.time() - when) * 1000)

    def _pump(self) -> None:
        if self._pumping or self._closed:
            return
        self._pumping = True
        now = self._scheduler.time()
        self._line.settle(now)
        self._end_heard()
        if not self._paused and self._cutting is None:
            self._send(now)
        self._arm(now)
        self._pumping = False
        self._tell()

    def _send(self, now: float) -> None:
        line, frame_bytes = self._line, self._format.frame_bytes
        horizon = now + self._ahead_s() + _EARLY_S
        was_starved, self._starved = self._starved, False
        for reply in self._replies:
            if reply.interrupted:
                continue
            while line.end < horizon:
                taken = reply.take(frame_bytes)
                if taken is None:
                    break
                if line.last is reply:
                    self._note_gap((now - line.end) * 1000, was_starved)
                frame = line.send(now, reply, *taken, self._way.latency_ms / 1000)
                self._way.send(frame)
                self._unflushed = True
            else:
                return
            if not reply.all_sent:
                self._starved = True
                return
        self._starved = True
        if self._unflushed:
            self._unflushed = False
            self._way.flush()

    def _ahead_s(self) -> float:
        """So much before it is needed a frame is sent."""
        return self._cushion_s + self._way.lead_ms / 1000

    def _arm(self, now: float) -> None:
        """Set the timer to the next frame's time, or to the moment in which all that was sent was heard."""
        idle = self._starved or self._paused or self._cutting is not None
        if idle and self._line.empty:
            when = math.inf
        else:
            when = self._line.end - self._ahead_s()
            if idle:  # marks are still to be told
                when = min(max(when, now + PTIME_S), max(self._line.silent_at, now))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if when < math.inf:
            self._timer = self._scheduler.call_at(when, partial(self._tick, when))

    def _end_heard(self) -> None:
        while self._replies:
            first = self._replies[0]
            first.marks_heard(self._note_mark)
            if first.interrupted or not first.all_heard:
                return
            self._end(first)

    def _end(self, reply: Playing) -> None:
        if not reply.ended:
            self._replies.remove(reply)
            reply.end()

    def _cut(self) -> asyncio.Task[None]:
        if self._cutting is None:
            self._cutting = asyncio.create_task(self._silence_way(), name="silence the way back")
        return self._cutting

    async def _silence_way(self) -> None:
        silenced = False
        try:
            await self._way.clear()
            silenced = True
        except VoiceAiError:
            self._observer.on_clear_failed()
        finally:
            self._cutting = None
            if silenced:
                self._line.cut(self._scheduler.time())
            else:
                self._line.give_up()
        self._pump()

    def _note_gap(self, gap_ms: float, was_starved: bool) -> None:
        if gap_ms >= _LEAST_GAP_MS:
            self._news.append(partial(self._observer.on_gap, gap_ms, starved=was_starved))

    def _note_mark(self, playing: Playing, name: str) -> None:
        self._news.append(partial(self._observer.on_mark, playing, name))

    def _tell(self) -> None:
        while self._news:
            news, self._news = self._news, []
            for tell in news:
                tell()
