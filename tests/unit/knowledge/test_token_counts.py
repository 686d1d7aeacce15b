from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.knowledge.sentences import sentences
from voice_ai_service.knowledge.tokens import count_tokens, last_words, split_words


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        (" \n\t", 0),
        ("casa", 1),
        ("atende", 1),
        ("atender", 2),
        ("atendimento", 2),
        ("R$ 1.250,00", 7),
        ("2026", 2),
        ("sim, não.", 4),
        ("não_sei", 3),
        ("日本語", 3),
        ("😀", 1),
    ],
)
def test_known_counts(text: str, tokens: int) -> None:
    assert count_tokens(text) == tokens


@given(st.text(), st.text())
def test_a_space_between_two_texts_costs_nothing(one: str, other: str) -> None:
    assert count_tokens(f"{one} {other}") == count_tokens(one) + count_tokens(other)


@given(st.text(), st.text())
def test_joined_they_are_never_more(one: str, other: str) -> None:
    assert count_tokens(one + other) <= count_tokens(one) + count_tokens(other)


@given(st.text(), st.integers(0, 20))
def test_last_words_are_an_end_of_the_text_within_the_limit(text: str, limit: int) -> None:
    tail = last_words(text, limit)
    assert text.rstrip().endswith(tail)
    assert count_tokens(tail) <= limit
    assert set(tail.split()) <= set(text.split())


@given(st.text(), st.integers(1, 20))
def test_pieces_are_within_the_limit_and_lose_nothing(text: str, limit: int) -> None:
    pieces = split_words(text, limit)
    assert "".join("".join(piece.split()) for piece in pieces) == "".join(text.split())
    assert all(count_tokens(piece) <= limit for piece in pieces)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Uma frase. Outra frase! E esta?", ["Uma frase.", "Outra frase!", "E esta?"]),
        (
            "O Dr. Silva atende na Av. Paulista. Ligue já.",
            ["O Dr. Silva atende na Av. Paulista.", "Ligue já."],
        ),
        (
            "Custa R$ 1.250,00 por mês. À vista há desconto.",
            ["Custa R$ 1.250,00 por mês.", "À vista há desconto."],
        ),
        ("Ele disse “vamos.” Depois saiu.", ["Ele disse “vamos.”", "Depois saiu."]),
        ("sem ponto final", ["sem ponto final"]),
        ("Abre às 8. 20 pessoas esperam.", ["Abre às 8.", "20 pessoas esperam."]),
        ("", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(st.text(alphabet='aB. !?"”Dr1', max_size=60))
def test_sentences_lose_nothing(text: str) -> None:
    assert "".join("".join(sentence.split()) for sentence in sentences(text)) == "".join(text.split())
