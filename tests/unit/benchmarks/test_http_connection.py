from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from benchmarks.figures import BenchmarkError
from benchmarks.http_connection import Connection


@asynccontextmanager
async def answering(*pieces: bytes) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that reads one request and answers in these pieces, then closes; its port and what it read."""
    read: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        read.append(head)
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        read.append(await reader.readexactly(length))
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], read


async def test_an_answer_may_come_in_any_pieces() -> None:
    async with (
        answering(b"HTTP/1.1 20", b"1 Created\r\ncontent-le", b"ngth: 5\r\n\r\nhel", b"lo") as (port, read),
        Connection("127.0.0.1", port, {"X-API-Key": "k"}) as connection,
    ):
        answer = await connection.post("/calls", '{"é":1}')
    assert (answer.status, answer.body) == (201, b"hello")
    assert answer.took_ms > 0
    assert read[0].startswith(b"POST /calls HTTP/1.1\r\n")
    assert b"X-API-Key: k\r\n" in read[0]
    assert read[1] == '{"é":1}'.encode()


@pytest.mark.parametrize(
    "pieces", [(), (b"HTTP/1.1 200 OK\r\n",), (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort",)]
)
async def test_half_an_answer_is_an_error(pieces: tuple[bytes, ...]) -> None:
    async with answering(*pieces) as (port, _), Connection("127.0.0.1", port, {}) as connection:
        with pytest.raises(BenchmarkError):
            await connection.get("/health")


async def test_an_answer_of_unknown_length_is_an_error() -> None:
    async with (
        answering(b"HTTP/1.1 200 OK\r\n\r\n") as (port, _),
        Connection("127.0.0.1", port, {}) as connection,
    ):
        with pytest.raises(BenchmarkError):
            await connection.get("/health")
