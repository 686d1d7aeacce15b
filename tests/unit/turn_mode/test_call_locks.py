from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from voice_ai_service.turn_mode.call_locks import CallLocks

DOMAIN, CALL = uuid4(), uuid4()


async def test_one_request_at_a_time_for_each_call_in_the_order_they_came() -> None:
    locks, order = CallLocks(), list[str]()

    async def take(name: str) -> None:
        async with locks.of(DOMAIN, CALL):
            order.append(f"{name} in")
            await asyncio.sleep(0)
            order.append(f"{name} out")

    await asyncio.gather(*(take(str(number)) for number in range(5)))
    assert order == [f"{number} {what}" for number in range(5) for what in ("in", "out")]


async def test_other_calls_and_other_domains_do_not_wait() -> None:
    locks = CallLocks()
    async with asyncio.timeout(1), locks.of(DOMAIN, CALL), locks.of(DOMAIN, uuid4()), locks.of(uuid4(), CALL):
        pass


async def test_nothing_is_left_of_a_call_however_its_requests_end() -> None:
    locks = CallLocks()
    with pytest.raises(ZeroDivisionError):
        async with locks.of(DOMAIN, CALL):
            raise ZeroDivisionError
    async with locks.of(DOMAIN, CALL):
        waiting = asyncio.create_task(_take(locks))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(1), locks.of(DOMAIN, CALL):
        pass
    assert locks._locks == {}


async def _take(locks: CallLocks) -> None:
    async with locks.of(DOMAIN, CALL):
        raise AssertionError("it was cancelled while it waited")
