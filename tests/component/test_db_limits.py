"""The limits, in memory and in Redis: one suite for both, then what only Redis can get wrong."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
import structlog.testing

from tests.conftest import RedisServer, redis_program
from tests.fakes.clock import VirtualClock
from voice_ai_service import errors
from voice_ai_service.clock import SystemClock
from voice_ai_service.db.redis import REST_S, SharedRedis
from voice_ai_service.tenancy.limits import (
    ConcurrencyLimiter,
    MemoryConcurrencyLimiter,
    MemoryRateLimiter,
    RateLimiter,
    RedisConcurrencyLimiter,
    RedisRateLimiter,
)

A, B = uuid4(), uuid4()


@dataclass(frozen=True)
class Limits:
    rate: RateLimiter
    calls: ConcurrencyLimiter


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
async def limits(request: pytest.FixtureRequest, clock: VirtualClock) -> AsyncIterator[Limits]:
    if request.param == "memory":
        yield Limits(MemoryRateLimiter(clock), MemoryConcurrencyLimiter(clock))
        return
    redis = SharedRedis(request.getfixturevalue("redis_url"), clock)

    def now_ms() -> float:
        return clock.monotonic() * 1000

    yield Limits(
        RedisRateLimiter(redis, clock, now_ms=now_ms), RedisConcurrencyLimiter(redis, clock, now_ms=now_ms)
    )
    await redis.close()


async def taken(rate: RateLimiter, per_minute: int, tries: int) -> int:
    count = 0
    for _ in range(tries):
        try:
            await rate.take(A, per_minute)
        except errors.LimitReached:
            continue
        count += 1
    return count


class TestRate:
    async def test_a_minutes_worth_and_no_more(self, limits: Limits) -> None:
        assert await taken(limits.rate, 10, 25) == 10

    async def test_the_other_tenant_is_unaffected(self, limits: Limits) -> None:
        await taken(limits.rate, 10, 25)
        await limits.rate.take(B, 10)

    async def test_channels_count_together_unless_named_apart(self, limits: Limits) -> None:
        await taken(limits.rate, 10, 25)
        await limits.rate.take(A, 10, channel="calls")
        with pytest.raises(errors.LimitReached):
            await limits.rate.take(A, 10)

    async def test_it_says_how_long_to_wait_and_that_is_enough(
        self, limits: Limits, clock: VirtualClock
    ) -> None:
        await taken(limits.rate, 10, 25)
        with pytest.raises(errors.LimitReached) as caught:
            await limits.rate.take(A, 10)
        assert caught.value.retry_after_s == pytest.approx(6.0, abs=0.01)
        clock.tick(5.9)
        assert await taken(limits.rate, 10, 1) == 0
        clock.tick(0.2)
        assert await taken(limits.rate, 10, 5) == 1

    async def test_it_comes_back_evenly_and_does_not_pile_up(
        self, limits: Limits, clock: VirtualClock
    ) -> None:
        await taken(limits.rate, 10, 25)
        clock.tick(30)
        assert await taken(limits.rate, 10, 25) == 5
        clock.tick(3600)
        assert await taken(limits.rate, 10, 25) == 10

    async def test_refused_tries_cost_nothing(self, limits: Limits, clock: VirtualClock) -> None:
        await taken(limits.rate, 10, 1000)
        clock.tick(60.001)
        assert await taken(limits.rate, 10, 25) == 10

    async def test_a_lower_limit_bites_at_once(self, limits: Limits) -> None:
        assert await taken(limits.rate, 100, 50) == 50
        assert await taken(limits.rate, 10, 25) == 5


class TestCalls:
    async def test_one_more_than_the_limit_is_busy(self, limits: Limits) -> None:
        calls = [uuid4() for _ in range(3)]
        assert [await limits.calls.acquire(A, call, 2, 60) for call in calls] == [True, True, False]
        assert await limits.calls.count(A) == 2
        assert await limits.calls.acquire(B, calls[2], 2, 60)

    async def test_a_released_place_is_free(self, limits: Limits) -> None:
        first, second = uuid4(), uuid4()
        assert await limits.calls.acquire(A, first, 1, 60)
        await limits.calls.release(A, first)
        await limits.calls.release(A, first)
        assert await limits.calls.acquire(A, second, 1, 60)

    async def test_the_same_call_twice_takes_one_place(self, limits: Limits) -> None:
        first, second = uuid4(), uuid4()
        assert await limits.calls.acquire(A, first, 2, 60)
        assert await limits.calls.acquire(A, first, 2, 60)
        assert await limits.calls.acquire(A, second, 2, 60)
        assert await limits.calls.acquire(A, first, 2, 60), (
            "a call that has a place keeps it when all are taken"
        )

    async def test_a_dead_processs_places_come_back(self, limits: Limits, clock: VirtualClock) -> None:
        first, second, third = uuid4(), uuid4(), uuid4()
        assert await limits.calls.acquire(A, first, 2, 30)
        assert await limits.calls.acquire(A, second, 2, 30)
        clock.tick(20)
        await limits.calls.renew(A, second, 30)
        clock.tick(11)
        assert await limits.calls.count(A) == 1
        assert await limits.calls.acquire(A, third, 2, 30)
        assert not await limits.calls.acquire(A, uuid4(), 2, 30)

    async def test_a_live_call_is_never_uncounted(self, limits: Limits, clock: VirtualClock) -> None:
        late, newer = uuid4(), uuid4()
        assert await limits.calls.acquire(A, late, 1, 30)
        clock.tick(31)
        assert await limits.calls.acquire(A, newer, 1, 30)
        await limits.calls.renew(A, late, 30)
        assert await limits.calls.count(A) == 2
        assert not await limits.calls.acquire(A, uuid4(), 1, 30)

    async def test_no_place_at_all(self, limits: Limits) -> None:
        assert not await limits.calls.acquire(A, uuid4(), 0, 30)

    async def test_many_at_once_do_not_share_a_place(self, limits: Limits) -> None:
        got = await asyncio.gather(*(limits.calls.acquire(A, uuid4(), 7, 60) for _ in range(40)))
        assert got.count(True) == 7


TAKER = """
import asyncio, sys
from uuid import UUID, uuid4
from voice_ai_service import errors
from voice_ai_service.clock import SystemClock
from voice_ai_service.db.redis import SharedRedis
from voice_ai_service.tenancy.limits import RedisConcurrencyLimiter, RedisRateLimiter

