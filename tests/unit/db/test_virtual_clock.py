"""The clock that other tests trust."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.clock import VirtualClock


async def test_sleeping_takes_virtual_time_only() -> None:
    clock = VirtualClock()
    began, before = clock.monotonic(), clock.now()
    await clock.sleep(3600)
    assert clock.monotonic() - began == 3600
    assert clock.now() - before == timedelta(hours=1)
    assert clock.slept_s == [3600]


@given(st.lists(st.floats(0.001, 1000), min_size=1, max_size=12))
def test_sleepers_wake_in_order_of_their_deadlines(durations: list[float]) -> None:
    async def main() -> list[tuple[float, float]]:
        clock = VirtualClock()
        woken: list[tuple[float, float]] = []

        async def nap(seconds: float) -> None:
            began = clock.monotonic()
            await clock.sleep(seconds)
            woken.append((clock.monotonic() - began, seconds))

        async with asyncio.TaskGroup() as group:
            for seconds in durations:
                group.create_task(nap(seconds))
        return woken

    with asyncio.Runner() as runner:
        woken = runner.run(main())
    assert [seconds for _, seconds in woken] == sorted(durations)
    assert all(slept == pytest.approx(seconds) for slept, seconds in woken)


async def test_a_short_loop_ticks_while_a_long_one_sleeps() -> None:
    clock = VirtualClock()
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await clock.sleep(1)
            ticks += 1

    ticking = asyncio.create_task(tick())
    await clock.sleep(10.5)
    ticking.cancel()
    assert ticks == 10


async def test_a_cancelled_sleeper_does_not_move_time() -> None:
    clock = VirtualClock()
    began = clock.monotonic()
    sleeper = asyncio.create_task(clock.sleep(500))
    await asyncio.sleep(0)
    sleeper.cancel()
    await clock.sleep(1)
    assert clock.monotonic() - began == 1


async def test_by_hand_time_moves_only_when_told() -> None:
    clock = VirtualClock(auto=False)
    sleeper = asyncio.create_task(clock.sleep(5))
    await clock.advance(4.9)
    assert not sleeper.done()
    await clock.advance(0.2)
    assert sleeper.done()
    assert clock.monotonic() == pytest.approx(1005.1)
