"""What one message on the audio socket costs the bridge: alone, and with the kernel and 160 calls.

    python -m benchmarks.audio_socket [--calls 160] [--seconds 10]

The server runs pinned to core 0 in this process, the callers in another on core 1; no session behind the socket:
frames are taken and dropped, then taken and sent back.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import multiprocessing
import os
import time
from uuid import UUID, uuid4

import structlog
import uvloop
from prometheus_client import CollectorRegistry

from realtime_bridge.ingress.metrics import IngressMetrics
from realtime_bridge.ingress.server import StreamServer, StreamServerOptions
from realtime_bridge.ingress.socket_leg import SocketLeg
from realtime_bridge.leg import LegEnd
from tests.fakes.stream_client import StreamClient
from tests.fakes.stream_door import MemoryDoor
from voice_ai_service.conversations.stream_tickets import RedeemedTicket, TicketRefusal

FRAME = os.urandom(320)
SETTLE_S = 2.0


class _AnyTicket(MemoryDoor):
    async def redeem(self, call_uuid: UUID, token: str) -> RedeemedTicket | TicketRefusal:
        return await super().redeem(*self.ticket())


class _Ear:
    """Drops what it hears, or sends it back."""

    def __init__(self, leg: SocketLeg, *, echo: bool) -> None:
        self._send = leg.way_back.send if echo else None

    def on_audio(self, frame: bytes) -> None:
        if self._send is not None:
            self._send(frame)

    def on_digits(self, digits: str) -> None: ...

    def on_end(self, end: LegEnd) -> None: ...


class _Caller(asyncio.Protocol):
    def __init__(self, port: int) -> None:
        self._client = StreamClient(f"ws://127.0.0.1:{port}/stream/{uuid4()}?token=x")
        self._transport: asyncio.Transport | None = None
        self.frame: bytes | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # uvloop's is none of asyncio's by name
        transport.write(self._client.request())  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        if self.frame is None:
            self._client.receive(data)
            self.frame = self._client.binary(FRAME)

    def speak(self) -> None:
        if self.frame is not None and self._transport is not None and not self._transport.is_closing():
            self._transport.write(self.frame)


async def _call(port: int, calls: int, seconds: float) -> None:
    """Every caller a frame each 20 ms, spread over them."""
    loop = asyncio.get_running_loop()
    callers = [
        (await loop.create_connection(lambda: _Caller(port), "127.0.0.1", port))[1] for _ in range(calls)
    ]
    began, step = loop.time() + 0.5, max(1, calls // 10)
    for tick in range(int((seconds + 2 * SETTLE_S) * 50)):
        for number, caller in enumerate(callers):
            if number % step == 0:
                await asyncio.sleep(began + 0.02 * (tick + number / calls) - loop.time())
            caller.speak()


def _callers(port: int, calls: int, seconds: float) -> None:
    os.sched_setaffinity(0, {1})
    uvloop.run(_call(port, calls, seconds))


async def _measure(calls: int, seconds: float, *, echo: bool) -> dict[str, float]:
    metrics = IngressMetrics(CollectorRegistry())
    options = StreamServerOptions(port=0, max_calls=calls)
    async with StreamServer(
        _AnyTicket(), lambda leg, _: leg.listen(_Ear(leg, echo=echo)), metrics, options
    ) as server:
        callers = multiprocessing.get_context("spawn").Process(
            target=_callers, args=(server.port, calls, seconds)
        )
        callers.start()
        async with asyncio.timeout(30):
            while server.live < calls:
                await asyncio.sleep(0.05)
        await asyncio.sleep(SETTLE_S)
        cpu, frames, began = time.process_time(), metrics.frames.heard, time.monotonic()
        await asyncio.sleep(seconds)
        cpu, frames = time.process_time() - cpu, metrics.frames.heard - frames
        took = time.monotonic() - began
        callers.terminate()
        await asyncio.to_thread(callers.join)
    return {
        "us_per_frame": round(cpu / frames * 1e6, 1),
        "core": round(cpu / took, 3),
        "frames_per_s": round(frames / took),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=160)
    parser.add_argument("--seconds", type=float, default=10.0)
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    os.sched_setaffinity(0, {0})
    for name, echo in (("in", False), ("in and out", True)):
        print(
            json.dumps(
                {
                    "what": name,
                    "calls": asked.calls,
                    **uvloop.run(_measure(asked.calls, asked.seconds, echo=echo)),
                }
            )
        )


if __name__ == "__main__":
    main()
