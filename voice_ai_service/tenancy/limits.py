"""Limits of a domain over all channels: how often it may ask, how many calls it may have.

Alone in a process the limits live in memory. With Redis they are shared by all processes; each step is one
Lua script, so two processes cannot both take the last place, and Redis's own clock counts, so their clocks
need not agree. While Redis is away each process applies the whole limit by itself: too generous by the number
of processes, never without a limit.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Protocol
from uuid import UUID

from voice_ai_service import errors
from voice_ai_service.clock import Clock
from voice_ai_service.db.redis import RedisAwayError, SharedRedis

MAX_DOMAINS: Final = 100_000
"""Domains remembered at once; beyond it the least recently seen starts anew."""


class RateLimiter(Protocol):
    async def take(self, domain_uuid: UUID, per_minute: int, *, channel: str = "requests") -> None:
        """Count one. A domain may use a minute's worth at once and gets it back evenly over the next minute.

        Raises:
            errors.LimitReached: Too many; says how long to wait.
        """
        ...


class ConcurrencyLimiter(Protocol):
    """Places for live calls. A place is a lease: a process that dies gives it back when the lease runs
    out."""

    async def acquire(self, domain_uuid: UUID, call_uuid: UUID, limit: int, ttl_s: float) -> bool:
        """Take a place, or keep the one this call has. False: all `limit` places are taken."""
        ...

    async def renew(self, domain_uuid: UUID, call_uuid: UUID, ttl_s: float) -> None:
        """The call still lives. Takes its place again where it was lost: a live call is never uncounted."""
        ...

    async def release(self, domain_uuid: UUID, call_uuid: UUID) -> None:
        """Give the place back; again does nothing."""
        ...

    async def count(self, domain_uuid: UUID) -> int:
        """Places taken now."""
        ...


class MemoryRateLimiter:
    """Keeps one number a domain: the moment at which it would have used up nothing (GCRA)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._free_at: OrderedDict[tuple[str, UUID], float] = OrderedDict()

    async def take(self, domain_uuid: UUID, per_minute: int, *, channel: str = "requests") -> None:
        key, now = (channel, domain_uuid), self._clock.monotonic()
        interval_s = 60.0 / per_minute
        free_at = max(self._free_at.get(key, now), now) + interval_s
        wait_s = free_at - now - 60.0
        if wait_s > 1e-6:
            raise _too_many(wait_s)
        self._free_at[key] = free_at
        self._free_at.move_to_end(key)
        while len(self._free_at) > MAX_DOMAINS:
            self._free_at.popitem(last=False)


class MemoryConcurrencyLimiter:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._leases: dict[UUID, dict[UUID, float]] = {}

    async def acquire(self, domain_uuid: UUID, call_uuid: UUID, limit: int, ttl_s: float) -> bool:
        leases = self._living(domain_uuid)
        if call_uuid not in leases and len(leases) >= limit:
            return False
        self._keep(domain_uuid, call_uuid, ttl_s)
        return True

    async def renew(self, domain_uuid: UUID, call_uuid: UUID, ttl_s: float) -> None:
        self._keep(domain_uuid, call_uuid, ttl_s)

    async def release(self, domain_uuid: UUID, call_uuid: UUID) -> None:
        leases = self._living(domain_uuid)
        leases.pop(call_uuid, None)
        if not leases:
            self._leases.pop(domain_uuid, None)

    async def count(self, domain_uuid: UUID) -> int:
        return len(self._living(domain_uuid))

    def _keep(self, domain_uuid: UUID, call_uuid: UUID, ttl_s: float) -> None:
        self._leases.setdefault(domain_uuid, {})[call_uuid] = self._clock.monotonic() + ttl_s

    def _living(self, domain_uuid: UUID) -> dict[UUID, float]:
        leases = self._leases.get(domain_uuid)
        if leases is None:
            return {}
        now = self._clock.monotonic()
        for call_uuid in [call for call, until in leases.items() if until <= now]:
            del leases[call_uuid]
        return leases


# Both scripts take "" for "now by Redis's clock"; tests give a time in milliseconds instead.
_NOW = """
local now = tonumber(ARGV[1])
if not now then
    local t = redis.call('TIME')
    now = t[1] * 1000 + t[2] / 1000
end
"""

_TAKE = (
    _NOW
    + """
local interval = 60000 / tonumber(ARGV[2])
local free_at = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + interval
local wait = free_at - now - 60000
if wait > 0.001 then
    return tostring(wait)
end
redis.call('SET', KEYS[1], string.format('%.3f', free_at), 'PX', 120000)
return '0'
"""
)

