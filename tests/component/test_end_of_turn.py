"""The end-of-turn model in its real process; the graph is a tiny one of ours, the real one where it is installed."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import aclosing
from pathlib import Path

import pytest

from realtime_bridge.turn.end_of_turn import EndOfTurnModel, find_model
from tests.fakes.signals import joined, silence, voiced
from tests.models import tiny_end_of_turn

pytest.importorskip("onnxruntime", reason="the extra `turn` is not installed")

SPEAKING = voiced(2000, 8000).samples
DONE = joined(voiced(2000, 8000), silence(300, 8000)).samples


@pytest.fixture
def model_file(tmp_path: Path) -> Path:
    return tiny_end_of_turn.write(tmp_path / "smart-turn-v3.2-cpu.onnx")


@pytest.mark.parametrize("rate_hz", [8000, 16000])
async def test_a_sentence_that_stopped_is_more_complete_than_one_that_goes_on(
    model_file: Path, rate_hz: int
) -> None:
    speaking, pause = voiced(2000, rate_hz), silence(300, rate_hz)
    async with aclosing(EndOfTurnModel(model_file)) as model:
        goes_on = await model.complete(speaking.samples, rate_hz)
        stopped = await model.complete(joined(speaking, pause).samples, rate_hz)
    assert goes_on is not None
    assert stopped is not None
    assert 0 <= goes_on < 0.5 < stopped <= 1


@pytest.mark.parametrize("length_ms", [0, 20, 30_000])
async def test_any_length_has_an_answer(model_file: Path, length_ms: int) -> None:
    async with aclosing(EndOfTurnModel(model_file)) as model:
        assert await model.complete(voiced(length_ms, 8000).samples if length_ms else b"", 8000) is not None


async def test_too_many_at_once_are_not_asked(model_file: Path) -> None:
    async with aclosing(EndOfTurnModel(model_file)) as model:
        await model.start()
        answers = await asyncio.gather(*(model.complete(DONE, 8000) for _ in range(40)))
    assert None in answers
    assert any(answers)
    assert (model.asked, model.skipped) == (40, answers.count(None))


async def test_a_process_that_died_costs_a_verdict_and_no_call(model_file: Path) -> None:
    async with aclosing(EndOfTurnModel(model_file)) as model:
        await model.start()
        question = asyncio.create_task(model.complete(DONE, 8000))
        assert model.pid is not None
        os.kill(model.pid, signal.SIGKILL)
        await question
        assert await model.complete(DONE, 8000) is not None


async def test_without_a_model_that_loads_there_is_no_answer(tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no graph")
    async with aclosing(EndOfTurnModel(broken)) as model:
        assert await model.complete(DONE, 8000) is None
        assert model.skipped == 1


def test_the_operators_file_comes_first(model_file: Path, tmp_path: Path) -> None:
    assert find_model(model_file.parent) == model_file
    assert find_model(tmp_path / "elsewhere") != model_file


@pytest.mark.skipif(find_model() is None, reason="pipecat-ai is not installed (--no-deps)")
async def test_the_real_model_answers() -> None:
    found = find_model()
    assert found is not None
    async with aclosing(EndOfTurnModel(found)) as model:
        answer = await model.complete(DONE, 8000)
    assert answer is not None
    assert 0 < answer < 1
