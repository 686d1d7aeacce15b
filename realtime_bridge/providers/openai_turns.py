"""What may be asked of OpenAI now: the caller's audio, the response that is active, tools without a result."""

from __future__ import annotations

from collections import deque
from typing import Final

from realtime_bridge.providers import openai_realtime_messages as wire
from realtime_bridge.providers.vendor import Send, Steps, WireAudio

_UNNAMED: Final = ""
"""A response that is active and that we have not heard of."""
_REMEMBERED: Final = 64


class CallerBuffer:
    """The caller's audio at the vendor that was not committed yet."""

    def __init__(self, audio: WireAudio) -> None:
        self._bytes_per_ms = audio.bytes_per_ms
        self.size = 0
        self.speaking = False

    @property
    def ms(self) -> int:
        return self.size // self._bytes_per_ms

    def clear(self) -> Steps:
        if not self.size:
            return []
        self.size = 0
        return [Send(wire.CLEAR)]


class Responses:
    """Which response is active, and which one is wished for: there is never more than one.

    Attributes:
        asking: Event id of a `response.create` that nothing was heard of yet.
        wished: Another response, once none is active.
        failures: Responses in a row that failed.
    """

    def __init__(self) -> None:
        self.active: str | None = None
        self.asking: str | None = None
        self.wished = False
        self.failures = 0
        self._cancelled: str | None = None
        self._over: deque[str] = deque(maxlen=_REMEMBERED)
        self._asked = 0

    @property
    def busy(self) -> bool:
        return self.active is not None or self.asking is not None

    @property
    def waiting(self) -> bool:
        return self.busy or self.wished

    def want(self) -> str | None:
        """The event id to ask with now; None: it waits."""
        self.wished = self.busy
        if self.wished:
            return None
        self._asked += 1
        self.asking = f"ask_{self._asked}"
        return self.asking

    def forget_wishes(self) -> None:
        self.wished = False

    def created(self, response_id: str) -> None:
        self.asking = None
        if response_id not in self._over:
            self.active = response_id

    def cancel(self, response_id: str) -> bool:
        """Whether to ask for it: only what is active, and only once."""
        if self.active != response_id or self._cancelled == response_id:
            return False
        self._cancelled = response_id
        return True

    def done(self, response_id: str) -> bool:
        """Whether this is the first time."""
        if response_id in self._over:
            return False
        self._over.append(response_id)
        if self.active in (response_id, _UNNAMED):
            self.active = None
        elif self.active is None:
            self.asking = None  # its creation was not announced
        return True

    def was_active_already(self) -> None:
        """What we asked for was refused because of a response that we do not know of."""
        self.asking = None
        self.wished = True
        self.active = self.active or _UNNAMED


class ToolCalls:
    """Tool calls of this connection. A response may ask for several; words follow when all are answered."""

    def __init__(self) -> None:
        self._response_of: dict[str, str] = {}
        self._open: set[str] = set()
        self._speak: set[str] = set()

    @property
    def open(self) -> bool:
        return bool(self._open)

    def known(self, call_id: str) -> bool:
        return call_id in self._response_of

    def of(self, response_id: str) -> bool:
        """Whether that response asked for any."""
        return response_id in self._response_of.values()

    def asked(self, call_id: str, response_id: str) -> None:
        self._response_of[call_id] = response_id
        self._open.add(call_id)

    def answered(self, call_id: str, *, speak: bool) -> bool | None:
        """Whether words are wanted now; None: it was answered before."""
        if call_id not in self._open:
            return None
        self._open.discard(call_id)
        response_id = self._response_of[call_id]
        if speak:
            self._speak.add(response_id)
        if any(self._response_of[other] == response_id for other in self._open):
            return False
        wanted = response_id in self._speak
        self._speak.discard(response_id)
        return wanted
