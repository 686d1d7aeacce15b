from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.virtual_time import virtual_time
from voice_ai_service.errors import ProviderTimeout
from voice_ai_service.providers.patience import Patience


def patience(first_s: float = 2.0, stall_s: float = 1.0, total_s: float = 60.0) -> Patience:
    return Patience("slow", first_s=first_s, stall_s=stall_s, total_s=total_s)


async def pieces(*delays_s: float) -> AsyncIterator[int]:
    for number, delay_s in enumerate(delays_s):
        if delay_s:
            await asyncio.sleep(delay_s)
        yield number


async def read(patience: Patience, items: AsyncIterator[int]) -> tuple[list[int], bool]:
    """What came, and whether patience ended it."""
    taken: list[int] = []
    while True:
        try:
            taken.append(await patience.next(items))
        except StopAsyncIteration:
            return taken, False
        except ProviderTimeout:
            return taken, True


@virtual_time
async def test_the_first_piece_has_a_limit_of_its_own() -> None:
    assert await read(patience(), pieces(1.9, 0.9)) == ([0, 1], False)
    assert await read(patience(), pieces(2.1)) == ([], True)


@virtual_time
async def test_a_later_piece_is_due_sooner_than_the_first_was() -> None:
    began = asyncio.get_running_loop().time()
    assert await read(patience(first_s=30.0), pieces(0.1, 5.0)) == ([0], True)
    assert asyncio.get_running_loop().time() - began == pytest.approx(1.1)


@virtual_time
async def test_all_waits_together_have_a_limit() -> None:
    assert await read(patience(total_s=2.5), pieces(0.9, 0.9, 0.9)) == ([0, 1], True)


@virtual_time
async def test_the_readers_own_time_does_not_count() -> None:
    limits, items = patience(total_s=2.0), pieces(0.5, 0.5, 0.5)
    for expected in range(3):
        assert await limits.next(items) == expected
        await asyncio.sleep(10)


@virtual_time
async def test_waiting_for_our_own_text_does_not_count() -> None:
    limits = patience()

    async def speaking() -> AsyncIterator[int]:
        await asyncio.sleep(0.5)
        limits.pause()
        await asyncio.sleep(10)
        limits.resume()
        await asyncio.sleep(1.4)
        yield 1
        limits.pause()
        limits.resume()
        await asyncio.sleep(1.1)
        yield 2

    assert await read(limits, speaking()) == ([1], True)


@virtual_time
async def test_somebody_elses_cancellation_stays_one() -> None:
    reading = asyncio.ensure_future(read(patience(), pieces(1.5)))
    await asyncio.sleep(1)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading


@virtual_time
async def test_a_cancellation_at_the_moment_of_the_timeout_is_not_swallowed() -> None:
    reading = asyncio.ensure_future(read(patience(), pieces(5)))
    asyncio.get_running_loop().call_at(asyncio.get_running_loop().time() + 2.0, reading.cancel)
    with pytest.raises(asyncio.CancelledError):
        await reading


@virtual_time
async def test_the_task_can_wait_again_after_a_timeout() -> None:
    assert await read(patience(), pieces(3)) == ([], True)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    await asyncio.sleep(5)
    assert await read(patience(), pieces(0.1)) == ([0], False)


@given(st.lists(st.sampled_from([0.0, 0.2, 0.7, 0.9, 1.2, 2.5]), max_size=8))
def test_what_comes_is_what_the_limits_allow(delays_s: list[float]) -> None:
    @virtual_time
    async def check() -> None:
        waited_s, allowed = 0.0, 0
        for number, delay_s in enumerate(delays_s):
            waited_s += delay_s
            if delay_s > (2.0 if number == 0 else 1.0) or waited_s > 3.0:
                break
            allowed += 1
        taken, ended = await read(patience(total_s=3.05), pieces(*delays_s))
        assert taken == list(range(allowed))
        assert ended == (allowed < len(delays_s))

    check()
