from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.dialogue.speakable import SpeakableStream, speakable


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("**Claro!** Já vejo.", "Claro! Já vejo."),
        ("# Preços\n- Bolo: R$ 30,00\n- Pão: R$ 1,50", "Preços. Bolo: R$ 30,00. Pão: R$ 1,50"),
        ("1. Um\n2. Dois", "1. Um. 2. Dois"),
        ("Veja [o site](https://x.example/a?b=c) agora", "Veja o site agora"),
        ("Veja https://x.example/a, ou www.y.example.", "Veja ou"),
        ("Escreva para ana_maria@x.example.", "Escreva para ana_maria@x.example."),
        ("Use `código` e ```python\nx```", "Use código e. x"),
        ("<speak>Olá<break/> você</speak>", "Olá você"),
        ("2 < 3 e 5 > 4", "2 3 e 5 4"),
        ("Oi 😀👍🏽!", "Oi!"),
        ("a\x00b\u202ec\u200bd", "abcd"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a, b. 1, 2"),
        ("São 20 °C, 50% & 3º andar", "São 20 °C, 50% & 3º andar"),
        ("__muito__ _bom_ ~~ruim~~", "muito bom ruim"),
        ("***", ""),
        ("https://x.example", ""),
        ("...", ""),
        ("", ""),
    ],
)
def test_what_is_for_the_eye_is_left_out(written: str, spoken: str) -> None:
    assert speakable(written) == spoken


@given(st.text())
def test_whatever_is_written_nothing_unspeakable_is_left(text: str) -> None:
    spoken = speakable(text)
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "So") and char != "°" for char in spoken)
    assert not set("*`<>|\n\t") & set(spoken)
    assert spoken == spoken.strip()


@given(st.lists(st.text(max_size=80), max_size=30), st.integers(1, 200))
def test_a_reply_is_never_longer_than_allowed(deltas: list[str], longest: int) -> None:
    stream = SpeakableStream(longest)
    pieces = [piece for delta in deltas for piece in stream.push(delta)] + stream.finish()
    assert len(" ".join(pieces)) <= longest + 1
    assert stream.said == bool(pieces)


@given(st.text(max_size=300), st.lists(st.integers(1, 20), min_size=1))
def test_how_the_text_was_cut_does_not_matter(text: str, cuts: list[int]) -> None:
    whole, cut = SpeakableStream(), SpeakableStream()
    expected = whole.push(text) + whole.finish()
    pieces: list[str] = []
    at = 0
    while at < len(text):
        step = cuts[at % len(cuts)]
        pieces += cut.push(text[at : at + step])
        at += step
    assert pieces + cut.finish() == expected


def test_a_first_sentence_that_is_too_long_is_cut_at_a_word() -> None:
    stream = SpeakableStream(20)
    pieces = stream.push("palavra " * 60) + stream.finish()
    assert pieces == ["palavra palavra."]