_ACQUIRE = (
    _NOW
    + """
local ttl = tonumber(ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if not redis.call('ZSCORE', KEYS[1], ARGV[2]) and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then
    return 0
end
redis.call('ZADD', KEYS[1], now + ttl, ARGV[2])
if redis.call('PTTL', KEYS[1]) < ttl then
    redis.call('PEXPIRE', KEYS[1], math.ceil(ttl))
end
return 1
"""
)

_COUNT = (
    _NOW
    + """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
return redis.call('ZCARD', KEYS[1])
"""
)

_NO_LIMIT: Final = 1 << 31

NowMs = Callable[[], float]


class RedisRateLimiter:
    """Over all processes; by itself (`MemoryRateLimiter`) while Redis is away.

    Args:
        now_ms: For tests: the time instead of Redis's own, in milliseconds.
    """

    def __init__(self, redis: SharedRedis, clock: Clock, *, now_ms: NowMs | None = None) -> None:
        self._redis = redis
        self._local = MemoryRateLimiter(clock)
        self._now_ms = now_ms
        self._take = redis.client.register_script(_TAKE)

    async def take(self, domain_uuid: UUID, per_minute: int, *, channel: str = "requests") -> None:
        keys = [f"voice-ai:rate:{channel}:{domain_uuid}"]
        try:
            wait_ms = float(
                await self._redis.attempt(lambda: self._take(keys, [_time(self._now_ms), per_minute]))
            )
        except RedisAwayError:
            await self._local.take(domain_uuid, per_minute, channel=channel)
            return
        if wait_ms > 0:
            raise _too_many(wait_ms / 1000.0)


class RedisConcurrencyLimiter:
    """Over all processes. This process's own calls are also noted in memory, so that they count when Redis
    goes."""

    def __init__(self, redis: SharedRedis, clock: Clock, *, now_ms: NowMs | None = None) -> None:
        self._redis = redis
        self._local = MemoryConcurrencyLimiter(clock)
        self._now_ms = now_ms
        self._acquire = redis.client.register_script(_ACQUIRE)
        self._count = redis.client.register_script(_COUNT)

    async def acquire(self, domain_uuid: UUID, call_uuid: UUID, limit: int, ttl_s: float) -> bool:
        try:
            taken = await self._take_place(domain_uuid, call_uuid, limit, ttl_s)
        except RedisAwayError:
            return await self._local.acquire(domain_uuid, call_uuid, limit, ttl_s)
        if taken:
            await self._local.renew(domain_uuid, call_uuid, ttl_s)
        return taken

    async def renew(self, domain_uuid: UUID, call_uuid: UUID, ttl_s: float) -> None:
        await self._local.renew(domain_uuid, call_uuid, ttl_s)
        try:
            await self._take_place(domain_uuid, call_uuid, _NO_LIMIT, ttl_s)
        except RedisAwayError:
            return  # noted in memory; the next renewal tells Redis

    async def release(self, domain_uuid: UUID, call_uuid: UUID) -> None:
        await self._local.release(domain_uuid, call_uuid)
        try:
            await self._redis.attempt(
                lambda: self._redis.client.zrem(_calls_key(domain_uuid), str(call_uuid))
            )
        except RedisAwayError:
            return  # the lease runs out

    async def count(self, domain_uuid: UUID) -> int:
        keys = [_calls_key(domain_uuid)]
        try:
            return int(await self._redis.attempt(lambda: self._count(keys, [_time(self._now_ms)])))
        except RedisAwayError:
            return await self._local.count(domain_uuid)

    async def _take_place(self, domain_uuid: UUID, call_uuid: UUID, limit: int, ttl_s: float) -> bool:
        arguments = [_time(self._now_ms), str(call_uuid), limit, ttl_s * 1000.0]
        return bool(await self._redis.attempt(lambda: self._acquire([_calls_key(domain_uuid)], arguments)))


def _calls_key(domain_uuid: UUID) -> str:
    return f"voice-ai:calls:{domain_uuid}"


def _time(now_ms: NowMs | None) -> str | float:
    return "" if now_ms is None else now_ms()


def _too_many(wait_s: float) -> errors.LimitReached:
    return errors.LimitReached(
        "the domain has reached its limit of requests per minute",
        retry_after_s=round(wait_s, 3),
        fix="wait, or raise limits.requests_per_minute of the domain",
    )
