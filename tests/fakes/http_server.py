"""An HTTP/1.1 server on loopback that can misbehave on the wire, not only in what it says (RFC 9112)."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any


@dataclass(frozen=True)
class Received:
    """
    Attributes:
        connection: The client's port: equal for requests over one connection.
        abandoned: Set when the client hangs up before the answer's end.
    """

    connection: int
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    abandoned: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """
    Attributes:
        pieces: The body, one chunk each.
        whole: As one body with its length instead of chunks.
        silent: Sends nothing at all, not even a status, until the client hangs up.
        stall_after: After so many pieces nothing comes until the client hangs up.
        cut_after: After so many pieces the connection is reset in the middle of the body.
        end_after: After so many pieces the body ends as if it were complete.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: tuple[bytes, ...] = ()
    whole: bool = False
    silent: bool = False
    stall_after: int | None = None
    cut_after: int | None = None
    end_after: int | None = None


Respond = Callable[[Received], Awaitable[Answer]]


def json_answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(
        status,
        {"content-type": "application/json", **(headers or {})},
        (json.dumps(body).encode(),),
        whole=True,
    )


@asynccontextmanager
async def serving(respond: Respond) -> AsyncIterator[str]:
    """Answers every request with what `respond` says; gives the address."""
    connections: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            while await _exchange(reader, writer, respond):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            connections.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in list(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        await server.wait_closed()


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, respond: Respond) -> bool:
    """One request and its answer; False when the connection is of no further use."""
    request = await _receive(reader, writer)
    answer = await respond(request)
    watch = asyncio.create_task(_watch(reader, request), name="does the client still listen")
    try:
        return await _send(writer, request, answer)
    except ConnectionError:
        request.abandoned.set()
        return False
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)


async def _receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Received:
    connection = writer.get_extra_info("peername")[1]
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if headers.get("transfer-encoding") == "chunked":
        return Received(connection, method, path, headers, await _chunks(reader))
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Received(connection, method, path, headers, body)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readexactly(2)
    return body


async def _watch(reader: asyncio.StreamReader, request: Received) -> None:
    # Clients of ours send nothing while they wait: whatever comes is the end.
    with contextlib.suppress(ConnectionError):
        await reader.read(1)
    request.abandoned.set()


async def _send(writer: asyncio.StreamWriter, request: Received, answer: Answer) -> bool:
    if answer.silent:
        await request.abandoned.wait()
        return False
    writer.write(_head(answer))
    for number, piece in enumerate((*answer.pieces, b"")):
        if number == answer.stall_after:
            await request.abandoned.wait()
            return False
        if number == answer.cut_after:
            await writer.drain()
            writer.transport.abort()
            return False
        if not piece or number == answer.end_after:
            break
        if request.abandoned.is_set():
            return False
        writer.write(piece if answer.whole else b"%x\r\n%b\r\n" % (len(piece), piece))
        await writer.drain()
        await asyncio.sleep(0)
    if not answer.whole:
        writer.write(b"0\r\n\r\n")
    await writer.drain()
    return True


def _head(answer: Answer) -> bytes:
    lines = [
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase if answer.status != 529 else 'Overloaded'}"
    ]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    length = sum(len(piece) for piece in answer.pieces)
    lines.append(f"content-length: {length}" if answer.whole else "transfer-encoding: chunked")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
