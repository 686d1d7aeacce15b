from __future__ import annotations

from tests.fakes.secretaries import call, plan, turn
from voice_ai_service.dialogue.notes import interrupted, so_far
from voice_ai_service.dialogue.prompt import build_instructions, build_prompt
from voice_ai_service.providers.llm.seam import ChatMessage, Role


def test_they_are_the_same_instructions_and_what_speaking_adds() -> None:
    live = build_instructions(turn()).messages[0].text
    written = build_prompt(turn("olá")).messages[0].text
    shared = [line for line in written.splitlines() if "Always answer" not in line]
    assert all(line in live for line in shared)
    assert "You hear the caller and speak yourself" in live
    assert "<passage" not in live


def test_every_language_of_the_secretary_is_named() -> None:
    assert (
        "the caller's language: Brazilian Portuguese or English."
        in build_instructions(turn()).messages[0].text
    )
    one = build_instructions(turn(plan=plan({"languages": ["pt-BR"]}))).messages[0].text
    assert "Always answer in Brazilian Portuguese." in one


def test_facts_that_have_no_room_are_named_for_a_tool() -> None:
    long = {"topic": "regulamento", "questions": {}, "answer": {"pt-BR": "artigo " * 500}}
    many = [long | {"topic": f"regulamento {number}"} for number in range(5)]
    prompt = build_instructions(turn(plan=plan({"facts": many})))
    assert prompt.topics_left_out
    assert all(topic not in prompt.messages[0].text for topic in prompt.topics_left_out)


def test_who_did_not_answer_is_not_offered() -> None:
    live = build_instructions(turn(call=call(failed_destinations=["vendas"]))).messages[0].text
    assert "Nobody answered at: vendas." in live


def test_the_call_until_now() -> None:
    told = so_far(
        (
            ChatMessage(Role.USER, "Sou a Bia."),
            ChatMessage(Role.ASSISTANT, "Olá, Bia."),
            ChatMessage(Role.SYSTEM, "(Result of x: y)"),
        )
    )
    assert told.splitlines()[1:] == ["Caller: Sou a Bia.", "You: Olá, Bia.", "Note: (Result of x: y)"]
    assert so_far(()) == ""


def test_an_interruption_says_what_was_heard_or_that_nothing_was() -> None:
    assert '"Temos"' in interrupted(" Temos ")
    assert "before hearing anything" in interrupted("")
