from __future__ import annotations

import asyncio
import contextlib

import pytest

from tests.fakes.secretaries import turn
from tests.fakes.tools import FakeVerb
from tests.fakes.virtual_time import virtual_time
from voice_ai_service.dialogue.errands import Errands
from voice_ai_service.dialogue.toolbox import IfInterrupted, OnceKept, ToolKit, Without
from voice_ai_service.dialogue.turn import ToolResult, ToolRun
from voice_ai_service.errors import LimitReached, Unavailable
from voice_ai_service.providers.llm.seam import ToolCall

CALL = ToolCall("c1", "look_up", {"what": "x" * 900})


async def test_a_tool_gives_its_result() -> None:
    verb = FakeVerb()
    assert await ToolKit((verb,), Errands()).run(turn(), CALL) == ToolResult("42")


@pytest.mark.parametrize(
    ("verb", "outcome"),
    [
        (FakeVerb(offered=False), "unknown"),
        (FakeVerb(name="other"), "unknown"),
        (FakeVerb(refusal="It needs a subject."), "refused"),
        (FakeVerb(fails=Unavailable("down")), "failed"),
        (FakeVerb(fails=Unavailable("down"), if_interrupted=IfInterrupted.FINISH), "failed"),
        (FakeVerb(takes_s=60), "late"),
        (FakeVerb(takes_s=60, if_interrupted=IfInterrupted.FINISH), "late"),
    ],
)
def test_every_failure_is_a_result_that_promises_nothing(verb: FakeVerb, outcome: str) -> None:
    @virtual_time
    async def run() -> None:
        errands = Errands()
        result = await ToolKit((verb,), errands).run(turn(), CALL)
        assert result.outcome == outcome
        assert "42" not in result.text
        if outcome in ("unknown", "refused"):
            assert verb.begun == 0
        if outcome in ("failed", "late"):
            assert result.said, "the caller would hear nothing of it"
        await errands.aclose(timeout_s=100)

    run()


@pytest.mark.parametrize(
    ("policy", "ended", "unheard"),
    [
        (IfInterrupted.CANCEL, 0, ()),
        (IfInterrupted.FINISH, 1, (ToolRun("look_up", {"what": "x" * 200}, "ok"),)),
    ],
)
def test_a_barge_in_cancels_look_ups_and_not_what_must_finish(
    policy: IfInterrupted, ended: int, unheard: tuple[ToolRun, ...]
) -> None:
    @virtual_time
    async def run() -> None:
        verb = FakeVerb(takes_s=1.0, if_interrupted=policy)
        kit = ToolKit((verb,), Errands())
        task = asyncio.create_task(kit.run(turn(), CALL))
        await asyncio.sleep(0.5)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert task.cancelled()
        await asyncio.sleep(2)
        assert (verb.ended, kit.unheard()) == (ended, unheard)

    run()


@virtual_time
async def test_what_was_late_is_known_once_it_is_done() -> None:
    verb = FakeVerb(takes_s=5.0, deadline_s=1.0, if_interrupted=IfInterrupted.FINISH)
    kit = ToolKit((verb,), Errands())
    assert (await kit.run(turn(), CALL)).outcome == "late"
    assert kit.unheard() == ()
    await asyncio.sleep(5)
    assert [run.outcome for run in kit.unheard()] == ["ok"]


@virtual_time
async def test_a_guess_runs_no_tool() -> None:
    verb, kept = FakeVerb(), asyncio.Event()
    box = OnceKept(ToolKit((verb,), Errands()), kept)
    task = asyncio.create_task(box.run(turn(), CALL))
    await asyncio.sleep(10)
    assert verb.begun == 0
    kept.set()
    assert (await task).text == "42"
    assert [tool.name for tool in box.offered(turn())] == ["look_up"]


async def test_a_tool_that_is_not_for_a_brain_is_neither_offered_nor_run() -> None:
    hidden, shown = FakeVerb("hidden"), FakeVerb("shown")
    box = Without(ToolKit((hidden, shown), Errands()), "hidden")
    assert [tool.name for tool in box.offered(turn())] == ["shown"]
    assert (await box.run(turn(), ToolCall("c", "hidden", {}))).outcome == "unknown"
    assert (await box.run(turn(), ToolCall("c", "shown", {}))).outcome == "ok"
    assert (hidden.begun, shown.begun) == (0, 1)


async def test_the_end_of_the_call_reaches_every_verb() -> None:
    verbs = [FakeVerb("a"), FakeVerb("b")]
    await ToolKit(verbs, Errands()).kill()
    assert [verb.killed for verb in verbs] == [1, 1]


@virtual_time
async def test_errands_are_bounded_and_waited_for() -> None:
    done: list[int] = []

    async def work(number: int, seconds: float) -> None:
        await asyncio.sleep(seconds)
        done.append(number)

    errands = Errands(max_under_way=2)
    errands.start("one", work(1, 1))
    errands.start("two", work(2, 100))
    with pytest.raises(LimitReached):
        errands.start("three", work(3, 1))
    await errands.aclose(timeout_s=10)
    assert done == [1]
    assert len(errands) == 0


@virtual_time
async def test_too_many_errands_are_a_true_refusal() -> None:
    errands = Errands(max_under_way=0)
    verb = FakeVerb(if_interrupted=IfInterrupted.FINISH)
    assert (await ToolKit((verb,), errands).run(turn(), CALL)).outcome == "failed"
    assert verb.begun == 0
