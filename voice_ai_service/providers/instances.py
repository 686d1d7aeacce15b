"""Provider objects that are built once, lent to many calls at a time, and closed when nobody uses them any
more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

import structlog

from voice_ai_service.errors import ProviderUnavailable
from voice_ai_service.providers.entry import Closing

P = TypeVar("P", bound=Closing)

log = structlog.get_logger()


class Instance(Generic[P]):
    """One provider object, lazily built.

    However many ask at once, it is built once (lesson 55). A build outlives the request that began it: a
    caller who hangs up during a model's load does not make the next one begin again.
    """

    def __init__(self, name: str, build: Callable[[], Awaitable[P]]) -> None:
        self._name = name
        self._build = build
        self._building: asyncio.Task[P] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._users = 0
        self._retired = False

    @property
    def users(self) -> int:
        """Leases that are out now."""
        return self._users

    @property
    def retired(self) -> bool:
        """No new chain will use it."""
        return self._retired

    @property
    def alive(self) -> bool:
        """Built, being built or being closed."""
        return self._building is not None or (self._closing is not None and not self._closing.done())

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[P]:
        """The provider, not closed before the context ends. Raises what building it raises."""
        self._users += 1
        try:
            yield await self._provider()
        finally:
            self._users -= 1
            self._close_if_idle()

    def retire(self) -> None:
        """No new chain will use it: closed as soon as the last lease ends. A chain that still does builds it
        again.
        """
        self._retired = True
        self._close_if_idle()

    async def closed(self) -> None:
        """Waits for a close that is under way."""
        if self._closing is not None:
            await self._closing

    async def aclose(self) -> None:
        """Closes it whoever uses it: the process ends."""
        self._retired = True
        self._start_closing()
        await self.closed()

    async def _provider(self) -> P:
        if self._closing is not None:
            await asyncio.shield(self._closing)
            self._closing = None
        if self._building is None:
            self._building = asyncio.create_task(self._build_once(), name=f"build {self._name}")
            self._building.add_done_callback(self._forget_failure)
        building = self._building
        try:
            return await asyncio.shield(building)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not building.cancelled() or (task is not None and task.cancelling()):
                raise
            raise ProviderUnavailable("This process is ending.", provider=self._name) from None

    async def _build_once(self) -> P:
        return await self._build()

    def _forget_failure(self, task: asyncio.Task[P]) -> None:
        # Reading the exception also marks it as seen when every request that waited for it is gone.
        if (task.cancelled() or task.exception() is not None) and self._building is task:
            self._building = None

    def _close_if_idle(self) -> None:
        if self._retired and self._users == 0:
            self._start_closing()

    def _start_closing(self) -> None:
        building, self._building = self._building, None
        if building is not None:
            self._closing = asyncio.create_task(self._close(building), name=f"close {self._name}")

    async def _close(self, building: asyncio.Task[P]) -> None:
        if not building.done():
            building.cancel()
        built = (await asyncio.gather(building, return_exceptions=True))[0]
        if isinstance(built, BaseException):
            return
        try:
            await built.aclose()
        except Exception as error:  # noqa: BLE001 - this task's border: a close that fails ends here, seen in the log
            log.error("provider not closed cleanly", provider=self._name, error=type(error).__name__)
