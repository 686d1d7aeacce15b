"""What one connection to OpenAI knows of its responses and of the caller's utterances."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Final

from realtime_bridge.providers.vendor import WireAudio

_REMEMBERED: Final = 32


@dataclass(slots=True)
class _Response:
    audio_bytes: OrderedDict[str, int] = field(default_factory=OrderedDict)
    """By message item, in the order of the items."""
    over: bool = False


class SpokenItems:
    """Which items of a response hold how much audio: truncation names items, callers hear replies."""

    def __init__(self, audio: WireAudio) -> None:
        self._bytes_per_ms = audio.bytes_per_ms
        self._responses: OrderedDict[str, _Response] = OrderedDict()

    def item(self, response_id: str, item_id: str) -> None:
        """A message item; audio may follow."""
        self._of(response_id).audio_bytes.setdefault(item_id, 0)

    def received(self, response_id: str, item_id: str, size: int) -> None:
        audio = self._of(response_id).audio_bytes
        audio[item_id] = audio.get(item_id, 0) + size

    def over(self, response_id: str) -> None:
        """No more audio comes."""
        self._of(response_id).over = True

    def cut(self, response_id: str, heard_ms: int) -> list[tuple[str, int]]:
        """Items that were not heard whole and how much of them was, in ms; 0: nothing."""
        response = self._responses.pop(response_id, None)
        if response is None:
            return []
        left_ms = max(0, heard_ms)
        cuts: list[tuple[str, int]] = []
        for item_id, size in response.audio_bytes.items():
            length_ms = size // self._bytes_per_ms
            if not size or (response.over and left_ms >= length_ms):
                left_ms -= length_ms
                continue
            cuts.append((item_id, min(left_ms, length_ms)))
            left_ms = max(0, left_ms - length_ms)
        return cuts

    def _of(self, response_id: str) -> _Response:
        response = self._responses.setdefault(response_id, _Response())
        while len(self._responses) > _REMEMBERED:
            self._responses.popitem(last=False)
        return response


class Utterances:
    """Transcripts of the caller's items as they grow; each is final once."""

    def __init__(self) -> None:
        self._growing: OrderedDict[str, str] = OrderedDict()
        self._final: deque[str] = deque(maxlen=_REMEMBERED)

    def grow(self, item_id: str, text: str) -> str | None:
        """The whole text so far; None after it was final."""
        if item_id in self._final:
            return None
        self._growing[item_id] = self._growing.get(item_id, "") + text
        while len(self._growing) > _REMEMBERED:
            self._growing.popitem(last=False)
        return self._growing[item_id]

    def finish(self, item_id: str) -> bool:
        """Whether this is the first time."""
        if item_id in self._final:
            return False
        self._final.append(item_id)
        self._growing.pop(item_id, None)
        return True
