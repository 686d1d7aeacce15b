"""FreeSWITCH's side of `unicast`: binds what it is told, sends the channel's audio, takes ours."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from uuid import UUID

from realtime_bridge.call_control import UnicastPath


class UnicastPbx:
    """
    Attributes:
        silent: Takes the command, says yes and does nothing, as FreeSWITCH where it cannot bind.
        fail_first: So many starts are silent, the next one is not.
        heard: What came, packet by packet.
    """

    def __init__(self, *, rate_hz: int = 8000, silent: bool = False) -> None:
        self.rate_hz = rate_hz
        self.silent = silent
        self.fail_first = 0
        self.paths: list[UnicastPath] = []
        self.heard: list[bytes] = []
        self._sockets: list[socket.socket] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def start_unicast(self, channel_uuid: UUID, ports: UnicastPath) -> None:
        self.paths.append(ports)
        if self.silent or len(self.paths) <= self.fail_first:
            return
        own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        own.setblocking(False)
        own.bind((ports.pbx_host, ports.pbx_port))
        self._sockets.append(own)
        self._tasks.append(asyncio.create_task(self._talk(own, (ports.our_host, ports.our_port))))
        self._tasks.append(asyncio.create_task(self._listen(own)))

    async def heard_all(self, packets: int) -> bytes:
        async with asyncio.timeout(5):
            while len(self.heard) < packets:
                await asyncio.sleep(0.005)
        return b"".join(self.heard)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for own in self._sockets:
            own.close()

    async def _talk(self, own: socket.socket, to: tuple[str, int]) -> None:
        loop = asyncio.get_running_loop()
        while True:
            with contextlib.suppress(ConnectionRefusedError):
                await loop.sock_sendto(own, bytes(self.rate_hz // 25), to)
            await asyncio.sleep(0.020)

    async def _listen(self, own: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            with contextlib.suppress(ConnectionRefusedError):
                self.heard.append(await loop.sock_recv(own, 4096))
