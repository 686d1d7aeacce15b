"""The caller's present utterance, kept so that it can be told again over another connection."""

from __future__ import annotations

from collections import deque
from typing import Final

_BEFORE_MS: Final = 500
"""A vendor that owns the turns says late that the caller began."""


class Utterance:
    """
    Args:
        most_ms: Beyond it the beginning is forgotten.
        owns_turns: The vendor says, a moment late, when the caller began; else `begin` brings the audio before it.

    Attributes:
        speaking: It goes on.
        kept: It is over, and nobody has answered it yet.
    """

    def __init__(self, sample_rate_hz: int, most_ms: int, *, owns_turns: bool) -> None:
        per_ms = 2 * sample_rate_hz // 1000
        self._most_bytes = most_ms * per_ms
        self._before_bytes = _BEFORE_MS * per_ms if owns_turns else 0
        self._frames: deque[bytes] = deque()
        self._size = 0
        self._missed: deque[bytes] = deque()
        self._missed_size = 0
        self.speaking = False
        self.kept = False

    @property
    def samples(self) -> bytes:
        return b"".join(self._frames)

    def hear(self, frame: bytes) -> None:
        if self.speaking:
            self._keep(frame, self._most_bytes)
        elif self._before_bytes and not self.kept:
            self._keep(frame, self._before_bytes)

    def missed(self, frame: bytes) -> None:
        """There was no connection. Only a vendor that owns the turns must hear what nobody took for speech."""
        if not self._before_bytes or self.speaking:
            return
        self._missed.append(frame)
        self._missed_size += len(frame)
        while self._missed_size > self._most_bytes:
            self._missed_size -= len(self._missed.popleft())

    def take_missed(self) -> bytes:
        missed, self._missed, self._missed_size = b"".join(self._missed), deque(), 0
        return missed

    def begin(self, pre_roll: bytes) -> None:
        self.forget()
        self.speaking = True
        self._keep(pre_roll, self._most_bytes)

    def begun_already(self) -> None:
        """The vendor heard it begin a moment ago."""
        if self.kept:
            self.forget()
        self.speaking = True

    def end(self) -> None:
        self.speaking = False
        self.kept = True

    def answered(self) -> None:
        """What is over needs not be told again."""
        if not self.speaking:
            self.forget()

    def forget(self) -> None:
        self._frames.clear()
        self._size = 0
        self.speaking = self.kept = False

    def _keep(self, samples: bytes, most: int) -> None:
        self._frames.append(samples)
        self._size += len(samples)
        while self._size > most and len(self._frames) > 1:
            self._size -= len(self._frames.popleft())
