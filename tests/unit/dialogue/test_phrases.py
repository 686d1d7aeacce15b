from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.secretaries import MONDAY_NOON, SUNDAY_NIGHT, TENANT, WORKING_WEEK, call, plan, turn
from voice_ai_service.calls.secretary import LANGUAGES
from voice_ai_service.dialogue.actions import Continue, HangUp, HangupReason, RecordMessage
from voice_ai_service.dialogue.opening import apology, busy, open_call
from voice_ai_service.dialogue.phrases import Texts, greeting_for, spoken_list, texts
from voice_ai_service.dialogue.speakable import speakable

DISCLOSURE = "Quem fala é uma assistente virtual."


def greeting(settings: dict[str, Any], *, is_open: bool = True) -> str:
    now = MONDAY_NOON if is_open else SUNDAY_NIGHT
    return greeting_for(plan(settings).secretary, is_open, now, default_zone=TENANT.time_zone)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_there_and_fit_for_the_ear(language: str) -> None:
    for name in Texts.model_fields:
        sentence = getattr(texts(language), name)
        plain = sentence.replace("{", "").replace("}", "")
        assert speakable(plain) == plain, name


def test_languages_have_sentences_of_their_own() -> None:
    ours, theirs = (texts(language).model_dump() for language in LANGUAGES)
    assert not [name for name in ours if ours[name] == theirs[name]]
    assert texts("en-GB") is texts("en")
    assert texts("de") is texts("pt-BR")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, f"Olá! Você ligou para Padaria Sol. {DISCLOSURE} Como posso ajudar?"),
        ({"business_name": ""}, f"Olá! {DISCLOSURE} Como posso ajudar?"),
        ({"disclosure": False}, "Olá! Você ligou para Padaria Sol. Como posso ajudar?"),
        (
            {"record_calls": True},
            f"Olá! Você ligou para Padaria Sol. {DISCLOSURE} Esta ligação está sendo gravada. Como posso ajudar?",
        ),
        (
            {"record_calls": True, "recording_notice": {"pt-BR": "Gravamos."}, "disclosure": False},
            "Olá! Você ligou para Padaria Sol. Gravamos. Como posso ajudar?",
        ),
        (
            {"greeting": {"pt-BR": "Padaria Sol, bom dia! Em que posso ajudar?"}},
            f"Padaria Sol, bom dia! {DISCLOSURE} Em que posso ajudar?",
        ),
        ({"greeting": {"pt-BR": "O que deseja?"}}, f"{DISCLOSURE} O que deseja?"),
        ({"greeting": {"pt-BR": "Padaria Sol."}}, f"Padaria Sol. {DISCLOSURE}"),
        (
            {"languages": ["en", "pt-BR"], "facts": []},
            "Hello! You have reached Padaria Sol. You are speaking with a virtual assistant. How can I help you?",
        ),
    ],
)
def test_greetings(settings: dict[str, Any], expected: str) -> None:
    assert greeting(settings) == expected


def test_closed_says_why_and_until_when_and_asks_nothing() -> None:
    text = greeting({}, is_open=False)
    assert text == (
        f"Olá! Você ligou para Padaria Sol. {DISCLOSURE} No momento estamos fechados. Nosso horário de atendimento "
        "é de segunda a sexta das 8 às 18 horas. Voltamos a atender amanhã às 8 horas."
    )
    assert greeting({"outside_hours": {"pt-BR": "Voltamos logo."}}, is_open=False).endswith("Voltamos logo.")
    assert greeting({"hours": None}, is_open=False).endswith("No momento estamos fechados.")
    never = greeting({"hours": {"week": {}}}, is_open=False)
    assert never.endswith("No momento estamos fechados.")


def test_a_business_name_with_braces_is_said_as_it_is() -> None:
    assert "{0} & {x}" in greeting({"business_name": "{0} & {x}"})


def test_an_open_call_greets_and_listens() -> None:
    reply = open_call(turn("", turn=0))
    assert reply.action == Continue()
    assert reply.text.endswith("Como posso ajudar?")


def test_a_closed_call_does_what_is_configured() -> None:
    for closed_action, action in (
        ({"kind": "hangup"}, HangUp(HangupReason.CLOSED)),
        ({"kind": "message"}, RecordMessage()),
    ):
        context = turn("", turn=0, plan=plan({"closed_action": closed_action}), now=SUNDAY_NIGHT)
        reply = open_call(context)
        assert reply.action == action
        assert "fechados" in reply.text


def test_before_the_caller_speaks_the_secretary_speaks_its_first_language() -> None:
    english = plan({"languages": ["en", "pt-BR"], "facts": []})
    context = turn("", turn=0, plan=english, call=call(language="pt-BR"), now=SUNDAY_NIGHT)
    for reply in (open_call(context), busy(context)):
        assert reply.language == "en"
        assert reply.state.language == "en"
        assert "losed" in reply.text or "busy" in reply.text


def test_no_room_and_no_service_are_said() -> None:
    assert busy(turn("", turn=0)).action == HangUp(HangupReason.BUSY)
    reply = apology(turn("", turn=0))
    assert "problema técnico" in reply.text
    hanging_up = apology(turn("", turn=0, plan=plan({"fallback": {"kind": "hangup"}})))
    assert hanging_up.action == HangUp(HangupReason.PROVIDERS_DOWN)


def test_lists_are_short_enough_for_the_ear() -> None:
    assert spoken_list([], "ou") == ""
    assert spoken_list(["a"], "ou") == "a"
    assert spoken_list(["a", "b", "c"], "ou") == "a, b ou c"
    assert spoken_list([str(i) for i in range(20)], "ou") == "0, 1, 2, 3, 4 ou 5"


def test_the_fixture_week_is_a_working_week() -> None:
    assert list(WORKING_WEEK) == ["mon", "tue", "wed", "thu", "fri"]
