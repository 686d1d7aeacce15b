from __future__ import annotations

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.secretaries import DESTINATIONS, SECRETARY, destination, plan, rule
from voice_ai_service.calls.call_plan import plan_for
from voice_ai_service.calls.transfer_rules import find_destination, match_rule, mentioned_destinations
from voice_ai_service.text.words import words

RULES = (
    rule("cobrança", "financeiro", "cobra", "boleto"),
    rule("segunda via", "financeiro", "segunda via do boleto", priority=900),
    rule("cancel", "vendas", "cancel", language="en"),
)


@pytest.mark.parametrize(
    ("heard", "language", "intent"),
    [
        ("preciso do BOLETO", "pt-BR", "cobrança"),
        ("a segunda vía do boleto", "pt-BR", "segunda via"),  # the longest phrase, whatever its priority
        ("recebi cobranças", "pt-BR", None),  # "cobra" is no word of it
        ("a cobra fumou", "pt-BR", "cobrança"),
        ("não é sobre boleto", "pt-BR", None),
        ("boleto não", "pt-BR", None),
        ("cancel it please", "en-US", "cancel"),
        ("cancel", "pt-BR", None),
        ("cancel", None, "cancel"),
        ("boletos", "pt-BR", None),
        ("", "pt-BR", None),
    ],
)
def test_rules_match_whole_words(heard: str, language: str | None, intent: str | None) -> None:
    match = match_rule(heard, RULES, language=language)
    assert (match.rule.intent if match else None) == intent


def test_priority_decides_between_phrases_of_one_length() -> None:
    rules = (rule("later", "vendas", "plano", priority=5), rule("first", "financeiro", "plano", priority=1))
    match = match_rule("sobre o plano", rules, language="pt-BR")
    assert match is not None
    assert match.rule.intent == "first"


def test_a_secretarys_own_rule_comes_before_the_domains_and_never_fires_for_another() -> None:
    own = rule("own", "vendas", "plano", secretary_uuid=SECRETARY)
    rules = (rule("domain", "financeiro", "plano", priority=1), own)
    match = match_rule("plano", rules, language=None, secretary_uuid=SECRETARY)
    assert match is not None
    assert match.rule.intent == "own"
    other = match_rule("plano", rules, language=None, secretary_uuid=uuid4())
    assert other is not None
    assert other.rule.intent == "domain"


def test_only_immediate_rules_go_before_a_model() -> None:
    rules = (rule("slow", "vendas", "boleto"), rule("fast", "financeiro", "fraude", immediate=True))
    assert match_rule("boleto", rules, language=None, immediate_only=True) is None
    assert match_rule("fraude", rules, language=None, immediate_only=True) is not None


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Financeiro", "financeiro"),
        ("FRONT-DESK", "recepção"),
        ("recepcao", "recepção"),
        ("finance", None),
        ("o financeiro", None),
        ("2001", None),
        ("", None),
        ("  ", None),
    ],
)
def test_destinations_are_found_by_their_whole_name(name: str, found: str | None) -> None:
    destination = find_destination(name, DESTINATIONS)
    assert (destination.name if destination else None) == found


def test_a_name_comes_before_an_alias() -> None:
    listed = (destination("um", "1", "dois"), destination("dois", "2"))
    found = find_destination("dois", listed)
    assert found is not None
    assert found.number == "2"


@pytest.mark.parametrize(
    ("heard", "names"),
    [
        ("quero falar com vendas", ["vendas"]),
        ("the front desk please", ["front desk"]),
        ("não vendas, financeiro", ["financeiro"]),
        ("vendas e caixa postal", ["caixa postal", "vendas"]),  # the longest first
        ("revendas", []),
    ],
)
def test_mentions(heard: str, names: list[str]) -> None:
    assert [one.called for one in mentioned_destinations(heard, DESTINATIONS)] == names


def test_a_plan_leaves_out_what_belongs_to_another_secretary() -> None:
    other = uuid4()
    base = plan().secretary
    scoped = plan_for(
        base,
        (
            destination("vendas", "1"),
            destination("vendas", "2", secretary_uuid=base.secretary_uuid),
            destination("dela", "3", secretary_uuid=other),
        ),
        (rule("a", "vendas", "x"), rule("b", "dela", "y"), rule("c", "vendas", "z", secretary_uuid=other)),
    )
    assert [one.number for one in scoped.destinations] == ["2"]
    assert [one.intent for one in scoped.rules] == ["a"]


@given(st.text(max_size=80), st.text(alphabet="abcdefgh ", min_size=1, max_size=12))
def test_a_rule_fires_only_for_words_that_were_said(heard: str, phrase: str) -> None:
    match = match_rule(heard, (rule("any", "vendas", phrase),), language=None)
    if match is not None:
        assert set(words(phrase)) <= set(words(heard))
