"""Work that is finished although whoever asked for it has gone: a ticket, when the caller barges in."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

import structlog

from voice_ai_service.errors import LimitReached, VoiceAiError

T = TypeVar("T")

MAX_UNDER_WAY: Final = 256
"""In one process; beyond it a new one is refused, which its asker hears."""

_log = structlog.get_logger()


class Errands:
    """Holds the tasks. The process that makes it closes it, and waits then."""

    def __init__(self, max_under_way: int = MAX_UNDER_WAY) -> None:
        self._under_way: set[asyncio.Task[Any]] = set()
        self._max_under_way = max_under_way

    def __len__(self) -> int:
        return len(self._under_way)

    def start(self, name: str, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """The task of `work`; wait for it with `asyncio.shield`, or not at all.

        Raises:
            LimitReached: Too much is under way; `work` was not begun.
        """
        if len(self._under_way) >= self._max_under_way:
            work.close()
            raise LimitReached("Too much is under way at once")
        task = asyncio.create_task(work, name=name)
        self._under_way.add(task)
        task.add_done_callback(self._ended)
        return task

    async def aclose(self, timeout_s: float = 10.0) -> None:
        """Waits for what is under way; what takes longer is cancelled."""
        if not self._under_way:
            return
        _, late = await asyncio.wait(self._under_way, timeout=timeout_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._under_way.discard(task)
        if task.cancelled():
            _log.warning("an errand was cancelled", errand=task.get_name())
        elif (error := task.exception()) is not None:
            if isinstance(error, VoiceAiError):
                _log.warning("an errand failed", errand=task.get_name(), code=error.code)
            else:
                _log.error("an errand failed", errand=task.get_name(), exc_info=error)