async def main():
    redis = SharedRedis(sys.argv[1], SystemClock())
    domain = UUID(sys.argv[2])
    calls, rate = RedisConcurrencyLimiter(redis, SystemClock()), RedisRateLimiter(redis, SystemClock())
    places = requests = 0
    for _ in range(60):
        places += await calls.acquire(domain, uuid4(), 50, 60)
        try:
            await rate.take(domain, 50)
            requests += 1
        except errors.LimitReached:
            pass
    print(places, requests)
    await redis.close()

asyncio.run(main())
"""


@pytest.mark.redis
async def test_two_processes_share_one_limit(redis_url: str) -> None:
    domain_uuid = uuid4()
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", TAKER, redis_url, str(domain_uuid), stdout=asyncio.subprocess.PIPE
        )
        for _ in range(2)
    ]
    said = [(await process.communicate())[0].split() for process in processes]
    assert sum(int(places) for places, _ in said) == 50
    # The rate comes back while they run: fifty a minute, so a few more in these seconds, never twice as many.
    assert 50 <= sum(int(requests) for _, requests in said) < 60


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis that may be stopped."""
    program = redis_program()
    with tempfile.TemporaryDirectory(prefix="voice-ai-redis-") as folder:
        yield RedisServer(f"unix://{folder}/redis.sock", Path(folder), program)


@pytest.mark.redis
async def test_without_redis_the_limits_hold_in_each_process(own_redis: RedisServer) -> None:
    clock = VirtualClock()
    server = await asyncio.to_thread(own_redis.start)
    redis = SharedRedis(own_redis.url, clock)
    rate, calls = RedisRateLimiter(redis, clock), RedisConcurrencyLimiter(redis, clock)
    try:
        before = uuid4()
        assert await calls.acquire(A, before, 2, 600)
        server.kill()
        await asyncio.to_thread(server.wait)
        with structlog.testing.capture_logs() as logs:
            assert await taken(rate, 10, 30) == 10
            clock.tick(REST_S + 0.1)
            assert await calls.acquire(A, uuid4(), 2, 600), "of two places one was taken before the outage"
            assert not await calls.acquire(A, uuid4(), 2, 600)
            assert await calls.count(A) == 2
            await calls.release(A, before)
            assert await calls.count(A) == 1
        assert [entry["log_level"] for entry in logs] == ["warning"], "once an outage, not once a request"

        during = uuid4()
        assert await calls.acquire(A, during, 2, 600)
        server = await asyncio.to_thread(own_redis.start)
        clock.tick(REST_S + 0.1)
        with structlog.testing.capture_logs() as logs:
            await calls.renew(A, during, 600)
        assert [entry["event"] for entry in logs] == ["redis is back"]
        assert await calls.count(A) == 1, "Redis learns of the live call when it is renewed"
    finally:
        await redis.close()
        server.kill()
        await asyncio.to_thread(server.wait)


@pytest.mark.redis
async def test_a_redis_that_hangs_costs_one_wait(own_redis: RedisServer) -> None:
    server = await asyncio.to_thread(own_redis.start)
    redis = SharedRedis(own_redis.url, SystemClock())
    rate = RedisRateLimiter(redis, SystemClock())
    try:
        await rate.take(A, 100)
        server.send_signal(signal.SIGSTOP)
        async with asyncio.timeout(5):
            assert await taken(rate, 10, 200) == 10
    finally:
        server.send_signal(signal.SIGCONT)
        await redis.close()
        server.kill()
        await asyncio.to_thread(server.wait)
