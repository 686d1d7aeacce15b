"""One WebSocket to a vendor: connected within its time, kept alive by pings, sent to in order, read with back-pressure.

Every failure leaves as an error of our tree or as `LineClosed`; vendors' text only in `detail`, for debug logs.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidMessage,
    InvalidStatus,
    InvalidURI,
    WebSocketException,
)
from websockets.protocol import State

from voice_ai_service.clock import Clock
from voice_ai_service.errors import InvalidInput, ProviderError, ProviderRefused
from voice_ai_service.net.addresses import Address as Address4or6
from voice_ai_service.net.addresses import Network
from voice_ai_service.net.guard import check_port, resolve_public
from voice_ai_service.providers.sdk_errors import retry_after_s
from voice_ai_service.providers.wire import faults
from voice_ai_service.providers.wire.messages import broken

MAX_MESSAGE_BYTES: Final = 4 * 1024 * 1024
"""A whole reply's description with its text; audio comes in pieces far smaller."""
_READ_AHEAD: Final = 32
_MAX_WAITING: Final = 1000
"""Commands that the vendor does not take; they are a few a turn."""
_CLOSES_S: Final = 0.5

log = structlog.get_logger()

_ITS_FAULT: Final = frozenset({1002, 1003, 1007, 1009})
"""Codes that we end a connection with when the vendor's frames are wrong or too big (RFC 6455, section 7.4.1)."""

_silent = logging.getLogger("voice_ai_service.providers.wire.line")
_silent.propagate = False
_silent.addHandler(logging.NullHandler())
_silent.setLevel(logging.CRITICAL + 1)
"""The library would log what vendors and callers say."""


