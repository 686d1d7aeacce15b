"""Tools that a speech-to-speech brain asks for: answered, stored, and acted on when the caller has heard of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from realtime_bridge.providers.seam import ReplyAudio, ReplyBegan, ReplyFinished, ReplySaid, ToolAsked
from tests.fakes.brains import ToldBrain
from tests.fakes.live_call import CHANNEL, LiveCall, live_call
from tests.fakes.pbx import Phone
from tests.fakes.virtual_time import virtual_time
from voice_ai_service.dialogue.errands import Errands
from voice_ai_service.dialogue.toolbox import IfInterrupted, ToolKit, spec
from voice_ai_service.dialogue.turn import ToolResult, TurnContext
from voice_ai_service.providers.llm.seam import ToolSpec


def vendor_first(brain: ToldBrain) -> Callable[[LiveCall], None]:
    return lambda call: call.brains.first.append(lambda view: brain)


class SlowStock:
    """A tool that takes a while."""

    name = "check_stock"
    deadline_s = 8.0

    def __init__(self, takes_s: float = 4.0) -> None:
        self._takes_s = takes_s
        self.cancelled = 0
        self.killed = 0
        self.if_interrupted = IfInterrupted.CANCEL

    def spec(self, turn: TurnContext) -> ToolSpec | None:
        return spec(self.name, "Looks into the oven.", {})

    def precondition(self, turn: TurnContext, arguments: Mapping[str, Any]) -> str | None:
        return None

    async def exec(self, turn: TurnContext, arguments: Mapping[str, Any]) -> ToolResult:
        try:
            await asyncio.sleep(self._takes_s)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return ToolResult("Three loaves are left.")

    async def kill(self) -> None:
        self.killed += 1


@virtual_time
async def test_a_transfer_is_made_once_its_announcement_was_heard() -> None:
    brain = ToldBrain()
    async with live_call(before=vendor_first(brain)) as call:
        call.pbx.phones["2001"] = Phone()
        await call.greeted()
        brain.takes_turn("quero falar com o financeiro")
        brain.does(
            ReplyBegan("r1"),
            ReplySaid("r1", "Vou transferir para o financeiro.", "pt-BR", 0),
            ReplyAudio("r1", b"\3\0" * 8 * 2000),
            ToolAsked("c1", "transfer_call", {"destination": "financeiro"}),
            ReplyFinished("r1"),
        )
        await call.until(lambda: brain.of("tool_result"))
        assert not call.pbx.rung
        assert brain.of("tool_result")[0][2] is False
        stored = await call.over()
    announced = stored.messages[-1]
    assert announced.heard_text == "Vou transferir para o financeiro."
    assert announced.action == "transfer"
    assert announced.played_ms == announced.audio_ms
    assert announced.tools[0]["name"] == "transfer_call"
    assert stored.transferred_to == "financeiro"


@virtual_time
async def test_a_brain_that_says_nothing_about_its_tool_gets_our_sentence() -> None:
    brain = ToldBrain()
    async with live_call(before=vendor_first(brain)) as call:
        await call.greeted()
        brain.takes_turn("pode desligar")
        brain.does(ToolAsked("c1", "end_call", {}))
        stored = await call.over()
    assert stored.messages[-1].text.endswith("Até logo!")
    assert stored.messages[-1].heard_text == stored.messages[-1].text
    assert stored.end_reason == "completed"


@virtual_time
async def test_an_announcement_that_is_interrupted_transfers_nobody() -> None:
    brain = ToldBrain()
    async with live_call(before=vendor_first(brain)) as call:
        call.pbx.phones["2001"] = Phone()
        await call.greeted()
        brain.takes_turn("quero falar com o financeiro")
        brain.does(
            ReplyBegan("r1"),
            ReplySaid("r1", "Vou transferir para o financeiro.", "pt-BR", 0),
            ReplyAudio("r1", b"\3\0" * 8 * 4000),
            ToolAsked("c1", "transfer_call", {"destination": "financeiro"}),
            ReplyFinished("r1"),
        )
        await call.until(lambda: brain.of("tool_result"))
        await asyncio.sleep(0.5)
        await call.says(300)
        brain.takes_turn("não, espere")
        await call.until(lambda: brain.of("interrupted"))
        await asyncio.sleep(6)
        assert not call.pbx.rung
        assert call.call.live.state.transferred_to is None
        assert CHANNEL in call.pbx.channels


@virtual_time
async def test_a_slow_tool_is_filled_and_its_result_is_told() -> None:
    brain, tool = ToldBrain(), SlowStock()

    def arrange(call: LiveCall) -> None:
        vendor_first(brain)(call)
        call.brains.kit = ToolKit((tool,), Errands())

    async with live_call(before=arrange) as call:
        await call.greeted()
        brain.takes_turn("tem pão?")
        brain.does(ToolAsked("c1", "check_stock", {}))
        asked_at = asyncio.get_running_loop().time()
        await call.until(lambda: call.figure("voice_ai_fillers_total"))
        assert 1.4 <= asyncio.get_running_loop().time() - asked_at <= 1.7
        await call.until(lambda: brain.of("tool_result"))
        assert brain.of("tool_result") == [("c1", "Three loaves are left.", True)]
        brain.says("r1", "Temos três.")
        record = await call.answered(1)
        assert record.tools == [{"name": "check_stock", "arguments": {}, "outcome": "ok"}]
        assert call.figure("voice_ai_fillers_total") == 1
        call.pbx.party_hangs_up(CHANNEL)
        await call.over()
    assert tool.killed == 1


@virtual_time
async def test_a_barge_in_drops_a_tool_that_may_be_dropped() -> None:
    brain, tool = ToldBrain(), SlowStock(6)

    def arrange(call: LiveCall) -> None:
        vendor_first(brain)(call)
        call.brains.kit = ToolKit((tool,), Errands())

    async with live_call(before=arrange) as call:
        await call.greeted()
        brain.takes_turn("tem pão?")
        brain.does(
            ReplyBegan("r1"), ReplySaid("r1", "Vou ver.", "pt-BR", 0), ReplyAudio("r1", b"\3\0" * 8 * 3000)
        )
        brain.does(ToolAsked("c1", "check_stock", {}))
        await call.until(lambda: call.phase == "speaking")
        await call.says(300)
        brain.hears("deixa pra lá")
        await call.until(lambda: brain.of("tool_result"))
        assert tool.cancelled == 1
        assert brain.of("tool_result")[0][2] is False


@virtual_time
async def test_a_brain_that_claims_what_no_tool_did_is_told_once() -> None:
    brain = ToldBrain()
    async with live_call(before=vendor_first(brain)) as call:
        await call.greeted()
        brain.takes_turn("quero deixar um recado")
        brain.says("r1", "Anotei o seu recado.")
        await call.until(lambda: brain.of("prompt"))
        assert "no tool did it" in brain.of("prompt")[0][0]
        brain.says("r2", "Já anotei tudo.")
        await call.until(lambda: call.turns[-1].said == "Já anotei tudo." and call.phase == "listening")
        await asyncio.sleep(1)
        assert len(brain.of("prompt")) == 1, "a brain that insists is not argued with"


@virtual_time
async def test_a_brain_that_did_what_it_says_is_left_alone() -> None:
    brain = ToldBrain()
    async with live_call(before=vendor_first(brain)) as call:
        await call.greeted()
        brain.takes_turn("diga ao João para ligar")
        brain.does(ToolAsked("c1", "take_message", {"message": "Ligar"}))
        await call.until(lambda: brain.of("tool_result"))
        brain.says("r1", "Anotei o seu recado. Quer que eu transfira você para alguém?")
        await call.until(lambda: call.turns[-1].played_ms is not None and call.phase == "listening")
        await asyncio.sleep(1)
        assert brain.of("prompt") == []
        assert call.call.live.state.message_text == "Ligar"
