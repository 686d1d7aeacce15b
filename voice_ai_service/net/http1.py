"""HTTP/1.1 for answers that come in many small pieces: asyncio and httptools, and nothing between them.

General clients pass every piece of an answer through half a dozen layers, which costs a call more CPU than all of its
audio. This one knows POST, one origin a pool, connections that are used again, and bodies as they come.

HttpFailure
├── HttpTimeout   no connection in time, or the server was silent for too long
├── HttpGone      no connection, or it was cut
└── HttpBroken    what came is not HTTP/1.1 (RFC 9112)
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Final, Protocol, Self, cast

import httptools
import httpx

_READ_AHEAD_BYTES: Final = 512 * 1024
"""Above this the server is not read until somebody takes what came."""
_MAX_HEAD_BYTES: Final = 64 * 1024
_REST_S: Final = 1.0
"""How long an answer that nobody reads any more may take to end, so that its connection can be used again."""


class HttpFailure(Exception):
    """Base of what goes wrong on the wire."""


class HttpTimeout(HttpFailure):
    """No connection in time, or the server was silent for too long."""


class HttpGone(HttpFailure):
    """There is no connection, or it was cut before the answer's end."""


class HttpBroken(HttpFailure):
    """What came is not HTTP."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a pool's connections lead. `host`: ASCII, no brackets; `authority` as in `Host` (RFC 9110 7.2)."""

    scheme: str
    host: str
    port: int
    authority: str

    @classmethod
    def of(cls, url: str) -> Origin:
        """Raises ValueError for a URL that is none, or not http(s)."""
        try:
            parsed = httpx.URL(url)
            host = parsed.raw_host.decode("ascii")
            authority = parsed.netloc.decode("ascii")
        except (httpx.InvalidURL, UnicodeError) as error:
            raise ValueError("no URL") from error
        if parsed.scheme not in ("http", "https") or not host:
            raise ValueError("not an http or https URL")
        port = parsed.port if parsed.port is not None else (443 if parsed.scheme == "https" else 80)
        if not 0 < port < 65536:
            raise ValueError("no port")
        return cls(parsed.scheme, host, port, authority)


class Dialer(Protocol):
    """Opens connections, wherever they may lead; see `net.dial`."""

    async def dial(self, origin: Origin, connection: asyncio.Protocol) -> None:
        """Raises OSError when nobody is there, and what a policy raises."""
        ...


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """
    Attributes:
        connections: At a time; further requests wait for one of them, as long as for a connection.
        keepalive_s: An idle connection that is older is not used again.
    """

    connections: int = 200
    keepalive_s: float = 60.0


