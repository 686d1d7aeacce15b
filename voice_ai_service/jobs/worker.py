"""The background work of a process: jobs beside each other, each restarted when it fails, none stopping another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Final, Protocol

import structlog

from voice_ai_service.clock import Clock
from voice_ai_service.errors import VoiceAiError
from voice_ai_service.jobs.stopping import Stopping

_FIRST_BACKOFF_S: Final = 1.0
_LONGEST_BACKOFF_S: Final = 60.0
_JITTER: Final = 0.2

_log = structlog.get_logger()


class Job(Protocol):
    @property
    def name(self) -> str: ...

    async def run(self, stopping: Stopping, progress: Callable[[], None]) -> None:
        """Work until stopping is requested.

        Args:
            progress: Called whenever a piece of work succeeded.
        """
        ...


@dataclass(frozen=True, slots=True)
class JobFacts:
    """For `/health`.

    Attributes:
        failures: In a row, since the last success.
        last_error: The code of the error, our own words.
    """

    name: str
    running: bool
    failures: int
    last_success_at: datetime | None
    last_error: str | None

    @property
    def healthy(self) -> bool:
        return self.running and self.failures == 0


class Worker:
    """`run` in a task; `stop` to end it.

    Args:
        grace_s: After `stop`: time for work that has begun, then it is cancelled.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        clock: Clock,
        *,
        grace_s: float = 20.0,
        random: Random | None = None,
    ) -> None:
        self._supervised = [_Supervised(job, clock, random or Random()) for job in jobs]  # noqa: S311  jitter
        self._clock = clock
        self._grace_s = grace_s
        self._stopping = Stopping(clock)

    @property
    def facts(self) -> tuple[JobFacts, ...]:
        return tuple(supervised.facts for supervised in self._supervised)

    def stop(self) -> None:
        """Take on nothing new; `run` returns when what has begun is finished, or its time is up."""
        self._stopping.request()

    async def run(self) -> None:
        """Run all jobs until `stop`."""
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(supervised.run(self._stopping), name=f"job {supervised.facts.name}")
                for supervised in self._supervised
            ]
            if tasks:
                await self._stopping.wait()
                await self._cut_after_grace(tasks)

    async def _cut_after_grace(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        grace = asyncio.ensure_future(self._clock.sleep(self._grace_s))
        work = asyncio.ensure_future(asyncio.wait(tasks))
        try:
            await asyncio.wait({grace, work}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiting in (grace, work):
                waiting.cancel()
            await asyncio.gather(grace, work, return_exceptions=True)
        for task in tasks:
            if task.cancel():
                _log.warning("a job was cut off at shutdown", job=task.get_name())


class Periodic:
    """A job that does the same piece of work again and again.

    Args:
        work: One piece.
        every_s: Pause after each, a fifth more or less, so that several processes do not march in step.
        first_after_s: Pause before the first.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], Awaitable[object]],
        *,
        every_s: float,
        first_after_s: float = 0.0,
        random: Random | None = None,
    ) -> None:
        self._name = name
        self._work = work
        self._every_s = every_s
        self._first_after_s = first_after_s
        self._random = random or Random()  # noqa: S311  jitter

    @property
    def name(self) -> str:
        return self._name

    async def run(self, stopping: Stopping, progress: Callable[[], None]) -> None:
        await stopping.pause(self._first_after_s)
        while not stopping.requested:
            await self._work()
            progress()
            await stopping.pause(self._every_s * self._random.uniform(1 - _JITTER, 1 + _JITTER))


class _Supervised:
    def __init__(self, job: Job, clock: Clock, random: Random) -> None:
        self._job = job
        self._clock = clock
        self._random = random
        self._running = False
        self._failures = 0
        self._last_success_at: datetime | None = None
        self._last_error: str | None = None

    @property
    def facts(self) -> JobFacts:
        return JobFacts(
            self._job.name, self._running, self._failures, self._last_success_at, self._last_error
        )

    async def run(self, stopping: Stopping) -> None:
        self._running = True
        try:
            while not stopping.requested:
                try:
                    await self._job.run(stopping, self._note_success)
                except Exception as error:  # noqa: BLE001  the job's border: it ends this run, not the others
                    self._note_failure(error)
                    await stopping.pause(self._backoff_s())
        finally:
            self._running = False

    def _note_success(self) -> None:
        self._failures = 0
        self._last_error = None
        self._last_success_at = self._clock.now()

    def _note_failure(self, error: Exception) -> None:
        self._failures += 1
        if isinstance(error, VoiceAiError):
            self._last_error = error.code
            _log.error("a job failed", job=self._job.name, failures=self._failures, reason=error.message)
        else:
            self._last_error = type(error).__name__
            _log.error("a job failed", job=self._job.name, failures=self._failures, exc_info=error)

    def _backoff_s(self) -> float:
        pause_s = min(_FIRST_BACKOFF_S * 2.0 ** (self._failures - 1), _LONGEST_BACKOFF_S)
        return pause_s * self._random.uniform(1.0, 1.0 + _JITTER)
