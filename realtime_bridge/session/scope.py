"""The tasks of one call: named, and gone when the call is."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self


class CallScope:
    """A `TaskGroup` that can be closed: what runs then is cancelled, what is started later is not started.

    A task that fails ends all the others; the failure comes out of the `async with`.
    """

    def __init__(self) -> None:
        self._group = asyncio.TaskGroup()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._closed = True
        await self._group.__aexit__(kind, error, trace)

    @property
    def names(self) -> set[str]:
        """Of what runs now."""
        return {task.get_name() for task in self._tasks}

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
        """None: the scope is closed or failing, and the work is not begun."""
        if self._closed:
            work.close()
            return None
        try:
            task = self._group.create_task(work, name=name)
        except RuntimeError:  # the group is shutting down because a task of it failed
            work.close()
            self._closed = True
            return None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def close(self) -> None:
        """Cancels everything but whoever calls."""
        self._closed = True
        current = asyncio.current_task()
        for task in self._tasks:
            if task is not current:
                task.cancel()
