"""Many callers in real time over the bridge's socket, from one process.

Each is silent for a second, asks a question of two seconds, listens until the reply is over, and asks again; with
`--barge-in` every reply is interrupted one second after it began. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import random
import struct
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast
from uuid import uuid4

import uvloop

from voice_ai_service.audio.level import frame_dbfs

PTIME_S: Final = 0.020
LOUD_DBFS: Final = -41.0
CUSHION_S: Final = 0.060
"""What a PBX or a telephone buffers before it plays."""
GAP_S: Final = 0.3
PAUSE_S: Final = 1.0
BARGE_AFTER_S: Final = 1.0
PATIENCE_S: Final = 12.0
now = time.monotonic


@dataclass
class Measured:
    latencies_ms: list[float] = field(default_factory=list)
    late_ms: list[float] = field(default_factory=list)
    send_late_ms: list[float] = field(default_factory=list)
    stops_sent_ms: list[float] = field(default_factory=list)
    stops_heard_ms: list[float] = field(default_factory=list)
    underruns: int = 0
    failures: list[str] = field(default_factory=list)
    turns: int = 0
    connected: int = 0


class Caller(asyncio.Protocol):
    """A WebSocket client of its own: masked with zeros, which leaves the payload as it is (RFC 6455, section 5.3)."""

    def __init__(
        self, speech: list[bytes], rate_hz: int, measured: Measured, *, barge_in: bool, until: float
    ) -> None:
        self._speech, self._measured, self._barge_in, self._until = speech, measured, barge_in, until
        size = rate_hz // 50 * 2
        self._silence = _framed(bytes(size))
        self._frame_bytes = size
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._open = False
        self._at: int | None = None
        self._speak_at = 0.0
        self._asked_at: float | None = None
        self._first_at: float | None = None
        self._last_loud = 0.0
        self._spurt: tuple[float, int] | None = None
        self._head = 0.0
        self._interrupting: float | None = None
        self._interrupted = False
        self._next = 0.0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class
        transport = self._transport
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET /stream/{uuid4()} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self._measured.failures.append("disconnected")
            self.done.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._open:
            head, found, self._buffer = self._buffer.partition(b"\r\n\r\n")
            if not found:
                self._buffer = head
                return
            if b" 101 " not in head.split(b"\r\n")[0] + b" ":
                self._measured.failures.append("refused")
                self._end()
                return
            self._begin()
        self._read()

    def _begin(self) -> None:
        self._open = True
        self._measured.connected += 1
        self._next = now()
        self._speak_at = self._next + PAUSE_S
        self._tick()

    def _read(self) -> None:
        while len(self._buffer) >= 2:
            size, at = self._buffer[1] & 127, 2
            if size == 126:
                if len(self._buffer) < 4:
                    return
                size, at = struct.unpack_from("!H", self._buffer, 2)[0], 4
            elif size == 127:
                if len(self._buffer) < 10:
                    return
                size, at = struct.unpack_from("!Q", self._buffer, 2)[0], 10
            if len(self._buffer) < at + size:
                return
            opcode, payload = self._buffer[0] & 15, self._buffer[at : at + size]
            self._buffer = self._buffer[at + size :]
            if opcode == 2:
                self._hear(payload)
            elif opcode == 1 and b"clear" in payload:
                self._head = min(self._head, now())
            elif opcode == 9 and self._transport is not None:
                self._transport.write(_framed(payload, 0x8A))

    def _hear(self, audio: bytes) -> None:
        at, lasts_s = now(), len(audio) / self._frame_bytes * PTIME_S
        if self._spurt is None or at - self._head > GAP_S:
            self._spurt = (at, 0)
            self._head = at + CUSHION_S
        elif at > self._head:
            self._measured.underruns += 1
            self._head = at
        began, frames = self._spurt
        self._measured.late_ms.append(max(0.0, (at - began - frames * PTIME_S) * 1000))
        self._spurt = (began, frames + round(lasts_s / PTIME_S))
        self._head += lasts_s
        if frame_dbfs(audio) > LOUD_DBFS:
            self._last_loud = at
            if self._asked_at is not None and self._first_at is None:
                self._first_at = at
                self._measured.latencies_ms.append((at - self._asked_at) * 1000)
                self._measured.turns += 1
            elif self._asked_at is None and self._at is None and self._interrupting is None:
                self._measured.failures.append("unprompted audio")

    def _tick(self) -> None:
        if self.done.done() or self._transport is None:
            return
        at = now()
        self._measured.send_late_ms.append((at - self._next) * 1000)
        frame = self._silence
        if self._at is None:
            self._decide(at)
        if self._at is not None:
            frame = self._speech[self._at]
            self._at += 1
            if self._at == len(self._speech):
                self._at, self._asked_at, self._first_at = None, at, None
                self._stopped(at)
        self._transport.write(frame)
        if at > self._until:
            self._end()
            return
        self._next += PTIME_S
        asyncio.get_running_loop().call_later(max(0.0, self._next - now()), self._tick)

    def _decide(self, at: float) -> None:
        """Whether to begin to speak."""
        if self._asked_at is None:
            if at >= self._speak_at and self._interrupting is None:
                self._at = 0
            return
        if self._first_at is None:
            if at - self._asked_at > PATIENCE_S:
                self._measured.failures.append("no reply")
                self._asked_at, self._speak_at = None, at
            return
        if self._barge_in and not self._interrupted and at - self._first_at >= BARGE_AFTER_S:
            self._interrupted, self._interrupting, self._at = True, at, 0
        elif at - self._last_loud > GAP_S + 0.3:
            self._asked_at, self._speak_at, self._interrupted = None, at + random.uniform(0.2, 1.2), False

    def _stopped(self, at: float) -> None:
        """The interrupting words are over: when had the reply stopped?"""
        if self._interrupting is None:
            return
        self._measured.stops_sent_ms.append((self._last_loud - self._interrupting) * 1000)
        self._measured.stops_heard_ms.append((min(self._head, at) - self._interrupting) * 1000)
        self._interrupting = None

    def _end(self) -> None:
        if not self.done.done():
            self.done.set_result(None)
        if self._transport is not None:
            self._transport.write(_framed(struct.pack("!H", 1000), 0x88))
            self._transport.close()


def _framed(payload: bytes, first: int = 0x82) -> bytes:
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else bytes([0x80 | 126]) + struct.pack("!H", size)
    return bytes([first]) + length + b"\0\0\0\0" + payload


async def _run(options: argparse.Namespace) -> dict[str, Any]:
    samples = Path(options.speech).read_bytes()
    size = options.rate // 50 * 2
    speech = [_framed(samples[at : at + size]) for at in range(0, len(samples) - size + 1, size)]
    measured, loop = Measured(), asyncio.get_running_loop()
    until = now() + options.seconds
    callers: list[Caller] = []
    for _ in range(options.calls):
        caller = Caller(speech, options.rate, measured, barge_in=options.barge_in, until=until)
        callers.append(caller)
        await loop.create_connection(lambda one=caller: one, "127.0.0.1", options.port)  # type: ignore[misc]
        await asyncio.sleep(options.stagger)
    await asyncio.gather(*(caller.done for caller in callers))
    return {name: getattr(measured, name) for name in Measured.__dataclass_fields__}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--speech", required=True, help="Raw L16 at the rate")
    parser.add_argument("--rate", type=int, default=8000)
    parser.add_argument("--calls", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--stagger", type=float, default=0.05)
    parser.add_argument("--barge-in", action="store_true")
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        json.dump(runner.run(_run(options)), sys.stdout)


if __name__ == "__main__":
    main()
