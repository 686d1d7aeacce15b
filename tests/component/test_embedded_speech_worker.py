"""The service's side of a speech worker against real child processes that behave badly."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest

from tests.fakes.clock import VirtualClock
from voice_ai_service.errors import ProviderBusy, ProviderTimeout, ProviderUnavailable
from voice_ai_service.providers.embedded_speech import messages
from voice_ai_service.providers.embedded_speech.worker import SpeechWorker, WorkerLimits

CHILD = "tests.fakes.speech_child"


def said(text: str) -> messages.Speak:
    return messages.Speak(text=text, voice="", sample_rate_hz=8000, words_per_minute=160)


async def answers(worker: SpeechWorker, text: str, timeout_s: float = 10.0) -> list[messages.Message]:
    async with contextlib.aclosing(worker.ask(said(text), timeout_s=timeout_s)) as stream:
        return [answer async for answer in stream]


@pytest.fixture
async def worker() -> AsyncIterator[SpeechWorker]:
    running = SpeechWorker("fake", CHILD, limits=WorkerLimits(max_pending=3), clock=VirtualClock())
    yield running
    await running.aclose()


async def test_a_request_gets_its_own_answers_and_then_ends(worker: SpeechWorker) -> None:
    got = await asyncio.gather(*(answers(worker, text) for text in ("a", "b", "c")))
    assert got == [[messages.Audio(text.encode()), messages.Done()] for text in ("a", "b", "c")]


async def test_too_many_requests_are_refused_and_not_queued(worker: SpeechWorker) -> None:
    await worker.start()
    waiting = [asyncio.create_task(answers(worker, "until cancelled")) for _ in range(3)]
    await asyncio.sleep(0.05)
    with pytest.raises(ProviderBusy) as caught:
        await answers(worker, "one more")
    assert caught.value.retry_after_s
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert (await answers(worker, "now"))[0] == messages.Audio(b"now")


async def test_closing_the_iterator_stops_the_engine(worker: SpeechWorker) -> None:
    async with contextlib.aclosing(worker.ask(said("until cancelled"), timeout_s=10)) as stream:
        assert await anext(stream) == messages.Audio(b"ok")
    # The engine does one thing at a time: an answer means that it has let go.
    assert (await answers(worker, "next"))[0] == messages.Audio(b"next")
    assert worker.generation == 1


async def test_a_crash_fails_the_requests_it_hit_and_the_next_gets_a_new_engine(worker: SpeechWorker) -> None:
    first = asyncio.create_task(answers(worker, "die"))
    await asyncio.sleep(0)
    second = asyncio.create_task(answers(worker, "waiting behind it"))
    for task in (first, second):
        with pytest.raises(ProviderUnavailable):
            await task
    assert (await answers(worker, "again"))[0] == messages.Audio(b"again")
    assert worker.generation == 2


async def test_a_stuck_engine_is_ended_and_replaced() -> None:
    stubborn = SpeechWorker("fake", CHILD, limits=WorkerLimits(stuck_s=0.1))
    await stubborn.start()
    stuck = stubborn.pid
    with pytest.raises(ProviderTimeout):
        await answers(stubborn, "hang", timeout_s=0.2)
    assert (await answers(stubborn, "again"))[0] == messages.Audio(b"again")
    assert stubborn.pid != stuck
    await stubborn.aclose()


async def test_one_impatient_caller_does_not_take_the_engine_from_the_others() -> None:
    shared = SpeechWorker("fake", CHILD)
    await shared.start()
    with pytest.raises(ProviderTimeout):
        await answers(shared, "until cancelled", timeout_s=0.01)
    assert (await answers(shared, "mine"))[0] == messages.Audio(b"mine")
    assert shared.generation == 1
    await shared.aclose()


@pytest.mark.parametrize("text", ["write to stdout", "fill stderr", "interrupt yourself"])
def test_noise_on_the_side_does_not_disturb(text: str) -> None:
    async def talk() -> None:
        running = SpeechWorker("fake", CHILD)
        try:
            assert (await answers(running, text))[-1] == messages.Done()
            assert (await answers(running, "after"))[0] == messages.Audio(b"after")
            assert running.generation == 1
        finally:
            await running.aclose()

    asyncio.run(talk())


async def test_an_engine_that_never_starts_is_tried_with_growing_pauses_and_then_refused_at_once() -> None:
    clock = VirtualClock()
    broken = SpeechWorker("fake", "tests.fakes.no_such_module", clock=clock)
    for _ in range(4):
        with pytest.raises(ProviderUnavailable):
            await answers(broken, "a")
    assert clock.slept_s == pytest.approx([0.25, 0.5, 1.0])
    starts = broken.generation
    for _ in range(3):
        with pytest.raises(ProviderUnavailable) as caught:
            await answers(broken, "a")
        assert caught.value.retry_after_s == pytest.approx(2.0)
    assert broken.generation == starts
    await clock.sleep(2.0)
    with pytest.raises(ProviderUnavailable):
        await answers(broken, "a")
    assert broken.generation == starts + 1
    await broken.aclose()


async def test_an_engine_that_breaks_the_framing_is_ended() -> None:
    babbling = SpeechWorker("fake", "tests.fakes.babbling_child", clock=VirtualClock())
    with pytest.raises(ProviderUnavailable):
        await answers(babbling, "a")
    assert babbling.pid is None
    await babbling.aclose()


async def test_after_closing_nothing_runs_and_nothing_starts() -> None:
    closing = SpeechWorker("fake", CHILD)
    await closing.start()
    hanging = asyncio.create_task(answers(closing, "hang"))
    await asyncio.sleep(0.05)
    await closing.aclose()
    with pytest.raises(ProviderUnavailable):
        await hanging
    assert closing.pid is None
    with pytest.raises(ProviderUnavailable, match="shut down"):
        await answers(closing, "a")


async def test_the_child_sees_no_secret_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    curious = SpeechWorker("fake", CHILD)
    names = (await answers(curious, "tell the environment"))[0]
    assert isinstance(names, messages.Audio)
    assert b"PATH" in names.samples
    assert b"OPENAI_API_KEY" not in names.samples
    await curious.aclose()


@pytest.mark.parametrize(
    "module",
    [
        CHILD,
        "voice_ai_service.providers.embedded_speech.espeak_worker",
        "voice_ai_service.providers.embedded_speech.sphinx_worker",
    ],
)
def test_a_worker_ends_when_its_parent_does(module: str) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    _, errors = child.communicate(timeout=30)  # closes its input, as the death of the parent does
    assert (child.returncode, errors) == (0, b"")
