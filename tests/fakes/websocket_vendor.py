"""A vendor's WebSocket on loopback that can misbehave on the wire; what is said on it is its subclass's."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from tests.fakes.tones import tone

REPLY_HZ = 600.0
VENDOR_WORDS = "Zaphod says the quota of org-123 is gone"
"""In every error of every vendor: nobody else may ever read it."""


@dataclass
class Said:
    """One reply of the model.

    Attributes:
        audio_ms: Of sound; told in pieces, as the text is.
        sound: Makes it, from its milliseconds and the rate; a tone where nobody cares.
        tools: Name and arguments (text, as models write them) of the calls that it makes.
        hangs_after: After so many pieces nothing comes until it is stopped; None: all come at once.
    """

    text: str = "Bom dia, em que posso ajudar?"
    audio_ms: int = 400
    tools: tuple[tuple[str, str], ...] = ()
    hangs_after: int | None = None
    sound: Callable[[int, int], bytes] = lambda ms, rate_hz: tone(ms, rate_hz, REPLY_HZ)


@dataclass
class Wire:
    """How the vendor misbehaves.

    Attributes:
        status: Instead of the handshake, an HTTP answer.
        mute: It accepts the connection and never answers the opening.
        first: What comes instead of the answer to the opening.
        deaf: It stops reading after the opening.
        gate: New connections wait for it.
    """

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    mute: bool = False
    first: str | bytes | None = None
    deaf: bool = False
    gate: asyncio.Event | None = None


class Talk:
    """One connection, as the fake sees it."""

    def __init__(self, connection: ServerConnection, number: int) -> None:
        self.connection = connection
        self.number = number
        self.received: list[dict[str, Any]] = []
        self.audio = bytearray()
        """The caller, decoded to L16."""

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Messages of a `type`, in order."""
        return [message for message in self.received if message.get("type") == kind]

    async def send(self, message: dict[str, Any]) -> None:
        await self.connection.send(json.dumps(message))

    async def raw(self, message: str | bytes) -> None:
        await self.connection.send(message)

    def cut(self) -> None:
        """The socket is gone, without a word."""
        self.connection.transport.abort()

    async def close(self, code: int, reason: str = "") -> None:
        await self.connection.close(code, reason)


class FakeVendor:
    """
    Attributes:
        replies: What the model says, in turn; after the last it says `Said()`.
        hears: What the transcription makes of the caller.
    """

    def __init__(self, *, wire: Wire | None = None) -> None:
        self.wire = wire or Wire()
        self.replies: list[Said] = []
        self.hears = "quero pagar minha conta"
        self.talks: list[Talk] = []
        self.base_url = ""

    @property
    def talk(self) -> Talk:
        """The newest connection."""
        return self.talks[-1]

    async def until(self, holds: Callable[[], Any], within_s: float = 5.0) -> None:
        """Waits for something that a message of the client brings about."""
        await until(holds, within_s)

    def next_reply(self) -> Said:
        return self.replies.pop(0) if self.replies else Said()

    # For subclasses.

    def refuses(self, request: Request) -> tuple[int, str] | None:
        """An HTTP status and a body instead of a handshake: a wrong key, a wrong address."""
        return None

    async def answer(self, request: Request) -> str | None:
        """The body of a plain HTTP answer; None: it is a handshake."""
        return None

    async def hear(self, talk: Talk, message: dict[str, Any]) -> None:
        raise NotImplementedError

    async def greet(self, talk: Talk) -> None:
        """What the vendor says first."""

    # The server.

    async def _door(self, connection: ServerConnection, request: Request) -> Response | None:
        if self.wire.gate is not None:
            await self.wire.gate.wait()
        if self.wire.status is not None:
            return _http(self.wire.status, VENDOR_WORDS, self.wire.headers)
        refusal = self.refuses(request)
        if refusal is not None:
            return _http(*refusal, {})
        body = await self.answer(request)
        return None if body is None else _http(200, body, {"content-type": "application/json"})

    async def _serve(self, connection: ServerConnection) -> None:
        talk = Talk(connection, len(self.talks) + 1)
        self.talks.append(talk)
        try:
            await self.greet(talk)
            if self.wire.first is not None:
                await talk.raw(self.wire.first)
            async for message in connection:
                await self._hear(talk, message)
                if self.wire.deaf:
                    connection.transport.pause_reading()
                    await connection.wait_closed()
        except ConnectionClosed:
            pass

    async def _hear(self, talk: Talk, message: str | bytes) -> None:
        parsed = json.loads(message)
        talk.received.append(parsed)
        if not self.wire.mute:
            await self.hear(talk, parsed)


async def until(holds: Callable[[], Any], within_s: float) -> None:
    """Real sockets are waited for; a time-out is a failure."""
    async with asyncio.timeout(within_s):
        while not holds():
            await asyncio.sleep(0.002)


@asynccontextmanager
async def serving(vendor: FakeVendor) -> AsyncIterator[FakeVendor]:
    server: Server
    async with serve(
        vendor._serve,
        "127.0.0.1",
        0,
        process_request=vendor._door,
        compression=None,
        ping_interval=None,
        close_timeout=0.2,
    ) as server:
        vendor.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield vendor


def _http(status: int, body: str, headers: dict[str, str]) -> Response:
    content = body.encode()
    all_headers = Headers({"content-length": str(len(content)), "connection": "close", **headers})
    return Response(status, "said", all_headers, content)


def encoded(samples: bytes) -> str:
    return base64.b64encode(samples).decode()


def pieces(samples: bytes, size: int) -> list[bytes]:
    return [samples[at : at + size] for at in range(0, len(samples), size)]
