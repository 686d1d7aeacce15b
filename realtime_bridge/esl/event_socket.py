"""greenswitch, made fit to depend on. Lives in a gevent hub's thread and nowhere else.

From greenswitch: the connection, authentication, and which reply belongs to which command. Ours: reading (it decodes an
event before it splits it), whole sends (it may send half a command), time-outs, and commands that fail when the
connection ends instead of waiting for ever.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import gevent
from gevent.event import AsyncResult, Event
from gevent.lock import RLock
from greenswitch import InboundESL
from greenswitch.esl import NotConnectedError

from realtime_bridge.esl.wire import Message, MessageReader, PbxEvent, WireFault

_RECEIVE_BYTES = 64 * 1024


class NotConnected(Exception):
    """There is no connection, or it ended before the reply came."""


class Refused(NotConnected):
    """FreeSWITCH does not let us in: the password, or its access list."""


class NoReply(NotConnected):
    """The command's time is over. The connection is in an unknown state and has to be closed."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where FreeSWITCH's event socket is; IPv4 or a name."""

    host: str = "127.0.0.1"
    port: int = 8021
    password: str = "ClueCon"  # noqa: S105  FreeSWITCH's own default, which its documentation prints

    def __repr__(self) -> str:
        return f"Address(host={self.host!r}, port={self.port})"


class EventSocket(InboundESL):  # type: ignore[misc]  # greenswitch has no types
    """One connection, from `connect` to its end.

    Args:
        on_events: Gets the events of each read, in order, in the hub's thread.
        connect_s: For the connection and the authentication together.
    """

    def __init__(
        self, address: Address, on_events: Callable[[Iterable[PbxEvent]], None], *, connect_s: float
    ) -> None:
        # Ours comes first: greenswitch's own says the same as a refusal.
        super().__init__(address.host, address.port, address.password, timeout=connect_s + 1)
        self._on_events = on_events
        self._connect_s = connect_s
        self._writing = RLock()
        self.closed = Event()
        self.heard_at = time.monotonic()

    def connect(self) -> None:
        """
        Raises:
            Refused: wrong password, or not on FreeSWITCH's access list.
            NotConnected: nobody there, or too slow.
        """
        try:
            with gevent.Timeout(self._connect_s, NotConnected("no answer in time")):
                super().connect()
        except ValueError:
            self.close()
            raise Refused("the password is wrong") from None
        except NotConnectedError:
            self.close()
            raise Refused("the connection was closed before the login") from None
        except (OSError, NotConnected) as error:
            self.close()
            raise NotConnected(str(error)) from None

    def start_event_handlers(self) -> None:
        self._receive_events_greenlet = gevent.spawn(self.receive_events)

    def send(self, data: str, timeout_s: float | None = None) -> Message:
        """One command, without its last two line ends.

        Raises:
            NotConnected, NoReply.
        """
        waiting: AsyncResult[Message] = AsyncResult()
        with self._writing:
            if not self.connected:
                raise NotConnected("not connected")
            self._commands_sent.append(waiting)
            try:
                self.sock.sendall((data + "\n\n").encode("utf-8"))
            except OSError as error:
                raise NotConnected(str(error)) from None
        try:
            reply: Message = waiting.get(timeout=timeout_s)
        except gevent.Timeout:
            raise NoReply("no reply in time") from None
        return reply

    def receive_events(self) -> None:
        reader = MessageReader()
        try:
            while data := self.sock.recv(_RECEIVE_BYTES):
                self.heard_at = time.monotonic()
                events = [event for message in reader.feed(data) for event in self._taken(message)]
                if events:
                    self._on_events(events)
        except (OSError, WireFault):
            pass  # the connection's end, by whatever name; `closed` says so
        finally:
            self._end()

    def _taken(self, message: Message) -> Iterable[PbxEvent]:
        match message.content_type:
            case "text/event-plain":
                return (PbxEvent(message.body, self.heard_at),)
            case "command/reply" | "api/response" if self._commands_sent:
                message.headers.setdefault("Reply-Text", "")
                self._commands_sent.pop(0).set(message)
            case "auth/request":
                self._auth_request_event.set()
            case "text/disconnect-notice" | "text/rude-rejection":
                raise WireFault(message.content_type)
        return ()

    def _end(self) -> None:
        self._run = self.connected = False
        # The socket stays open as long as greenswitch's file of it, which nobody reads, does.
        if hasattr(self, "sock_file"):
            self.sock_file.close()
        self.sock.close()
        for waiting in self._commands_sent:
            if not waiting.ready():
                waiting.set_exception(NotConnected("the connection ended"))
        self._commands_sent.clear()
        self._auth_request_event.set()
        self.closed.set()

    def close(self) -> None:
        """Ends the connection; again does nothing. Commands that wait fail."""
        reading = self._receive_events_greenlet
        if reading is not None:
            reading.kill()
        if hasattr(self, "sock") and not self.closed.is_set():
            self._end()
