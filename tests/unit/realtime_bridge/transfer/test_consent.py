from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_bridge.transfer.consent import answer_of, key_answer

PT, EN = "pt-BR", "en"


@pytest.mark.parametrize(
    ("said", "language"),
    [
        ("sim", PT),
        ("Sim.", PT),
        ("SIM!", PT),
        ("Pode passar.", PT),
        ("ah, tá, pode passar por favor", PT),
        ("claro, pode transferir a ligação", PT),
        ("ok", PT),
        ("está bem, obrigado", PT),
        ("Yes.", EN),
        ("sure, put them through please", EN),
        ("yes I can take it, thanks", EN),
    ],
)
def test_a_sentence_that_is_a_yes_and_nothing_else(said: str, language: str) -> None:
    assert answer_of(said, language) == "yes"


@pytest.mark.parametrize(
    ("said", "language"),
    [
        ("não", PT),
        ("Não, obrigado.", PT),
        ("sim não", PT),
        ("agora não", PT),
        ("não sei", PT),
        ("pode passar não", PT),
        ("estou ocupado, pode ser depois?", PT),
        ("no", EN),
        ("I can't", EN),
        ("yes but not now", EN),
    ],
)
def test_a_denial_anywhere_is_a_no(said: str, language: str) -> None:
    assert answer_of(said, language) == "no"


@pytest.mark.parametrize(
    ("said", "language"),
    [
        ("", PT),
        ("...", PT),
        ("sim?", PT),
        ("que", PT),
        ("alô", PT),
        ("por favor", PT),
        ("quem está falando", PT),
        ("pode deixar o seu recado após o sinal", PT),
        ("sim esta é a caixa postal de maria deixe o seu recado", PT),
        ("a pode", "pt-BR"),
        ("simples", PT),
        ("passagem", PT),
        ("sim " * 9, PT),
        ("نعم", PT),
        ("hello", EN),
        ("yes you have reached the voicemail of mary", EN),
        ("thank you", EN),
    ],
)
def test_anything_else_answers_nothing(said: str, language: str) -> None:
    assert answer_of(said, language) is None


def test_keys() -> None:
    assert [key_answer(digits) for digits in ("1", "2", "51", "521", "", "*0#")] == [
        "yes",
        "no",
        "yes",
        "no",
        None,
        None,
    ]


@given(st.text(max_size=60))
def test_a_question_is_never_a_yes(said: str) -> None:
    assert answer_of(said + "?", PT) != "yes"


@given(
    st.lists(
        st.sampled_from(["sim", "pode passar", "por favor", "não", "recado", "deixe", "claro"]), max_size=6
    )
)
def test_one_foreign_or_denying_word_is_enough_for_no_yes(parts: list[str]) -> None:
    answer = answer_of(" ".join(parts), PT)
    if "não" in parts:
        assert answer == "no"
    elif {"recado", "deixe"} & set(parts):
        assert answer is None
