"""FreeSWITCH's events as ours, and each to who waits for its channel."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from uuid import UUID

from realtime_bridge.call_control import ChannelEvent, ChannelEventKind
from realtime_bridge.esl.wire import PbxEvent

WAITING_EVENTS = 256
_KINDS = {
    "CHANNEL_PROGRESS": ChannelEventKind.RINGING,
    "CHANNEL_PROGRESS_MEDIA": ChannelEventKind.RINGING,
    "CHANNEL_ANSWER": ChannelEventKind.ANSWERED,
    "CHANNEL_BRIDGE": ChannelEventKind.BRIDGED,
    "CHANNEL_UNBRIDGE": ChannelEventKind.UNBRIDGED,
    # Not CHANNEL_HANGUP_COMPLETE: that one waits for whoever writes call detail records.
    "CHANNEL_HANGUP": ChannelEventKind.HUNG_UP,
    "DTMF": ChannelEventKind.DIGIT,
    "PLAYBACK_START": ChannelEventKind.PLAYBACK_STARTED,
    "PLAYBACK_STOP": ChannelEventKind.PLAYBACK_STOPPED,
}
_STREAM = "mod_audio_stream::"
_NOT_A_CAUSE = re.compile(r"[^A-Z0-9_]")
LAST = frozenset({ChannelEventKind.HUNG_UP, ChannelEventKind.LOST})


def cause_of(text: str) -> str:
    """A hangup cause with only the letters that causes have."""
    return _NOT_A_CAUSE.sub("", text.upper())[:64] or "UNSPECIFIED"


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def channel_events(event: PbxEvent) -> tuple[ChannelEvent, ...]:
    """Ours for it: none for what is no channel's, two for a bridge, one of each side."""
    name, channel = event.name, _uuid(event.get("Unique-ID"))
    if channel is None:
        return ()
    if name.startswith(_STREAM):
        stream = name.removeprefix(_STREAM)
        return (ChannelEvent(ChannelEventKind.STREAM, channel, name=stream, body=event.body, at=event.at),)
    kind = _KINDS.get(name)
    if kind is None:
        return ()
    digit = event.get("DTMF-Digit") if kind is ChannelEventKind.DIGIT else ""
    if kind is ChannelEventKind.DIGIT and (len(digit) != 1 or digit not in "0123456789*#"):
        return ()
    other = _uuid(event.get("Other-Leg-Unique-ID"))
    if kind in (ChannelEventKind.BRIDGED, ChannelEventKind.UNBRIDGED):
        # FreeSWITCH tells it once, about one of the two.
        other = _uuid(event.get("Bridge-B-Unique-ID")) or other
        channel = _uuid(event.get("Bridge-A-Unique-ID")) or channel
    one = ChannelEvent(
        kind,
        channel,
        digit=digit,
        cause=cause_of(event.get("Hangup-Cause")) if kind is ChannelEventKind.HUNG_UP else "",
        other_uuid=other,
        file=event.get("Playback-File-Path"),
        at=event.at,
    )
    if other is None or kind not in (ChannelEventKind.BRIDGED, ChannelEventKind.UNBRIDGED):
        return (one,)
    return (one, ChannelEvent(kind, other, other_uuid=channel, at=event.at))


class Subscription:
    """One reader's queue of one channel's events. Ends after the channel's last.

    At most `WAITING_EVENTS` wait; then the oldest that is neither a digit nor the last goes.
    """

    def __init__(self, channel_uuid: UUID) -> None:
        self.channel_uuid = channel_uuid
        self.dropped = 0
        self._waiting: deque[ChannelEvent] = deque()
        self._wake: asyncio.Future[None] | None = None
        self._ended = False

    def put(self, event: ChannelEvent) -> bool:
        """False when another had to go for it."""
        if self._ended:
            return True
        self._ended = event.kind in LAST
        made_room = len(self._waiting) >= WAITING_EVENTS
        if made_room:
            self._drop_one()
        self._waiting.append(event)
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)
        return not made_room

    def _drop_one(self) -> None:
        self.dropped += 1
        for index, event in enumerate(self._waiting):
            if event.kind is not ChannelEventKind.DIGIT:
                del self._waiting[index]
                return
        self._waiting.popleft()

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> ChannelEvent:
        while not self._waiting:
            if self._ended:
                raise StopAsyncIteration
            self._wake = asyncio.get_running_loop().create_future()
            await self._wake
        return self._waiting.popleft()


class Subscriptions:
    """Who waits for which channel."""

    def __init__(self) -> None:
        self._of: dict[UUID, list[Subscription]] = {}

    def channels(self) -> tuple[UUID, ...]:
        return tuple(self._of)

    def add(self, subscription: Subscription) -> bool:
        """True when it is its channel's first."""
        readers = self._of.setdefault(subscription.channel_uuid, [])
        readers.append(subscription)
        return len(readers) == 1

    def remove(self, subscription: Subscription) -> bool:
        """True when it was its channel's last."""
        readers = self._of[subscription.channel_uuid]
        readers.remove(subscription)
        if readers:
            return False
        del self._of[subscription.channel_uuid]
        return True

    def put(self, event: ChannelEvent) -> int:
        """To everyone who waits for its channel; how many other events had to go for it."""
        return sum(not reader.put(event) for reader in self._of.get(event.channel_uuid, ()))
