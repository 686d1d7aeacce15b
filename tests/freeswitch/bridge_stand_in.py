"""A bridge that thinks nothing: the audio socket's wire, a tone, and life signs. In a test's loop, or as a process of
its own to be killed: `python -m tests.freeswitch.bridge_stand_in <port>`."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from tests.fakes.turn_service import tone

ALIVE_S = 1.0
FRAME_BYTES = 320


@dataclass
class Caller:
    """One channel's stream.

    Attributes:
        frames: When each came, and its bytes.
    """

    socket: ServerConnection
    channel_uuid: UUID
    frames: list[tuple[float, bytes]] = field(default_factory=list)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    async def send_audio(self, samples: bytes) -> None:
        """Way (a): binary, all at once."""
        await self.socket.send(samples)

    async def send_clear(self) -> None:
        await self.socket.send(json.dumps({"type": "clearAudio"}))

    async def send_file(self, samples: bytes) -> None:
        """Way (b): the module makes a file of it and tells ESL."""
        data = {
            "audioDataType": "raw", "sampleRate": 8000, "audioData": base64.b64encode(samples).decode()
        }  # fmt: skip
        await self.socket.send(json.dumps({"type": "streamAudio", "data": data}))


class BridgeStandIn:
    """
    Attributes:
        alive: Whether life signs are sent.
    """

    def __init__(self) -> None:
        self.port = 0
        self.alive = True
        self._came: asyncio.Queue[Caller] = asyncio.Queue()

    def url(self, path: str = "x") -> str:
        return f"ws://127.0.0.1:{self.port}/stream/{path}?token=t"

    async def caller(self, seconds: float = 5) -> Caller:
        """The next one that connects."""
        async with asyncio.timeout(seconds):
            return await self._came.get()

    async def serve(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        path = socket.request.path.removeprefix("/stream/").partition("?")[0]
        caller = Caller(socket, UUID(path))
        self._came.put_nowait(caller)
        living = asyncio.create_task(self._live(socket))
        try:
            async for message in socket:
                if isinstance(message, bytes):
                    caller.frames.append((time.monotonic(), message))
        except ConnectionClosed:
            pass
        finally:
            living.cancel()
            caller.closed.set()

    async def _live(self, socket: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                if self.alive:
                    await socket.send('{"type":"alive"}')
                await asyncio.sleep(ALIVE_S)


@asynccontextmanager
async def bridge_stand_in(port: int = 0) -> AsyncIterator[BridgeStandIn]:
    stand_in = BridgeStandIn()
    async with serve(stand_in.serve, "127.0.0.1", port, compression=None, max_size=None) as server:
        stand_in.port = next(iter(server.sockets)).getsockname()[1]
        yield stand_in


async def _run(port: int) -> None:
    """Greets every caller with a second of tone, by way (a), and then is only alive."""
    async with bridge_stand_in(port) as stand_in:
        print(stand_in.port, flush=True)  # noqa: T201  for the test that started it
        while True:
            caller = await stand_in.caller(3600)
            with contextlib.suppress(ConnectionClosed):
                await caller.send_audio(tone(1000, 600).samples)


if __name__ == "__main__":
    asyncio.run(_run(int(sys.argv[1])))
