"""The caller's utterance on its way to Gemini."""

from __future__ import annotations

from collections import deque
from typing import Final

from realtime_bridge.providers.gemini_messages import INPUT

_MAX_HELD_MS: Final = 15_000
"""Of an utterance over a reply; beyond it the oldest is forgotten."""


class Caller:
    """The utterance is kept here until it is sure to be one, and as long as it might be no interruption.

    Attributes:
        waits: It is kept here.
        over_reply: It began while a reply was heard.
        size: Bytes of it since the onset; `whole_size` with what was before it.
        words: Its transcript so far.
        began: Gemini heard it begin, and the session was told.
    """

    def __init__(self) -> None:
        self.speaking = False
        self.waits = False
        self.over_reply = False
        self.size = 0
        self.whole_size = 0
        self.words = ""
        self.began = False
        self._kept: deque[bytes] = deque()
        self._kept_size = 0

    def begin(self, pre_roll: bytes, *, over_reply: bool) -> None:
        self.over()
        self.speaking = self.waits = True
        self.over_reply = over_reply
        self.keep(pre_roll)

    def keep(self, coded: bytes) -> None:
        self._kept.append(coded)
        self._kept_size += len(coded)
        self.whole_size += len(coded)
        while self._kept_size > _MAX_HELD_MS * INPUT.bytes_per_ms and len(self._kept) > 1:
            self._kept_size -= len(self._kept.popleft())

    def take(self) -> bytes:
        kept = b"".join(self._kept)
        self._kept.clear()
        self._kept_size = 0
        self.waits = False
        return kept

    def over(self) -> None:
        self.take()
        self.speaking = self.over_reply = False
        self.size = self.whole_size = 0
