"""The caller's utterance on its way to Gemini."""

from __future__ import annotations

from collections import deque
from typing import Final

from realtime_bridge.providers.gemini_messages import INPUT

_MAX_HELD_MS: Final = 15_000
"""Of an utterance over a reply; beyond it the oldest is forgotten."""


class Caller:
    """The caller's utterance: being sent, or waiting until the session knows what it is.

    Attributes:
        waits: It is kept here.
        size: Bytes of it so far.
        words: Its transcript so far.
        began: Gemini heard it begin, and the session was told.
    """

    def __init__(self) -> None:
        self.speaking = False
        self.waits = False
        self.size = 0
        self.words = ""
        self.began = False
        self._kept: deque[bytes] = deque()
        self._kept_size = 0

    def begin(self, *, waits: bool) -> None:
        self.over()
        self.speaking = True
        self.waits = waits

    def keep(self, coded: bytes) -> None:
        self._kept.append(coded)
        self._kept_size += len(coded)
        while self._kept_size > _MAX_HELD_MS * INPUT.bytes_per_ms:
            self._kept_size -= len(self._kept.popleft())

    def take(self) -> bytes:
        kept = b"".join(self._kept)
        self._kept.clear()
        self._kept_size = 0
        self.waits = False
        return kept

    def over(self) -> None:
        self.take()
        self.speaking = False
        self.size = 0
