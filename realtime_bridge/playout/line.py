"""What was given to the way back, and when each frame of it reaches the ear. Pure; times are the scheduler's seconds.

A frame leaves when the far end takes it up: at once when nothing is before it, else when the frame before it is
over. It is heard `latency_ms` later. So late frames make a gap at the ear exactly as they do in the far buffer,
and frames that came early wait there.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from realtime_bridge.leg import LegFormat
from realtime_bridge.playout.playing import Playing
from voice_ai_service.audio.formats import PTIME_MS

PTIME_S: Final = PTIME_MS / 1000
_PAST_S: Final = 4.0
"""For how long it is known what left: the stalls that a recording can fill."""
_ROUNDING_S: Final = 1e-9
_SAME_S: Final = 0.0005
"""Less than this apart is the same moment, where a whole frame is looked for."""


@dataclass(slots=True)
class _Slot:
    """
    Attributes:
        left_at: When the far end takes it up.
        start: Where in the reply the frame begins, in bytes.
        frame: Whole; `size` bytes of it are the reply's, the rest is padding.
    """

    left_at: float
    playing: Playing
    start: int
    size: int
    frame: bytes


class Line:
    def __init__(self, leg_format: LegFormat) -> None:
        self._bytes_per_s = 2 * leg_format.sample_rate_hz
        self._silence = leg_format.silence
        self._under_way: deque[_Slot] = deque()
        self._past: deque[tuple[float, bytes]] = deque()
        self._latency_s = 0.0
        self.end = 0.0
        """When the last frame will have left."""
        self.last: Playing | None = None
        """Whose frame that is; None when what follows is not meant to follow without a gap."""

    @property
    def empty(self) -> bool:
        """All that was sent was heard, as of the last `settle`."""
        return not self._under_way

    @property
    def silent_at(self) -> float:
        """When the ear will have heard all that was sent."""
        return self.end + self._latency_s

    def send(self, now: float, playing: Playing, start: int, frame: bytes, latency_s: float) -> bytes:
        """Put a frame on the line. Returns it whole: the last one of a reply is filled with silence."""
        if not self._under_way:
            self._latency_s = latency_s
        size = len(frame)
        if size < len(self._silence):
            frame += self._silence[size:]
        left_at = max(now, self.end)
        self._under_way.append(_Slot(left_at, playing, start, size, frame))
        self.end = left_at + PTIME_S
        self.last = playing
        return frame

    def settle(self, now: float) -> None:
        """Tell the replies what of them was heard."""
        over = now - self._latency_s - PTIME_S + _ROUNDING_S
        slots = self._under_way
        while slots and slots[0].left_at <= over:
            slot = slots.popleft()
            slot.playing.was_heard(slot.start + slot.size)
            self._past.append((slot.left_at, slot.frame))
        while self._past and self._past[0][0] < now - _PAST_S:
            self._past.popleft()

    def heard_of(self, playing: Playing, now: float) -> int:
        """How many bytes of a reply were heard."""
        heard = playing.heard_bytes
        for slot in self._under_way:
            part = self._heard_bytes(slot, now)
            if part <= 0:
                break
            if slot.playing is playing:
                heard = slot.start + part
        return heard

    def cut(self, now: float) -> None:
        """The way back was silenced: give what was not heard back to its replies."""
        self.settle(now)
        for slot in self._under_way:
            heard = max(0, self._heard_bytes(slot, now))
            if heard:
                slot.playing.was_heard(slot.start + heard)
                self._past.append((slot.left_at, slot.frame[:heard]))
            slot.playing.give_back(slot.start + heard)
        self._under_way.clear()
        self.end = min(self.end, now)
        self.last = None

    def give_up(self) -> None:
        """What was sent cannot be stopped: it counts as heard from now on."""
        self.settle(self.silent_at + _SAME_S)
        self.last = None

    def left_until(self, until: float) -> bytes:
        """The 20 ms that left before an instant; silence where nothing did."""
        since = until - PTIME_S
        frame = None
        for left_at, piece in self._around(since, until):
            if abs(left_at - since) < _SAME_S and len(piece) == len(self._silence):
                return piece
            frame = frame or bytearray(len(self._silence))
            self._lay(frame, piece, left_at - since)
        return self._silence if frame is None else bytes(frame)

    def _around(self, since: float, until: float) -> list[tuple[float, bytes]]:
        """What left in a time, or in part."""
        found = []
        for left_at, piece in reversed(self._past):
            if left_at <= since - PTIME_S + _SAME_S:
                break
            if left_at < until - _SAME_S:
                found.append((left_at, piece))
        for slot in self._under_way:
            if slot.left_at >= until - _SAME_S:
                break
            if slot.left_at > since - PTIME_S + _SAME_S:
                found.append((slot.left_at, slot.frame))
        return found

    def _lay(self, frame: bytearray, piece: bytes, offset_s: float) -> None:
        at = 2 * round(offset_s * self._bytes_per_s / 2)
        if at >= 0:
            piece = piece[: len(frame) - at]
        else:
            piece, at = piece[-at:], 0
        frame[at : at + len(piece)] = piece

    def _heard_bytes(self, slot: _Slot, now: float) -> int:
        """How much of a frame was heard, in whole samples."""
        heard_s = now - self._latency_s - slot.left_at
        return min(slot.size, 2 * int(heard_s * self._bytes_per_s / 2 + 1e-6))