class Answer:
    """One response. Whoever has it takes all of it, or calls `leave` or `hang_up`."""

    def __init__(self, connection: _Connection, read_s: float) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self._connection = connection
        self._read_s = read_s
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpResponseParser(self)
        self._pieces: list[bytes] = []
        self._held_bytes = 0
        self._head_bytes = 0
        self._until_close = False
        self._failure: HttpFailure | None = None
        self._complete = False
        self._unread = False
        self._waiter: asyncio.Future[None] | None = None
        self._last_at = self._loop.time()
        self._timer: asyncio.TimerHandle | None = self._loop.call_later(read_s, self._look)
        self.began = False
        """Whether a byte of it came."""

    @property
    def complete(self) -> bool:
        return self._complete

    @property
    def left(self) -> bool:
        """Nobody reads it any more, and it may end by itself."""
        return self._unread

    async def head(self) -> None:
        """Returns when `status` and `headers` are known. Raises HttpFailure."""
        while not self.status and self._failure is None:
            await self._wait()
        if not self.status and self._failure is not None:
            raise self._failure

    async def next(self) -> bytes | None:
        """All that came since the last call, or None at the end. Raises HttpFailure."""
        while not self._pieces:
            if self._failure is not None:
                raise self._failure
            if self._complete:
                return None
            await self._wait()
        pieces, self._pieces = self._pieces, []
        if self._held_bytes >= _READ_AHEAD_BYTES:
            self._connection.resume_reading()
        self._held_bytes = 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    async def body(self, most_bytes: int) -> bytes:
        """The whole body, cut off at `most_bytes`. Raises HttpFailure."""
        found = bytearray()
        while len(found) < most_bytes and (piece := await self.next()) is not None:
            found += piece
        return bytes(found[:most_bytes])

    def leave(self) -> None:
        """What is left of it is of no interest; it may end by itself, soon, to spare the connection."""
        if self._complete or self._failure is not None:
            return
        self._unread = True
        self._pieces, self._held_bytes = [], 0
        self._connection.resume_reading()
        self._end_timer()
        self._timer = self._loop.call_later(_REST_S, self.hang_up)

    def hang_up(self) -> None:
        """The server sees that nobody listens any more. Nothing happens after its end."""
        if not self._complete and self._failure is None:
            self.fail(HttpGone("hung up"))

    def fail(self, failure: HttpFailure) -> None:
        """No more comes."""
        if self._complete or self._failure is not None:
            return
        self._failure = failure
        self._end_timer()
        self._connection.abort()
        self._wake()

    def feed(self, data: bytes) -> None:
        self.began = True
        self._last_at = self._loop.time()
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if self._complete:
                self._connection.abort()  # more than was asked for
            self.fail(HttpBroken(str(error)))

    def lost(self, error: Exception | None) -> None:
        """The connection is no more."""
        if self._failure is not None:
            return
        if self._until_close and self.status and error is None:
            self._connection.keep = False
            self._end()
        else:
            self.fail(HttpGone(str(error or "closed in the middle of an answer")))

    # httptools calls these.

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > _MAX_HEAD_BYTES:
            raise ValueError("too many headers")
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if self._complete:
            raise ValueError("an answer that nobody asked for")
        status = self._parser.get_status_code()
        if status < 200:  # interim (RFC 9110 15.2): the answer follows
            self.headers.clear()
            return
        self.status = status
        headers = self.headers
        self._until_close = "content-length" not in headers and "transfer-encoding" not in headers
        self._wake()

    def on_body(self, body: bytes) -> None:
        if self._unread:
            return
        self._pieces.append(body)
        before = self._held_bytes
        self._held_bytes += len(body)
        if before < _READ_AHEAD_BYTES <= self._held_bytes:
            self._connection.pause_reading()
        self._wake()

    def on_message_complete(self) -> None:
        if self.status:
            self._connection.keep = self._parser.should_keep_alive()
            self._end()

    def _end(self) -> None:
        if self._complete:
            return
        self._complete = True
        self._end_timer()
        self._connection.answered()
        self._wake()

    async def _wait(self) -> None:
        waiter = self._waiter = self._loop.create_future()
        self._last_at = max(self._last_at, self._loop.time())
        try:
            await waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _look(self) -> None:
        """Only a silence that somebody waits in counts: from the last byte, or from the beginning of the wait."""
        silent_s = self._loop.time() - self._last_at if self._waiter is not None else 0.0
        if silent_s >= self._read_s - 0.001:
            self.fail(HttpTimeout("silent for too long"))
        else:
            self._timer = self._loop.call_later(self._read_s - silent_s, self._look)

    def _end_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _Connection(asyncio.Protocol):
    """One at a time: request, answer, and again."""

    def __init__(self, pool: HttpPool) -> None:
        self._pool = pool
        self._transport: asyncio.Transport | None = None
        self._answer: Answer | None = None
        self._reading = True
        self.keep = True
        self.used = False
        self.idle_since = 0.0

    @property
    def alive(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def request(self, head: bytes, body: bytes, read_s: float) -> Answer:
        answer = self._answer = Answer(self, read_s)
        if self._transport is None:
            answer.fail(HttpGone("closed"))
        else:
            self._transport.write(head + body)
        return answer

    def answered(self) -> None:
        self._answer, self.used = None, True
        self.resume_reading()
        transport = self._transport
        if transport is None or not self.keep or transport.get_write_buffer_size():
            self.abort()
        else:
            self._pool.give_back(self)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def pause_reading(self) -> None:
        if self._reading and self._transport is not None:
            self._reading = False
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if not self._reading and self._transport is not None and not self._transport.is_closing():
            self._reading = True
            self._transport.resume_reading()

    # asyncio calls these.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance

    def data_received(self, data: bytes) -> None:
        if self._answer is None:
            self.abort()  # nobody asked: not to be believed (response splitting)
        else:
            self._answer.feed(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        answer, self._answer = self._answer, None
        if answer is not None:
            answer.lost(error)
        self._pool.lost(self)


class HttpPool:
    """Connections to one origin. Whoever made it closes it."""

    def __init__(self, origin: Origin, dialer: Dialer, limits: PoolLimits | None = None) -> None:
        self._origin = origin
        self._dialer = dialer
        self._limits = limits or PoolLimits()
        self._idle: list[_Connection] = []
        self._all: set[_Connection] = set()
        self._dialling = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._closed = False

    @property
    def origin(self) -> Origin:
        return self._origin

    async def post(self, head: bytes, body: bytes, *, connect_s: float, read_s: float) -> Answer:
        """Sends a request and returns when the answer's head is there.

        Args:
            head: Request line and headers with the empty line, `Content-Length` included.
            connect_s: For a connection; also to wait for one where all are in use.
            read_s: The longest silence of the server while somebody waits for it.

        Raises:
            HttpFailure: See the module; and what the dialer's policy raises.
        """
        while True:
            connection = await self._take(connect_s)
            used = connection.used
            answer = connection.request(head, body, read_s)
            try:
                await answer.head()
            except HttpGone:
                # A server may close an idle connection in the moment it is used again (RFC 9112 9.3.1).
                if used and not answer.began and not self._closed:
                    continue
                raise
            except BaseException:
                answer.hang_up()
                raise
            return answer

    async def warm(self, connect_s: float) -> None:
        """Opens a connection where none is idle, so that a request that is about to come finds one.

        Raises:
            HttpFailure: None could be had; and what the dialer's policy raises.
        """
        found = None if self._closed else self._from_idle()
        if found is None:
            if len(self._all) + self._dialling >= self._limits.connections:
                return
            try:
                async with asyncio.timeout(connect_s):
                    found = await self._dial()
            except TimeoutError as error:
                raise HttpTimeout("no connection in time") from error
            found.used = True  # it may be closed again before anybody uses it
        self.give_back(found)

    async def aclose(self) -> None:
        """Cuts what is open."""
        self._closed = True
        for connection in list(self._all):
            connection.abort()
        self._idle.clear()
        self._next_may_dial()
        await asyncio.sleep(0)

    def give_back(self, connection: _Connection) -> None:
        if self._closed:
            connection.abort()
            return
        connection.idle_since = asyncio.get_running_loop().time()
        self._idle.append(connection)
        self._next_may_dial()

    def lost(self, connection: _Connection) -> None:
        self._all.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        self._next_may_dial()

    async def _take(self, connect_s: float) -> _Connection:
        if self._closed:
            raise HttpGone("closed")
        found = self._from_idle()
        if found is not None:
            return found
        try:
            async with asyncio.timeout(connect_s):
                while len(self._all) + self._dialling >= self._limits.connections:
                    waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                    self._waiting.append(waiter)
                    await waiter
                    found = self._from_idle()
                    if found is not None:
                        return found
                return await self._dial()
        except TimeoutError as error:
            raise HttpTimeout("no connection in time") from error

    async def _dial(self) -> _Connection:
        connection = _Connection(self)
        self._dialling += 1
        try:
            await self._dialer.dial(self._origin, connection)
        except OSError as error:
            raise HttpGone(str(error)) from error
        finally:
            self._dialling -= 1
        if not connection.alive or self._closed:
            connection.abort()
            raise HttpGone("closed at once")
        self._all.add(connection)
        return connection

    def _from_idle(self) -> _Connection | None:
        oldest = asyncio.get_running_loop().time() - self._limits.keepalive_s
        while self._idle:
            connection = self._idle.pop()
            if connection.alive and connection.idle_since >= oldest:
                return connection
            connection.abort()
        return None

    def _next_may_dial(self) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
