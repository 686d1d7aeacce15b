"""The replies of one connection: each begins once and ends once, and gives nothing more after it was cut off."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final

from realtime_bridge.providers.seam import ReplyBegan, ReplyFinished, ReplySaid
from realtime_bridge.providers.vendor import Audio, Oddity, Steps, Tell

_REMEMBERED: Final = 64
"""Replies that late messages may still name."""

LATE_AUDIO: Final = "late_audio"
LATE_TEXT: Final = "late_text"
CUT_AUDIO: Final = "cut_audio"
CUT_TEXT: Final = "cut_text"
DOUBLE_END: Final = "double_end"


@dataclass(slots=True)
class _Reply:
    reply_id: str
    finished: bool = False
    cut: bool = False


class Replies:
    """
    Args:
        new_id: Gives reply ids, unique in the call.

    `key` is the vendor's name for a reply, or one of the adapter's.
    """

    def __init__(self, new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self._replies: OrderedDict[Hashable, _Reply] = OrderedDict()
        self._tokens = [0, 0]

    @property
    def open(self) -> bool:
        """A reply began and is not finished."""
        return any(not reply.finished for reply in self._replies.values())

    def known(self, key: Hashable) -> bool:
        return key in self._replies

    def cut(self, key: Hashable) -> bool:
        reply = self._replies.get(key)
        return reply is not None and reply.cut

    def key_of(self, reply_id: str) -> Hashable | None:
        return next((key for key, reply in self._replies.items() if reply.reply_id == reply_id), None)

    def audio(self, key: Hashable, coded: bytes) -> Steps:
        """Begins the reply where it is new."""
        steps = self._begin(key)
        reply = self._replies[key]
        if reply.cut or reply.finished:
            return [Oddity(CUT_AUDIO if reply.cut else LATE_AUDIO)]
        return [*steps, Audio(reply.reply_id, coded)]

    def said(self, key: Hashable, text: str, language: str) -> Steps:
        steps = self._begin(key)
        reply = self._replies[key]
        if reply.cut or reply.finished:
            return [Oddity(CUT_TEXT if reply.cut else LATE_TEXT)]
        return [*steps, Tell(ReplySaid(reply.reply_id, text, language))] if text else steps

    def cut_off(self, key: Hashable) -> None:
        """Nothing more of it is wanted; it ends when the vendor says so."""
        if (reply := self._replies.get(key)) is not None:
            reply.cut = True

    def used(self, prompt_tokens: int, completion_tokens: int) -> None:
        """Tokens, told with the next reply that ends."""
        self._tokens[0] += prompt_tokens
        self._tokens[1] += completion_tokens

    def finish(self, key: Hashable, *, even_if_silent: bool = False) -> Steps:
        """
        Args:
            even_if_silent: A reply without a sound is one too: somebody waits for it.
        """
        steps: Steps = []
        reply = self._replies.get(key)
        if reply is None:
            if not even_if_silent:
                return []
            steps = self._begin(key)
            reply = self._replies[key]
        if reply.finished:
            return [Oddity(DOUBLE_END)]
        reply.finished = True
        (prompt, completion), self._tokens = self._tokens, [0, 0]
        finished = ReplyFinished(reply.reply_id, prompt_tokens=prompt, completion_tokens=completion)
        return [*steps, Tell(finished)]

    def finish_all(self) -> Steps:
        """The connection ends."""
        return [
            step
            for key in [key for key, reply in self._replies.items() if not reply.finished]
            for step in self.finish(key)
        ]

    def _begin(self, key: Hashable) -> Steps:
        if key in self._replies:
            return []
        reply = self._replies[key] = _Reply(self._new_id())
        while len(self._replies) > _REMEMBERED:
            oldest = next((old for old, one in self._replies.items() if one.finished), None)
            if oldest is None:
                break
            del self._replies[oldest]
        return [Tell(ReplyBegan(reply.reply_id))]
