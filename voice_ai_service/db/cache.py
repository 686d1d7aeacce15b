"""A cache for sessions: what is in it is also somewhere else, and may be gone at any moment."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from voice_ai_service.clock import Clock
from voice_ai_service.db.redis import RedisAwayError, SharedRedis

COPIES_BYTES: Final = 32 * 1024 * 1024
MAX_UNSHARED: Final = 10_000
"""Keys changed while Redis was away; of more, the oldest are read from Redis again."""


class Cache(Protocol):
    """Values by key, for a while. Forgets under pressure and in an outage, so nobody may rely on finding
    anything; what must be true is compared with the database."""

    async def get(self, key: str) -> bytes | None: ...

    async def set(self, key: str, value: bytes, ttl_s: float) -> None: ...

    async def delete(self, key: str) -> None: ...


class MemoryCache:
    """Inside this process: at most `max_items` and `max_bytes` of values; the least recently used go
    first."""

    def __init__(self, clock: Clock, *, max_items: int = 10_000, max_bytes: int = 64 * 1024 * 1024) -> None:
        self._clock = clock
        self._max_items = max_items
        self._max_bytes = max_bytes
        self._bytes = 0
        self._items: OrderedDict[str, tuple[float, bytes]] = OrderedDict()

    async def get(self, key: str) -> bytes | None:
        item = self._items.get(key)
        if item is None:
            return None
        good_until, value = item
        if good_until <= self._clock.monotonic():
            self._drop(key)
            return None
        self._items.move_to_end(key)
        return value

    async def set(self, key: str, value: bytes, ttl_s: float) -> None:
        self._drop(key)
        if len(value) > self._max_bytes or ttl_s <= 0:
            return
        self._items[key] = (self._clock.monotonic() + ttl_s, value)
        self._bytes += len(value)
        while len(self._items) > self._max_items or self._bytes > self._max_bytes:
            self._drop(next(iter(self._items)))

    async def delete(self, key: str) -> None:
        self._drop(key)

    def _drop(self, key: str) -> None:
        item = self._items.pop(key, None)
        if item is not None:
            self._bytes -= len(item[1])


class RedisCache:
    """Shared by all processes. What this one wrote it also keeps for itself, and finds there while Redis is away;
    what it wrote or deleted meanwhile goes before what Redis still has of the time before."""

    def __init__(self, redis: SharedRedis, *, prefix: str = "voice-ai:cache:") -> None:
        self._redis = redis
        self._prefix = prefix
        self._copies = MemoryCache(redis.clock, max_bytes=COPIES_BYTES)
        self._unshared: OrderedDict[str, None] = OrderedDict()

    async def get(self, key: str) -> bytes | None:
        if key in self._unshared:
            return await self._copies.get(key)
        try:
            found = await self._redis.attempt(lambda: self._redis.client.get(self._prefix + key))
        except RedisAwayError:
            return await self._copies.get(key)
        return found if isinstance(found, bytes) else None

    async def set(self, key: str, value: bytes, ttl_s: float) -> None:
        if ttl_s <= 0:
            await self.delete(key)
            return
        await self._copies.set(key, value, ttl_s)
        milliseconds = max(1, round(ttl_s * 1000))
        await self._share(key, lambda: self._redis.client.set(self._prefix + key, value, px=milliseconds))

    async def delete(self, key: str) -> None:
        await self._copies.delete(key)
        await self._share(key, lambda: self._redis.client.delete(self._prefix + key))

    async def _share(self, key: str, work: Callable[[], Awaitable[object]]) -> None:
        try:
            await self._redis.attempt(work)
        except RedisAwayError:
            self._unshared[key] = None
            self._unshared.move_to_end(key)
            while len(self._unshared) > MAX_UNSHARED:
                self._unshared.popitem(last=False)
        else:
            self._unshared.pop(key, None)