class LineClosed(Exception):
    """The vendor ended the connection, or it broke (code 1006). `reason` is the vendor's: never shown."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"closed with {code}")
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Address:
    """Where to connect.

    Attributes:
        headers: With the key in them; never logged.
        checked: A tenant typed it in, or it came over the wire: no proxy, and only to where tenants may reach.
    """

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    checked: bool = True


@dataclass(frozen=True, slots=True)
class LineLimits:
    """
    Attributes:
        connect_s: For name, TCP, TLS and the WebSocket's handshake together.
        heartbeat_s: Between pings; as long again without a pong is a dead connection.
        audio_messages: Audio that waits for a vendor who does not take it; beyond it the oldest goes.
    """

    connect_s: float = 3.0
    heartbeat_s: float = 4.0
    audio_messages: int = 500


class Line:
    """An open connection. Made by `open_line`; whoever made it closes it.

    Attributes:
        dropped: Messages of audio that the vendor did not take in time.
    """

    def __init__(self, connection: ClientConnection, name: str, limits: LineLimits) -> None:
        self._connection = connection
        self._name = name
        self._limits = limits
        self._waiting: deque[tuple[bool, str]] = deque()
        self._audio_waiting = 0
        self._wake = asyncio.Event()
        self._writer = asyncio.create_task(self._write(), name=f"write to {name}")
        self._writer.add_done_callback(self._stopped_writing)
        self.dropped = 0

    @property
    def alive(self) -> bool:
        """As far as is known: nobody ended it."""
        return self._connection.state is State.OPEN

    def send(self, text: str) -> None:
        """A command. Kept in order with the audio and never dropped: a vendor that takes none is cut off."""
        if len(self._waiting) - self._audio_waiting >= _MAX_WAITING:
            self.abort()
            return
        self._waiting.append((False, text))
        self._wake.set()

    def send_audio(self, text: str) -> None:
        """20 ms or so of the caller."""
        if self._audio_waiting >= self._limits.audio_messages:
            self._drop_oldest_audio()
        self._waiting.append((True, text))
        self._audio_waiting += 1
        self._wake.set()

    async def receive(self) -> str | bytes:
        """The next message. Cancelling it loses none. Raises LineClosed, ProviderProtocol."""
        try:
            return await self._connection.recv()
        except ConnectionClosed as error:
            if error.rcvd is None:
                if error.sent is not None and error.sent.code in _ITS_FAULT:
                    raise broken(self._name, "not a WebSocket's frames", error.sent.reason) from error
                raise LineClosed(1006, error.sent.reason if error.sent else "cut") from error
            raise LineClosed(error.rcvd.code, error.rcvd.reason) from error

    async def deliver(self, message: str | bytes) -> None:
        """Sends, and waits as long as the vendor takes no more; for whoever has a queue of their own.

        Not for a line that `send` is used on too: the order would be lost. Raises LineClosed.
        """
        try:
            await self._connection.send(message)
        except ConnectionClosed as error:
            received = error.rcvd
            raise LineClosed(
                received.code if received else 1006, received.reason if received else "cut"
            ) from error

    def abort(self) -> None:
        """Ends it at once, without a goodbye."""
        self._connection.transport.abort()

    async def aclose(self) -> None:
        """Says goodbye, for half a second at most; again does nothing."""
        self._writer.cancel()
        await asyncio.gather(self._writer, return_exceptions=True)
        try:
            await self._connection.close()
        finally:
            self.abort()

    async def _write(self) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._waiting:
                    is_audio, text = self._waiting.popleft()
                    self._audio_waiting -= is_audio
                    await self._connection.send(text)
        except ConnectionClosed:
            return  # whoever reads is told

    def _stopped_writing(self, writer: asyncio.Task[None]) -> None:
        if not writer.cancelled() and (error := writer.exception()) is not None:
            log.error(
                "a provider is not written to any more", provider=self._name, error=type(error).__name__
            )
            self.abort()

    def _drop_oldest_audio(self) -> None:
        for at, (is_audio, _) in enumerate(self._waiting):
            if is_audio:
                del self._waiting[at]
                self._audio_waiting -= 1
                self.dropped += 1
                return


@dataclass(frozen=True, slots=True)
class Lines:
    """Opens connections for one provider.

    Attributes:
        name: The registry's, for errors.
        allowed_networks: What a checked address may reach although private.
    """

    name: str
    clock: Clock
    allowed_networks: Collection[Network] = ()

    async def open(self, address: Address, limits: LineLimits) -> Line:
        """Raises ProviderError."""
        try:
            async with asyncio.timeout(limits.connect_s):
                return Line(await self._connect(address, limits), self.name, limits)
        except TimeoutError as error:
            raise faults.silent(self.name, "not connected in time") from error
        except InvalidStatus as error:
            raise self._of_status(error) from error
        except InvalidInput as error:
            raise self._address(error) from error
        except ssl.SSLCertVerificationError as error:
            raise faults.refused(
                self.name, "has no certificate that we trust", detail=str(error), field="settings.base_url"
            ) from error
        except (OSError, EOFError, UnicodeError, InvalidMessage) as error:
            raise faults.gone(self.name, repr(error)) from error
        except (InvalidHandshake, InvalidURI, WebSocketException, ValueError) as error:
            raise broken(self.name, "no WebSocket", repr(error)) from error

    async def _connect(self, address: Address, limits: LineLimits) -> ClientConnection:
        options: dict[str, Any] = {}
        parts = urlsplit(address.url)
        if parts.scheme == "wss":
            options["ssl"] = await asyncio.to_thread(trusted)
        if address.checked:
            host, plain = parts.hostname or "", parts.scheme == "ws"
            options["sock"] = await self._socket(host, parts.port, limits.connect_s, plain=plain)
        try:
            return await _Connect(
                address.url,
                additional_headers=dict(address.headers),
                user_agent_header=None,
                compression=None,  # base64 of audio gains nothing by it and costs a window a call
                proxy=None if address.checked else True,
                open_timeout=None,
                ping_interval=limits.heartbeat_s,
                ping_timeout=limits.heartbeat_s,
                close_timeout=_CLOSES_S,
                max_size=MAX_MESSAGE_BYTES,
                max_queue=_READ_AHEAD,
                logger=_silent,
                **options,
            )
        except BaseException:
            if "sock" in options:
                options["sock"].close()
            raise

    async def _socket(self, host: str, port: int | None, connect_s: float, *, plain: bool) -> socket.socket:
        """Connected to an address that was checked, whatever the name resolves to a moment later."""
        port = port or (80 if plain else 443)
        check_port(port, field="settings.base_url")
        addresses = await resolve_public(
            host, port, self.allowed_networks, plain=plain, field="settings.base_url"
        )
        failure: OSError = OSError("the name has no address")
        for one in addresses:
            try:
                async with asyncio.timeout(connect_s / len(addresses)):
                    return await _connected(one, port)
            except OSError as error:  # a time-out too: the next address may answer
                failure = error
        raise failure

    def _of_status(self, error: InvalidStatus) -> ProviderError:
        status, headers = error.response.status_code, error.response.headers
        detail = f"{status} {(error.response.body or b'')[:300].decode('utf-8', 'replace')}"
        if status == 402:
            return faults.no_credit(self.name, detail)
        if status in (401, 403):
            return faults.bad_key(self.name, detail)
        if status == 404:
            return faults.no_model(self.name, detail)
        if status == 429 or (status == 503 and "retry-after" in headers):
            return faults.busy(self.name, detail, retry_after_s(headers, self.clock.now()))
        if status in (408, 504):
            return faults.silent(self.name, detail)
        if status >= 500:
            return faults.gone(self.name, detail)
        if status < 400:
            return broken(self.name, "a redirect or no WebSocket", detail)
        return faults.refused(self.name, "refuses the request", detail=detail)

    def _address(self, error: InvalidInput) -> ProviderRefused:
        return faults.refused(
            self.name,
            "has an address that must not be reached",
            detail=error.message,
            field="settings.base_url",
            fix=error.fix,
        )


async def _connected(address: Address4or6, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET)
    try:
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(made, (str(address), port))
    except BaseException:
        made.close()
        raise
    return made


class _Connect(connect):
    """Follows no redirect: a key goes to whom it was given for."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


@lru_cache(maxsize=1)
def trusted() -> ssl.SSLContext:
    """The machine's certificates, read once. Call it in a thread: it takes some tens of milliseconds."""
    return ssl.create_default_context()
