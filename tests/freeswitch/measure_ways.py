"""How fast each way back is on this FreeSWITCH: `python -m tests.freeswitch.measure_ways <rounds> <way> ...`.

Ways: socket, playback, unicast. From the moment of sending (clearing) to the first (last) loud RTP packet at
the telephone. Needs the extension 8100 and the token of conftest.py.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from realtime_bridge.call_control import ChannelEventKind
from realtime_bridge.esl.control import EslCallControl, UnicastPorts
from tests.fakes.turn_service import tone
from tests.freeswitch.bridge_stand_in import FRAME_BYTES, BridgeStandIn, bridge_stand_in
from tests.freeswitch.realtime import RealtimeCall, pbx_control, realtime_call

SOUND = tone(3000, 600).samples
LISTEN_S = 0.4


@dataclass
class Way:
    send: Callable[[], Awaitable[None]]
    clear: Callable[[], Awaitable[None]]


@dataclass
class Figures:
    heard_ms: list[float] = field(default_factory=list)
    silent_ms: list[float] = field(default_factory=list)
    missed: int = 0


@asynccontextmanager
async def binary(call: RealtimeCall, _control: EslCallControl) -> AsyncIterator[Way]:
    yield Way(lambda: call.caller.send_audio(SOUND), call.caller.send_clear)


@asynccontextmanager
async def files(call: RealtimeCall, control: EslCallControl) -> AsyncIterator[Way]:
    uuid = call.caller.channel_uuid

    async def play() -> None:
        async for event in events:
            if event.kind is ChannelEventKind.STREAM and event.name == "play":
                await control.play_file(uuid, json.loads(event.body)["file"])

    async with control.events(uuid) as events:
        playing = asyncio.create_task(play())
        yield Way(lambda: call.caller.send_file(SOUND), lambda: control.break_playback(uuid))
        playing.cancel()


@asynccontextmanager
async def unicast(call: RealtimeCall, control: EslCallControl) -> AsyncIterator[Way]:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as theirs,
    ):
        ours.bind(("127.0.0.1", 0))
        theirs.bind(("127.0.0.1", 0))
        to = theirs.getsockname()
        theirs.close()
        await control.start_unicast(call.caller.channel_uuid, UnicastPorts(*to, *ours.getsockname()))
        await asyncio.sleep(0.2)
        sending: list[asyncio.Task[None]] = []

        async def pace() -> None:
            began = time.monotonic()
            for index in range(0, len(SOUND), FRAME_BYTES):
                ours.sendto(SOUND[index : index + FRAME_BYTES], to)
                await asyncio.sleep(max(0.0, began + (index // FRAME_BYTES + 1) * 0.02 - time.monotonic()))

        async def send() -> None:
            sending.append(asyncio.create_task(pace()))
            await asyncio.sleep(0)

        async def clear() -> None:
            sending.pop().cancel()

        yield Way(send, clear)


WAYS = {"socket": binary, "playback": files, "unicast": unicast}


async def measure(bridge: BridgeStandIn, control: EslCallControl, name: str, rounds: int) -> Figures:
    figures = Figures()
    playout = {"playout": "unicast"} if name == "unicast" else {}
    async with realtime_call(bridge, **playout) as call, WAYS[name](call, control) as way:
        for _ in range(rounds):
            await asyncio.sleep(0.4 + random.random() * 0.1)
            sent = time.monotonic()
            await way.send()
            heard = await call.heard(sent, 1)
            if heard is None:
                figures.missed += 1
                continue
            await asyncio.sleep(LISTEN_S + random.random() * 0.05)
            cleared = time.monotonic()
            await way.clear()
            await asyncio.sleep(0.3)
            figures.heard_ms.append((heard - sent) * 1000)
            figures.silent_ms.append(((call.phone.last_sound() or cleared) - cleared) * 1000)
    return figures


def row(values: list[float]) -> str:
    ordered = sorted(values)
    return f"{ordered[0]:.0f} / {statistics.median(ordered):.0f} / {ordered[-1]:.0f}" if ordered else "-"


async def main(rounds: int, names: list[str]) -> None:
    async with bridge_stand_in() as bridge, pbx_control() as control:
        for name in names:
            figures = await measure(bridge, control, name, rounds)
            print(  # noqa: T201
                f"{name}: send to heard {row(figures.heard_ms)} ms, clear to silent {row(figures.silent_ms)} ms "
                f"(min / median / max of {len(figures.heard_ms)}, {figures.missed} not heard)"
            )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2:]))
