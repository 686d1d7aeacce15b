from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.text.languages import base_language, closest
from voice_ai_service.text.negation import is_denied
from voice_ai_service.text.words import clauses, find_sequences, fold, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Cobrança", ("cobranca",)),
        ("SEGUNDA-FEIRA, às 8h30!", ("segunda", "feira", "as", "8h30")),
        ("don't", ("dont",)),
        ("I’d like", ("id", "like")),
        ("caixa d'água", ("caixa", "dagua")),
        ("ﬁnanceiro", ("financeiro",)),
        ("snake_case", ("snake", "case")),
        ("…", ()),
        ("", ()),
    ],
)
def test_words_are_folded_and_whole(text: str, expected: tuple[str, ...]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("haystack", "needle", "found"),
    [
        ("quero falar com vendas", "vendas", [3]),
        ("quero falar com vendas", "falar com", [1]),
        ("cobranças", "cobra", []),
        ("as vendas e as vendas", "as vendas", [0, 3]),
        ("vendas", "as vendas", []),
        ("vendas", "", []),
    ],
)
def test_sequences_are_of_whole_words(haystack: str, needle: str, found: list[int]) -> None:
    assert find_sequences(words(haystack), words(needle)) == found


@given(st.text(), st.text())
def test_folding_forgets_case_and_keeps_word_borders(left: str, right: str) -> None:
    assert words(f"{left} {right}") == words(left) + words(right)
    assert words(fold(left)) == words(left)


@given(st.text(max_size=60), st.text(alphabet="abcde", min_size=1, max_size=4))
def test_a_part_of_a_word_is_never_found(text: str, part: str) -> None:
    spoken = words(text)
    assert bool(find_sequences(spoken, (part,))) == (part in spoken)


@given(st.text())
def test_clauses_lose_no_word_that_has_no_number_around_it(text: str) -> None:
    spoken = clauses(text)
    assert len(spoken.words) == len(spoken.clause_of)
    assert list(spoken.clause_of) == sorted(spoken.clause_of)


@pytest.mark.parametrize(
    ("said", "denied"),
    [
        ("quero falar com vendas", False),
        ("não quero falar com vendas", True),
        ("não, quero falar com vendas", False),
        ("não eu quero falar com vendas", False),
        ("eu não quero mais falar com o setor de vendas", True),
        ("não quero que me passe para vendas", True),
        ("não me transfere para vendas por favor", True),
        ("com vendas não, com o financeiro", True),
        ("quero vendas, não o suporte", False),
        ("quero vendas não suporte", False),
        ("não quero o suporte quero falar com vendas", False),
        ("não consigo pagar mas quero falar com vendas", False),
        ("sem falar com vendas", True),
        ("nunca mais vendas", True),
        ("i want to talk to vendas", False),
        ("I don't want to talk to vendas", True),
        ("I don't want you to transfer me to vendas", True),
        ("I do not think I want vendas", True),
        ("no, vendas please", False),
        ("not billing but vendas", False),
        ("vendas no", True),
    ],
)
def test_what_was_denied_was_not_asked_for(said: str, denied: bool) -> None:
    spoken = clauses(said)
    (start,) = find_sequences(spoken.words, ("vendas",))
    assert is_denied(spoken, start, 1) is denied


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("pt", "pt-BR"),
        ("pt-BR", "pt-BR"),
        ("PT_br", "pt-BR"),
        ("pt-PT", "pt-BR"),
        ("en-US", "en"),
        ("de", None),
    ],
)
def test_the_closest_language(tag: str, expected: str | None) -> None:
    assert closest(tag, ("pt-BR", "en")) == expected


def test_an_exact_tag_is_closer_than_its_family() -> None:
    assert closest("pt-PT", ("pt-BR", "pt-PT")) == "pt-PT"
    assert closest(None, ("pt-BR",)) is None
    assert base_language("zh-Hant-TW") == "zh"
