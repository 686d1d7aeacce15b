from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from realtime_bridge.transfer import sweeper as module
from realtime_bridge.transfer.sweeper import GIVE_UP_S, LegSweeper
from tests.fakes.pbx import FakePbx
from tests.fakes.virtual_time import LoopClock, virtual_time
from voice_ai_service.errors import InvalidInput

LEG = UUID(int=1)


@asynccontextmanager
async def sweeping(pbx: FakePbx) -> AsyncIterator[LegSweeper]:
    sweeper = LegSweeper(pbx, LoopClock())
    task = asyncio.create_task(sweeper.run())
    try:
        yield sweeper
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@virtual_time
async def test_a_leg_and_its_music_end_as_soon_as_the_pbx_is_back() -> None:
    async with FakePbx() as pbx, sweeping(pbx) as sweeper:
        pbx.call_in(LEG).music = True
        pbx.disconnect()
        sweeper.end_music(LEG)
        await asyncio.sleep(600)
        assert sweeper.owed == 1
        pbx.reconnect()
        await asyncio.sleep(1)
        assert not pbx.channels[LEG].music
        sweeper.end_leg(LEG)
        await asyncio.sleep(1)
        assert pbx.channels == {}
        assert sweeper.owed == 0


@virtual_time
async def test_a_leg_that_comes_to_be_after_its_hang_up_is_hung_up_as_well() -> None:
    async with FakePbx() as pbx, sweeping(pbx) as sweeper:
        sweeper.end_leg(LEG, watch_s=10)
        pbx.later(4, pbx.call_in, LEG)
        await asyncio.sleep(5)
        assert pbx.channels == {}
        await asyncio.sleep(10)
        assert sweeper.owed == 0


@virtual_time
async def test_what_is_gone_already_is_paid() -> None:
    async with FakePbx() as pbx, sweeping(pbx) as sweeper:
        sweeper.end_leg(LEG)
        sweeper.end_music(LEG)
        await asyncio.sleep(1)
        assert sweeper.owed == 0


@virtual_time
async def test_what_the_pbx_refuses_for_an_hour_is_given_up() -> None:
    async with FakePbx() as pbx, sweeping(pbx) as sweeper:
        pbx.call_in(LEG)
        pbx.fail["hang_up"] = InvalidInput("no")
        sweeper.end_leg(LEG)
        await asyncio.sleep(GIVE_UP_S - 5)
        assert sweeper.owed == 1
        await asyncio.sleep(10)
        assert sweeper.owed == 0


@virtual_time
async def test_the_debts_are_bounded() -> None:
    async with FakePbx() as pbx:
        sweeper = LegSweeper(pbx, LoopClock())
        for _ in range(module.MAX_OWED + 5):
            sweeper.end_leg(uuid4())
        assert sweeper.owed == module.MAX_OWED
