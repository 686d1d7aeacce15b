from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.providers.tts.sentences import PieceLengths, SentenceSplitter, speak_by_sentence

EVERY_SENTENCE = PieceLengths(first_min=1, first_clause_min=10_000, later_min=1, longest=10_000)


def pieces(text: str, lengths: PieceLengths | None = None) -> list[str]:
    splitter = SentenceSplitter(lengths)
    return [*splitter.feed(text), *splitter.finish()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bom dia. Tudo bem?", ["Bom dia.", "Tudo bem?"]),
        ("O Sr. João e a Dra. Ana já vêm. Aguarde.", ["O Sr. João e a Dra. Ana já vêm.", "Aguarde."]),
        ("Fica na av. Paulista, nº. 900. Até logo!", ["Fica na av. Paulista, nº. 900.", "Até logo!"]),
        ("Custa R$ 1.500,00 por mês. Pode ser?", ["Custa R$ 1.500,00 por mês.", "Pode ser?"]),
        ("It costs 3.50 dollars. OK?", ["It costs 3.50 dollars.", "OK?"]),
        ("Temos pães, bolos etc. para hoje. Quer?", ["Temos pães, bolos etc. para hoje.", "Quer?"]),
        ("Temos pães, bolos etc. Quer algum?", ["Temos pães, bolos etc.", "Quer algum?"]),
        ("Ask Mr. J. Smith. Thanks.", ["Ask Mr. J. Smith.", "Thanks."]),
        ("We open at 9 a.m. and close at 5 p.m. Bye.", ["We open at 9 a.m. and close at 5 p.m.", "Bye."]),
        ("1. Vendas. 2. Suporte.", ["1. Vendas.", "2. Suporte."]),
        ("Um momento… já volto.", ["Um momento…", "já volto."]),
        ('Ela disse "volte." Eu volto.', ['Ela disse "volte."', "Eu volto."]),
        ("Linha um\nLinha dois", ["Linha um", "Linha dois"]),
        ("Sem ponto", ["Sem ponto"]),
        ("Espera!!! Como assim?!", ["Espera!!!", "Como assim?!"]),
        ("Veja www.exemplo.com.br ou ligue. Certo?", ["Veja www.exemplo.com.br ou ligue.", "Certo?"]),
        ("", []),
        ("  …  ", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert pieces(text, EVERY_SENTENCE) == expected


def test_a_piece_comes_as_soon_as_the_next_word_begins() -> None:
    splitter = SentenceSplitter()
    assert splitter.feed("Bom dia, Maria.") == []
    assert splitter.feed(" ") == []
    assert splitter.feed("C") == ["Bom dia, Maria."]


def test_the_first_piece_may_be_a_clause_and_later_ones_are_put_together() -> None:
    text = (
        "Claro, posso verificar isso para o senhor, mas antes preciso do seu CPF. Pode ser? Diga os números. "
        "Se preferir, digite no teclado do telefone agora mesmo. Eu espero."
    )
    assert pieces(text) == [
        "Claro, posso verificar isso para o senhor,",
        "mas antes preciso do seu CPF. Pode ser? Diga os números. Se preferir, digite no teclado do "
        "telefone agora mesmo.",
        "Eu espero.",
    ]


def test_a_short_first_sentence_waits_for_the_next() -> None:
    assert pieces("Oi. Tudo bem com você hoje?") == ["Oi. Tudo bem com você hoje?"]


def test_text_without_any_stop_is_cut_at_a_space_before_it_is_too_long() -> None:
    made = pieces("palavra " * 100)
    assert all(len(piece) <= 300 for piece in made)
    assert " ".join(made) == ("palavra " * 100).strip()


TEXTS = st.text(alphabet="aB1é.,!?;:-…\n \"')", max_size=400)


@given(TEXTS, st.lists(st.integers(0, 400), max_size=12))
def test_the_cuts_of_the_input_do_not_matter_and_nothing_is_lost(text: str, cuts: list[int]) -> None:
    lengths = PieceLengths(first_min=4, first_clause_min=12, later_min=20, longest=40)
    splitter = SentenceSplitter(lengths)
    edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    fed = [piece for a, b in pairwise(edges) for piece in splitter.feed(text[a:b])]
    fed += splitter.finish()
    assert fed == pieces(text, lengths)
    assert all(len(piece) <= lengths.longest for piece in fed)
    spoken = [character for character in text if character.isalnum()]
    assert [character for piece in fed for character in piece if character.isalnum()] == spoken


async def test_each_piece_is_spoken_when_it_is_complete_and_closing_stops_it() -> None:
    asked: list[str] = []
    stopped: list[str] = []

    async def texts() -> AsyncIterator[str]:
        yield "Bom dia, Maria. "
        yield "Como vai? "

    async def speak(piece: str) -> AsyncGenerator[bytes, None]:
        asked.append(piece)
        try:
            yield piece[:3].encode()
            yield b"rest"
        finally:
            stopped.append(piece)

    stream = speak_by_sentence(texts(), speak)
    assert await anext(stream) == b"Bom"
    assert asked == ["Bom dia, Maria."]
    await stream.aclose()
    assert stopped == asked
    assert [chunk async for chunk in speak_by_sentence(texts(), speak)] == [b"Bom", b"rest", b"Com", b"rest"]
