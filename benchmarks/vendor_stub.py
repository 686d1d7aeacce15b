"""A vendor of chat and speech in a process of its own, over OpenAI's wire: it takes no time but what it is told to.

`python -m benchmarks.vendor_stub` prints its port. The model's name says what it does: `quick` gives all at once,
`paced` a piece every 20 ms, `silent` nothing. Every answer is noted: when the request was there, and when its first
piece was written, both on the machine's monotonic clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from typing import Final

PACE_S: Final = 0.02
PACED_PIECES: Final = 100
_QUICK_PIECES: Final = 5
_FRAME: Final = b"\x10\x00\xf0\xff" * 240
"""20 ms at 24 kHz."""


class Vendor:
    def __init__(self) -> None:
        self.times: list[tuple[float, float]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, as long as the client keeps it."""
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        body = await _body(reader, headers)
        arrived = time.monotonic()
        path = head.split(" ", 2)[1]
        if path.endswith("/times"):
            return await _whole(writer, json.dumps(self.times).encode())
        if path.endswith("/transcriptions"):
            if b"silent" in body:
                await asyncio.sleep(3600)
            return await _whole(writer, b'{"text": "bom dia"}')
        is_chat = path.endswith("/completions")
        kind = "text/event-stream" if is_chat else "audio/pcm"
        writer.write(
            f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n".encode()
        )
        number = 0
        async for piece in _pieces(json.loads(body)["model"], is_chat=is_chat):
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            if number == 0:
                self.times.append((arrived, time.monotonic()))
            number += 1
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True


async def _pieces(model: str, *, is_chat: bool) -> AsyncIterator[bytes]:
    if model == "silent":
        await asyncio.sleep(3600)
    paced = model == "paced"
    for number in range(PACED_PIECES if paced else _QUICK_PIECES):
        if paced and number:
            await asyncio.sleep(PACE_S)
        yield _delta({"content": "palavra "}) if is_chat else _FRAME
    if is_chat:
        yield _delta({}, "stop") + b"data: [DONE]\n\n"


def _delta(delta: dict[str, str], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    event = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: " + json.dumps(event).encode() + b"\n\n"


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if "content-length" in headers:
        return await reader.readexactly(int(headers["content-length"]))
    body = b""
    while "chunked" in headers.get("transfer-encoding", ""):
        size = int(await reader.readuntil(b"\r\n"), 16)
        body += (await reader.readexactly(size + 2))[:-2]
        if size == 0:
            break
    return body


async def _whole(writer: asyncio.StreamWriter, body: bytes) -> bool:
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
    return True


async def _main() -> None:
    server = await asyncio.start_server(Vendor().serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main())
