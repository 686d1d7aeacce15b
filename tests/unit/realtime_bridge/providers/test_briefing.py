from __future__ import annotations

from dataclasses import dataclass

from realtime_bridge.providers.briefing import briefing_of
from tests.fakes.secretaries import MONDAY_NOON, TENANT, call, plan
from voice_ai_service.calls.call_plan import CallPlan
from voice_ai_service.dialogue.call_state import CallState, TurnRecord
from voice_ai_service.dialogue.tools import offered
from voice_ai_service.providers.llm.seam import ChatMessage, Role
from voice_ai_service.tenancy.tenant import Tenant


@dataclass
class View:
    state: CallState
    turn: int
    plan: CallPlan
    tenant: Tenant = TENANT


def record(turn: int, heard: str, said: str) -> TurnRecord:
    return TurnRecord(turn=turn, started_at=MONDAY_NOON, heard=heard, said=said)


def test_the_first_brain_and_one_that_takes_over_are_told_the_call_as_it_stands() -> None:
    state = call(turns=[record(0, "", "Olá! Padaria Sol."), record(1, "Sou a Bia.", "Olá, Bia.")])
    told = briefing_of(View(state, 2, plan()), offered, 8000, MONDAY_NOON)
    assert told.history == (ChatMessage(Role.USER, "Sou a Bia."), ChatMessage(Role.ASSISTANT, "Olá, Bia."))
    assert 'greeted the caller with: "Olá! Padaria Sol."' in told.instructions
    assert {tool.name for tool in told.tools} >= {"transfer_call", "end_call", "take_message"}
    assert (told.language, told.languages) == ("pt-BR", ("pt-BR", "en"))
    assert "boleto" in told.phrases
    assert len(told.phrases) <= 60
    assert told.voice is None


def test_what_the_caller_is_saying_now_is_not_told_twice() -> None:
    state = call(turns=[record(1, "Sou a Bia.", "")])
    assert briefing_of(View(state, 1, plan()), offered, 8000, MONDAY_NOON).history == ()
