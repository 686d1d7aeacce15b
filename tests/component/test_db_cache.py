"""The cache, in memory and in Redis: one suite for both."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.conftest import RedisServer, redis_program
from tests.fakes.clock import VirtualClock
from voice_ai_service.clock import SystemClock
from voice_ai_service.db.cache import Cache, MemoryCache, RedisCache
from voice_ai_service.db.redis import REST_S, SharedRedis


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
async def cache(request: pytest.FixtureRequest) -> AsyncIterator[Cache]:
    if request.param == "memory":
        yield MemoryCache(SystemClock())
        return
    redis = SharedRedis(request.getfixturevalue("redis_url"), SystemClock())
    yield RedisCache(redis)
    await redis.close()


async def test_what_was_put_is_found(cache: Cache) -> None:
    assert await cache.get("a") is None
    await cache.set("a", b"\x00\xff bytes", 60)
    assert await cache.get("a") == b"\x00\xff bytes"
    assert await cache.get("b") is None


async def test_the_last_value_counts(cache: Cache) -> None:
    await cache.set("a", b"1", 60)
    await cache.set("a", b"2", 60)
    assert await cache.get("a") == b"2"
    await cache.delete("a")
    await cache.delete("a")
    assert await cache.get("a") is None


async def test_no_time_is_no_value(cache: Cache) -> None:
    await cache.set("a", b"1", 60)
    await cache.set("a", b"2", 0)
    assert await cache.get("a") is None


async def test_it_is_forgotten_in_time(cache: Cache) -> None:
    await cache.set("a", b"1", 0.02)
    await cache.set("b", b"1", 60)
    async with asyncio.timeout(5):
        while await cache.get("a") is not None:
            await asyncio.sleep(0.005)
    assert await cache.get("b") == b"1"


async def test_memory_forgets_at_the_minute() -> None:
    clock = VirtualClock()
    cache = MemoryCache(clock)
    await cache.set("a", b"1", 60)
    clock.tick(59.9)
    assert await cache.get("a") == b"1"
    clock.tick(0.2)
    assert await cache.get("a") is None


async def test_memory_is_bounded_by_items_and_by_bytes() -> None:
    cache = MemoryCache(VirtualClock(), max_items=3, max_bytes=10)
    for key in "abc":
        await cache.set(key, b"12", 60)
    assert await cache.get("a") == b"12"
    await cache.set("d", b"12", 60)
    assert [await cache.get(key) for key in "abcd"] == [b"12", None, b"12", b"12"], (
        "the least recently used went"
    )
    await cache.set("e", b"12345678", 60)
    kept = [key for key in "abcde" if await cache.get(key)]
    assert kept == ["d", "e"]
    await cache.set("f", b"x" * 11, 60)
    assert await cache.get("f") is None
    assert await cache.get("e") == b"12345678"


@pytest.mark.redis
async def test_two_processes_see_the_same_and_prefixes_keep_apart(redis_url: str) -> None:
    one, two = (SharedRedis(redis_url, SystemClock()) for _ in range(2))
    await RedisCache(one).set("a", b"1", 60)
    assert await RedisCache(two).get("a") == b"1"
    assert await RedisCache(two, prefix="other:").get("a") is None
    await one.close()
    await two.close()


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis that may be stopped; not started yet."""
    program = redis_program()
    with tempfile.TemporaryDirectory(prefix="voice-ai-redis-") as folder:
        yield RedisServer(f"unix://{folder}/redis.sock", Path(folder), program)


@pytest.mark.redis
async def test_while_redis_is_away_a_process_finds_what_it_wrote_itself(own_redis: RedisServer) -> None:
    clock = VirtualClock()
    server = await asyncio.to_thread(own_redis.start)
    mine, others = SharedRedis(own_redis.url, clock), SharedRedis(own_redis.url, clock)
    cache, other = RedisCache(mine), RedisCache(others)
    try:
        await cache.set("before", b"1", 600)
        await other.set("foreign", b"1", 600)
        server.kill()
        await asyncio.to_thread(server.wait)
        assert await cache.get("before") == b"1"
        assert await cache.get("foreign") is None
        await cache.set("during", b"2", 600)
        assert await cache.get("during") == b"2"
        clock.tick(601)
        assert await cache.get("during") is None
    finally:
        await mine.close()
        await others.close()


@pytest.mark.redis
async def test_what_changed_during_an_outage_is_not_undone_by_its_end(own_redis: RedisServer) -> None:
    clock = VirtualClock()
    server = await asyncio.to_thread(own_redis.start)
    redis = SharedRedis(own_redis.url, clock)
    cache = RedisCache(redis)
    try:
        for key in ("changed", "deleted", "kept"):
            await cache.set(key, b"old", 600)
        server.send_signal(signal.SIGSTOP)  # away, but it will remember
        await cache.set("changed", b"new", 600)
        await cache.delete("deleted")
        server.send_signal(signal.SIGCONT)
        clock.tick(REST_S + 0.1)
        assert [await cache.get(key) for key in ("changed", "deleted", "kept")] == [b"new", None, b"old"]
        await cache.set("changed", b"newest", 600)
        assert await RedisCache(redis).get("changed") == b"newest"
    finally:
        server.send_signal(signal.SIGCONT)
        await redis.close()
        server.kill()
        await asyncio.to_thread(server.wait)
