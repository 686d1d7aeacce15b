"""A Unix socket before a server's own, that can be cut and mended: the server is well, nobody reaches it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path


class CuttableLine:
    """Made by `cuttable_line`."""

    def __init__(self, here: Path, there: Path) -> None:
        self._here = here
        self._there = there
        self._server: asyncio.Server | None = None
        self._relays: set[asyncio.Task[None]] = set()

    async def mend(self) -> None:
        self._server = await asyncio.start_unix_server(self._accept, self._here)

    async def cut(self) -> None:
        """Ends all connections and refuses new ones."""
        if self._server is None:
            return
        self._server.close()
        for relay in list(self._relays):
            relay.cancel()
        await asyncio.gather(*self._relays, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None
        self._here.unlink(missing_ok=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._relays.add(task)
        try:
            far_reader, far_writer = await asyncio.open_unix_connection(self._there)
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(_relay(reader, far_writer))
                    both.create_task(_relay(far_reader, writer))
            finally:
                far_writer.transport.abort()
        except* (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            self._relays.discard(task)


async def _relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    raise ConnectionResetError


@asynccontextmanager
async def cuttable_line(here: Path, there: Path) -> AsyncIterator[CuttableLine]:
    """Listens at `here` for the server that listens at `there`."""
    line = CuttableLine(here, there)
    await line.mend()
    try:
        yield line
    finally:
        with contextlib.suppress(OSError):
            await line.cut()
