from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.fakes.clock import VirtualClock
from voice_ai_service.errors import Unavailable
from voice_ai_service.jobs.stopping import Stopping
from voice_ai_service.jobs.worker import Periodic, Worker


class Counting:
    """A piece of work that fails as often as it is told to."""

    def __init__(self, failures: int = 0, error: Exception | None = None) -> None:
        self.done = 0
        self.left_to_fail = failures
        self.error = error or Unavailable("the database is not reachable")

    async def __call__(self) -> None:
        if self.left_to_fail > 0:
            self.left_to_fail -= 1
            raise self.error
        self.done += 1


class Obstinate:
    """A job that does not look whether it should stop."""

    name = "obstinate"

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.cut = False

    async def run(self, stopping: Stopping, progress: Callable[[], None]) -> None:
        try:
            await self.clock.sleep(10_000)
        except asyncio.CancelledError:
            self.cut = True
            raise


async def run_for(worker: Worker, clock: VirtualClock, seconds: float) -> None:
    running = asyncio.create_task(worker.run())
    await clock.advance(seconds)
    worker.stop()
    await clock.advance(0)
    await running


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(auto=False)


async def test_a_periodic_job_works_again_and_again(clock: VirtualClock) -> None:
    work = Counting()
    worker = Worker([Periodic("count", work, every_s=10)], clock)
    await run_for(worker, clock, 100)
    assert 8 <= work.done <= 14


async def test_a_job_that_fails_is_tried_again_later_and_later(clock: VirtualClock) -> None:
    work = Counting(failures=4)
    worker = Worker([Periodic("count", work, every_s=1000)], clock)
    running = asyncio.create_task(worker.run())
    await clock.advance(6)
    [facts] = worker.facts
    assert (facts.failures, facts.last_error, facts.last_success_at) == (3, "unavailable", None)
    assert facts.running
    assert not facts.healthy
    await clock.advance(20)
    [facts] = worker.facts
    assert (facts.failures, facts.last_error) == (0, None)
    assert facts.healthy
    assert facts.last_success_at is not None
    assert work.done == 1
    worker.stop()
    await clock.advance(0)
    await running
    assert not worker.facts[0].running


async def test_the_pause_after_failures_has_an_upper_limit(clock: VirtualClock) -> None:
    work = Counting(failures=10_000)
    await run_for(Worker([Periodic("count", work, every_s=1)], clock), clock, 3600)
    failed = 10_000 - work.left_to_fail
    assert 50 <= failed <= 75


async def test_one_jobs_failure_does_not_stop_the_others(clock: VirtualClock) -> None:
    good = Counting()
    bad = Counting(failures=10_000, error=ZeroDivisionError("a bug"))
    worker = Worker([Periodic("bad", bad, every_s=1), Periodic("good", good, every_s=1)], clock)
    running = asyncio.create_task(worker.run())
    await clock.advance(60)
    assert good.done >= 45
    assert [facts.last_error for facts in worker.facts] == ["ZeroDivisionError", None]
    worker.stop()
    await clock.advance(0)
    await running


async def test_stopping_lets_begun_work_finish(clock: VirtualClock) -> None:
    finished = []

    async def slow() -> None:
        await clock.sleep(5)
        finished.append(True)

    worker = Worker([Periodic("slow", slow, every_s=100)], clock, grace_s=20)
    running = asyncio.create_task(worker.run())
    await clock.advance(1)
    worker.stop()
    await clock.advance(1)
    assert not running.done()
    await clock.advance(5)
    await running
    assert finished == [True]


async def test_what_does_not_finish_in_the_grace_is_cut_off(clock: VirtualClock) -> None:
    job = Obstinate(clock)
    worker = Worker([job], clock, grace_s=20)
    running = asyncio.create_task(worker.run())
    await clock.advance(1)
    worker.stop()
    await clock.advance(19)
    assert not running.done()
    await clock.advance(2)
    await running
    assert job.cut


async def test_stopping_ends_every_pause_at_once(clock: VirtualClock) -> None:
    work = Counting(failures=1)
    jobs = [
        Periodic("first pause", work, every_s=1, first_after_s=9999),
        Periodic("back-off", Counting(failures=9), every_s=1),
        Periodic("between", Counting(), every_s=9999),
    ]
    await run_for(Worker(jobs, clock), clock, 2)


async def test_cancelling_the_worker_cancels_its_jobs(clock: VirtualClock) -> None:
    job = Obstinate(clock)
    running = asyncio.create_task(Worker([job], clock).run())
    await clock.advance(1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert job.cut


async def test_a_pause_is_cut_short_by_whoever_wakes_it(clock: VirtualClock) -> None:
    wake = asyncio.Event()
    pause = asyncio.create_task(Stopping(clock).pause(100, wake))
    await clock.advance(1)
    assert not pause.done()
    wake.set()
    await clock.advance(0)
    assert pause.done()
