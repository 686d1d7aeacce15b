from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.providers.embedded_speech.fragments import MAX_FRAGMENT, Fragments


def split(*texts: str) -> list[str]:
    fragments = Fragments()
    return [piece for text in texts for piece in fragments.feed(text)] + fragments.finish()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bom dia. Como posso ajudar?", ["Bom dia.", "Como posso ajudar?"]),
        ("A consulta custa R$ 1.200,50 hoje.", ["A consulta custa R$ 1.200,50 hoje."]),
        ("Abrimos às 8:30. Até logo!", ["Abrimos às 8:30.", "Até logo!"]),
        ("O Dr. Silva e a Sra. Souza.", ["O Dr. Silva e a Sra. Souza."]),
        ("Fica na Av. Paulista, no. 10. Venha!", ["Fica na Av. Paulista, no. 10.", "Venha!"]),
        ("Really?! Yes... go on", ["Really?!", "Yes...", "go on"]),
        ('Ele disse "não." Eu ouvi.', ['Ele disse "não."', "Eu ouvi."]),
        ("um\ndois\n\n  três  ", ["um", "dois", "três"]),
        ("", []),
        (" \n ", []),
    ],
)
def test_text_is_cut_where_a_sentence_ends(text: str, expected: list[str]) -> None:
    assert split(text) == expected


def test_a_sentence_is_given_as_soon_as_the_next_one_begins() -> None:
    fragments = Fragments()
    assert fragments.feed("Bom dia.") == []  # it may still become 'dia.5'
    assert fragments.feed(" Como") == ["Bom dia."]
    assert fragments.finish() == ["Como"]


def test_a_text_without_any_stop_is_cut_at_a_comma_or_a_space() -> None:
    pieces = split("palavra " * 30 + "fim, " + "palavra " * 40)
    assert pieces[0].endswith("fim,")
    assert split("x" * (3 * MAX_FRAGMENT)) == ["x" * MAX_FRAGMENT] * 3


@given(st.text(alphabet="ab .,!?\n…5Drº", max_size=900), st.lists(st.integers(0, 50), max_size=30))
def test_nothing_is_lost_no_piece_too_long_and_pieces_do_not_matter(text: str, sizes: list[int]) -> None:
    pieces, at = [], 0
    for size in sizes:
        pieces.append(text[at : at + size])
        at += size
    got = split(*pieces, text[at:])
    assert "".join("".join(got).split()) == "".join(text.split())
    assert all(0 < len(piece) <= MAX_FRAGMENT for piece in got)
    assert got == split(text)
