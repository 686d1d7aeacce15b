"""HTTP/1.1 over one kept connection with as little of our own CPU as possible: the other core is the caller's."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from benchmarks.figures import BenchmarkError

_HEADER_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"
_TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """`took_ms`: from the request's first byte written to the answer's last byte read."""

    status: int
    body: bytes
    took_ms: float


class _Reading(asyncio.Protocol):
    """One answer at a time; its end is stamped where its last byte is read, not when a task gets around to it."""

    def __init__(self) -> None:
        self._pieces = bytearray()
        self._missing = -1
        self._answer: asyncio.Future[tuple[bytes, float]] | None = None

    def expect(self) -> asyncio.Future[tuple[bytes, float]]:
        self._pieces.clear()
        self._missing = -1
        self._answer = asyncio.get_running_loop().create_future()
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._pieces += data
        if self._missing < 0:
            end = self._pieces.find(_HEADER_END)
            if end < 0:
                return
            self._missing = end + len(_HEADER_END) + _content_length(bytes(self._pieces[:end]))
        if len(self._pieces) >= self._missing and self._answer is not None and not self._answer.done():
            self._answer.set_result((bytes(self._pieces), time.perf_counter()))

    def connection_lost(self, error: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error or ConnectionResetError("the service closed the connection"))


class Connection:
    """Use it with `async with`; one request at a time."""

    def __init__(self, host: str, port: int, headers: dict[str, str]) -> None:
        self._host, self._port = host, port
        lines = [f"Host: {host}:{port}", *(f"{name}: {value}" for name, value in headers.items())]
        self._headers = "\r\n".join(lines)
        self._reading = _Reading()
        self._transport: asyncio.Transport | None = None

    async def __aenter__(self) -> Self:
        self._transport, _ = await asyncio.get_running_loop().create_connection(
            lambda: self._reading, self._host, self._port
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._transport is not None:
            self._transport.close()

    async def post(self, path: str, body: str) -> Answer:
        """Raises BenchmarkError when no whole answer comes."""
        return await self._exchange("POST", path, body)

    async def get(self, path: str) -> Answer:
        """Raises BenchmarkError when no whole answer comes."""
        return await self._exchange("GET", path, "")

    async def _exchange(self, method: str, path: str, body: str) -> Answer:
        if self._transport is None:
            raise BenchmarkError("the connection is not open")
        content = body.encode()
        head = f"{method} {path} HTTP/1.1\r\n{self._headers}\r\nContent-Type: application/json\r\n"
        request = f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content
        expected = self._reading.expect()
        began = time.perf_counter()
        self._transport.write(request)
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                raw, ended = await expected
        except (OSError, TimeoutError) as error:
            raise BenchmarkError(f"{method} {path}: no answer ({error!r})") from error
        status = int(raw[9:12])
        return Answer(status, raw[raw.find(_HEADER_END) + len(_HEADER_END) :], (ended - began) * 1000)


def _content_length(head: bytes) -> int:
    lower = head.lower()
    at = lower.find(_LENGTH)
    if at < 0:
        raise BenchmarkError("an answer without Content-Length")
    return int(lower[at + len(_LENGTH) :].split(b"\r\n", 1)[0])
