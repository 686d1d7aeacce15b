"""What the realtime tests share: a service that offers a stream, and a call that took it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from realtime_bridge.esl.control import EslCallControl
from realtime_bridge.esl.event_socket import Address
from tests.fakes.realtime_service import RealtimeService
from tests.fakes.turn_service import TurnService
from tests.freeswitch.bridge_stand_in import BridgeStandIn, Caller
from tests.freeswitch.phone import Phone


@dataclass
class RealtimeCall:
    phone: Phone
    service: RealtimeService
    caller: Caller

    async def heard(self, since: float = 0.0, seconds: float = 3) -> float | None:
        """When the phone first heard a sound after `since`."""
        return await asyncio.to_thread(self.phone.wait_for_sound, seconds, since)

    async def ended(self, seconds: float = 5) -> bool:
        return await asyncio.to_thread(self.phone.wait_for_end, seconds)

    async def report(self, seconds: float = 5) -> Any:
        """The one end that the script reported."""
        deadline = time.monotonic() + seconds
        while not self.service.ends():
            assert time.monotonic() < deadline, "no end was reported"
            await asyncio.sleep(0.02)
        (end,) = self.service.ends()
        return end


@asynccontextmanager
async def pbx_control() -> AsyncIterator[EslCallControl]:
    async with EslCallControl(Address()) as control:
        async with asyncio.timeout(5):
            while not control.connected:
                await asyncio.sleep(0.01)
        yield control


async def dial(
    phone: Phone, service: TurnService, fallback: str = "", playout: str = "", number: str = "8100"
) -> int:
    headers = {"X-Service": service.url, "X-Fallback": fallback, "X-Playout": playout}
    return await asyncio.to_thread(
        phone.call, number, {name: value for name, value in headers.items() if value}
    )


@asynccontextmanager
async def realtime_call(bridge: BridgeStandIn, **dialled: str) -> AsyncIterator[RealtimeCall]:
    with RealtimeService(stream_url=bridge.url) as service, Phone() as phone:
        assert await dial(phone, service, **dialled) == 200
        yield RealtimeCall(phone, service, await bridge.caller())
        assert service.violations == []
