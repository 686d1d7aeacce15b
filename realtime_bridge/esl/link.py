"""The link to FreeSWITCH as asyncio sees it: commands out, events in, and back again after every loss."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import gevent
import structlog
from gevent.event import Event

from realtime_bridge.esl.event_socket import Address, EventSocket, NoReply, NotConnected, Refused
from realtime_bridge.esl.green_thread import GreenThread
from realtime_bridge.esl.wire import Message, PbxEvent
from voice_ai_service.errors import Unavailable

log = structlog.get_logger()

EVENTS = (
    "CHANNEL_PROGRESS CHANNEL_PROGRESS_MEDIA CHANNEL_ANSWER CHANNEL_BRIDGE CHANNEL_UNBRIDGE CHANNEL_HANGUP "
    "DTMF PLAYBACK_START PLAYBACK_STOP BACKGROUND_JOB CUSTOM mod_audio_stream::connect mod_audio_stream::disconnect "
    "mod_audio_stream::error mod_audio_stream::play"
)
_UNREAD_EVENTS = 4096
"""Between the two threads; beyond it the oldest go, counted. The loop would have to stand still for seconds."""
_STOP_S = 5.0


@dataclass(frozen=True, slots=True)
class LinkTimes:
    """
    Attributes:
        connect_s: For connection and login together.
        command_s: For one command's reply. When it is over, the connection is closed: nothing is known about it.
        idle_s: A connection that was silent for so long is asked whether it is still there.
        first_retry_s, last_retry_s: Pauses between attempts; they double, with a quarter of chance in them.
    """

    connect_s: float = 3.0
    command_s: float = 4.0
    idle_s: float = 5.0
    first_retry_s: float = 0.1
    last_retry_s: float = 5.0


class LinkObserver(Protocol):
    """For metrics. Called on the event loop."""

    def esl_connected(self, again: bool) -> None: ...

    def esl_lost(self, reason: str) -> None:
        """`reason`: closed, no_reply, unreachable or refused."""
        ...

    def esl_events_dropped(self, count: int) -> None: ...


class NobodyWatches:
    """The observer of who wants none."""

    def esl_connected(self, again: bool) -> None:
        pass

    def esl_lost(self, reason: str) -> None:
        pass

    def esl_events_dropped(self, count: int) -> None:
        pass


class EslLink:
    """
    Args:
        on_event: Each event, on the event loop, in order.
        on_connected: After every login, on the event loop; before any command that waited for it.
    """

    def __init__(
        self,
        address: Address,
        *,
        on_event: Callable[[PbxEvent], None],
        on_connected: Callable[[], None],
        observer: LinkObserver | None = None,
        times: LinkTimes | None = None,
    ) -> None:
        self._address, self._times = address, times or LinkTimes()
        self._on_event, self._on_connected = on_event, on_connected
        self._observer: LinkObserver = observer or NobodyWatches()
        self._loop = asyncio.get_running_loop()
        self._unread: deque[PbxEvent] = deque()
        self._unread_lock = threading.Lock()
        self._unread_dropped = 0
        self._socket: EventSocket | None = None
        self._waiting: set[asyncio.Future[Message]] = set()
        self._thread = GreenThread(self._live, "esl")
        self._logins = 0
        self.connected = False

    def start(self) -> None:
        """Begins to connect; returns at once. FreeSWITCH need not be there yet."""
        self._thread.start()

    async def stop(self) -> None:
        """Ends the connection and the thread. Commands that wait fail with `Unavailable`."""
        self._thread.stop()
        if not await asyncio.to_thread(self._thread.join, _STOP_S):
            log.error("the event socket's thread does not end")
        self.connected = False
        for future in list(self._waiting):
            _fail(future, "The bridge is going down")

    async def command(self, text: str) -> Message:
        """Sends one command.

        Raises:
            Unavailable: not connected, or no reply in the command's time.
        """
        if "\n\n" in text:
            raise ValueError("an empty line ends a command")
        if not self.connected:
            raise Unavailable("The PBX cannot be reached")
        future: asyncio.Future[Message] = self._loop.create_future()
        self._waiting.add(future)
        future.add_done_callback(self._waiting.discard)
        if not self._thread.submit(lambda: self._send(text, future)):
            _fail(future, "The PBX cannot be reached")
        return await future

    # In the hub's thread from here.

    def _send(self, text: str, future: asyncio.Future[Message]) -> None:
        socket = self._socket
        try:
            if socket is None:
                raise NotConnected("not connected")
            reply = socket.send(text, self._times.command_s)
        except NotConnected as error:
            late = isinstance(error, NoReply)
            self._on_loop(
                _fail, future, "The PBX did not answer in time" if late else "The PBX cannot be reached"
            )
            if late and socket is not None:
                self._lost_by = "no_reply"
                socket.close()
        else:
            self._on_loop(_answer, future, reply)

    def _live(self, stopped: Event) -> None:
        """Connects, stays, and connects again, until stopped."""
        pause_s = self._times.first_retry_s
        while not stopped.is_set():
            self._lost_by, since = "closed", time.monotonic()
            if self._log_in():
                self._stay(stopped)
                # One that lets us in and throws us out again is not asked ten times a second.
                if time.monotonic() - since > self._times.last_retry_s:
                    pause_s = self._times.first_retry_s
            if stopped.wait(pause_s * random.uniform(0.75, 1.25)):  # noqa: S311
                break
            pause_s = min(pause_s * 2, self._times.last_retry_s)

    def _log_in(self) -> bool:
        socket = EventSocket(self._address, self._read, connect_s=self._times.connect_s)
        try:
            socket.connect()
            # Filters first: without one FreeSWITCH would send the events of every call.
            for command in ("filter Event-Name BACKGROUND_JOB", f"event plain {EVENTS}"):
                reply = socket.send(command, self._times.command_s).headers.get("Reply-Text", "")
                if not reply.startswith("+OK"):
                    raise NotConnected("the events were refused")
        except NotConnected as error:
            socket.close()
            self._on_loop(
                self._failed, "refused" if isinstance(error, Refused) else "unreachable", str(error)
            )
            return False
        self._socket = socket
        self._on_loop(self._came)
        return True

    def _stay(self, stopped: Event) -> None:
        socket = self._socket
        assert socket is not None  # noqa: S101  _log_in has just set it
        try:
            while not stopped.is_set() and not socket.closed.is_set():
                gevent.wait([stopped, socket.closed], timeout=self._times.idle_s / 4, count=1)
                if time.monotonic() - socket.heard_at >= self._times.idle_s:
                    socket.send("api uptime", self._times.command_s)
        except NotConnected as error:
            self._lost_by = "no_reply" if isinstance(error, NoReply) else self._lost_by
        finally:
            self._socket = None
            socket.close()
            if not stopped.is_set():
                self._on_loop(self._went, self._lost_by)

    def _read(self, events: Iterable[PbxEvent]) -> None:
        with self._unread_lock:
            wake = not self._unread
            self._unread.extend(events)
            while len(self._unread) > _UNREAD_EVENTS:
                self._unread.popleft()
                self._unread_dropped += 1
        if wake:
            self._on_loop(self._deliver)

    def _on_loop(self, call: Callable[..., None], *args: object) -> None:
        try:
            self._loop.call_soon_threadsafe(call, *args)
        except RuntimeError:
            # The loop is closed: the process is ending and nobody waits.
            log.debug("the event loop has ended before the event socket")

    # On the event loop from here.

    def _deliver(self) -> None:
        with self._unread_lock:
            events, self._unread = self._unread, deque()
            dropped, self._unread_dropped = self._unread_dropped, 0
        if dropped:
            self._observer.esl_events_dropped(dropped)
        for event in events:
            # Each in a callback of its own: a fault in one takes no other with it.
            self._loop.call_soon(self._on_event, event)

    def _came(self) -> None:
        self.connected = True
        self._logins += 1
        self._observer.esl_connected(self._logins > 1)
        log.info("connected to the PBX's event socket", logins=self._logins)
        self._on_connected()

    def _went(self, reason: str) -> None:
        self.connected = False
        self._observer.esl_lost(reason)
        log.warning("the PBX's event socket is lost", reason=reason)

    def _failed(self, reason: str, detail: str) -> None:
        self._observer.esl_lost(reason)
        log.warning("the PBX's event socket cannot be reached", reason=reason, detail=detail)


def _answer(future: asyncio.Future[Message], reply: Message) -> None:
    if not future.done():
        future.set_result(reply)


def _fail(future: asyncio.Future[Message], why: str) -> None:
    if not future.done():
        future.set_exception(Unavailable(why))
