"""Redis as we use it: shared when it is there, done without when it is not.

A request never waits longer than `TIMEOUT_S` for it. After a failure it is left alone for `REST_S`, so that
an outage costs one time-out a second and not one a request.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import redis.asyncio
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from voice_ai_service.clock import Clock

T = TypeVar("T")

TIMEOUT_S: Final = 0.25
REST_S: Final = 1.0
CONNECTIONS: Final = 50

_log = structlog.get_logger()


class RedisAwayError(Exception):
    """Redis did not answer just now. Stays inside this package and the limits: callers have another way."""


class SharedRedis:
    """A connection pool that knows whether Redis is there. Closed by whoever made it."""

    def __init__(self, url: str, clock: Clock) -> None:
        pool = redis.asyncio.BlockingConnectionPool.from_url(
            url,
            max_connections=CONNECTIONS,
            timeout=TIMEOUT_S,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
        )
        self.client = redis.asyncio.Redis(connection_pool=pool)
        self._pool = pool
        self.clock = clock
        self._rests_until = 0.0
        self._away = False

    async def attempt(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run some commands.

        Raises:
            RedisAwayError: It is not there, does not answer in time, or did not a moment ago.
        """
        if self._rests_until > self.clock.monotonic():
            raise RedisAwayError
        try:
            result = await work()
        except (RedisError, OSError) as error:
            self._rests_until = self.clock.monotonic() + REST_S
            if not self._away:
                self._away = True
                _log.warning("redis is away: limits and cache are this process's own until it is back")
            raise RedisAwayError from error
        if self._away:
            self._away = False
            _log.warning("redis is back")
        return result

    async def close(self) -> None:
        await self.client.aclose()
        await self._pool.disconnect()
