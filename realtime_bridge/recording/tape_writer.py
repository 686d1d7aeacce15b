"""One thread that writes the recordings of all calls of a process."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

import structlog

QUEUE_JOBS: Final = 512
"""Blocks of a second: three seconds of a disk that stands still with 160 calls. Then blocks are refused."""

Job = Callable[[], None]

_log = structlog.get_logger()


class TapeWriter:
    """Open it with `with`; leaving writes what waits. Jobs run in the order in which they were given."""

    def __init__(self, *, jobs: int = QUEUE_JOBS) -> None:
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._most_jobs = jobs
        self._thread = threading.Thread(target=self._run, name="recordings", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Blocks until all that was taken is written."""
        self._jobs.put(None)
        self._thread.join()

    def offer(self, job: Job) -> bool:
        """False: the disk does not keep up, and the job was not taken. Never blocks."""
        if self._jobs.qsize() >= self._most_jobs:
            return False
        self._jobs.put(job)
        return True

    async def run(self, job: Job) -> None:
        """Returns when it was done, after all that were taken before it. For a call's end: always taken."""
        loop = asyncio.get_running_loop()
        done = loop.create_future()

        def report() -> None:
            if not done.done():
                done.set_result(None)

        def run_and_report() -> None:
            try:
                job()
            finally:
                loop.call_soon_threadsafe(report)

        self._jobs.put(run_and_report)
        await done

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception:  # noqa: BLE001  a job is the scope: one call's fault is not the others'
                _log.exception("a recording's job failed")
