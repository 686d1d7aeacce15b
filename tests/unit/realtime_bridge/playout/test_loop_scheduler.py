"""The shared timers: nothing is called early, twice, after a cancel, or left out because another one failed."""

from __future__ import annotations

import asyncio
from typing import Any

from realtime_bridge.playout.scheduler import LoopScheduler


async def test_callbacks_come_in_their_time_and_once() -> None:
    scheduler = LoopScheduler(asyncio.get_running_loop())
    start = scheduler.time()
    called: list[tuple[str, float]] = []
    over = asyncio.Event()

    def note(name: str) -> None:
        called.append((name, scheduler.time() - start))

    scheduler.call_at(start + 0.004, lambda: note("second"))
    scheduler.call_at(start - 1, lambda: note("first"))
    scheduler.call_at(start + 0.004, lambda: note("cancelled")).cancel()
    scheduler.call_at(start + 0.0041, lambda: note("third"))
    scheduler.call_at(start + 0.012, over.set)
    await over.wait()
    assert [name for name, _ in called] == ["first", "second", "third"]
    assert called[1][1] >= 0.003


async def test_one_that_fails_does_not_stop_the_others() -> None:
    loop = asyncio.get_running_loop()
    scheduler = LoopScheduler(loop)
    failures: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: failures.append(context))
    when = scheduler.time() + 0.002
    over = asyncio.Event()
    scheduler.call_at(when, lambda: 1 / 0)
    scheduler.call_at(when, over.set)
    async with asyncio.timeout(5):
        await over.wait()
    assert isinstance(failures[0]["exception"], ZeroDivisionError)
