from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_bridge.session.heard import Piece, heard_of, text_of

TWO_SENTENCES = (Piece("Abrimos às oito. ", 0), Piece("Fechamos às dezoito horas.", 2000))


@pytest.mark.parametrize(
    ("heard_ms", "heard"),
    [
        (0, ""),
        (1000, "Abrimos"),
        (1960, "Abrimos às oito."),
        (2000, "Abrimos às oito."),
        (3000, "Abrimos às oito. Fechamos às"),
        (3950, "Abrimos às oito. Fechamos às dezoito horas."),
        (9000, "Abrimos às oito. Fechamos às dezoito horas."),
    ],
)
def test_words_follow_the_places_of_their_sentences(heard_ms: int, heard: str) -> None:
    assert heard_of(TWO_SENTENCES, heard_ms, 4000, complete=True) == heard


def test_a_place_that_is_known_goes_before_the_share_of_the_audio() -> None:
    slow_start = (Piece("Sim. ", 0), Piece("Podemos marcar para amanhã de manhã.", 3000))
    assert heard_of(slow_start, 2900, 5000, complete=True) == "Sim."
    unknown = (Piece("Sim. "), Piece("Podemos marcar para amanhã de manhã."))
    assert heard_of(unknown, 2900, 5000, complete=True) == "Sim. Podemos marcar"


def test_text_ahead_of_its_audio_was_not_heard() -> None:
    pieces = (Piece("um dois três quatro cinco seis sete oito nove dez"),)
    assert heard_of(pieces, 1000, 1000, complete=False) == "um dois três"
    assert heard_of(pieces, 1000, 1000, complete=True) == text_of(pieces)


_PIECES = st.lists(
    st.builds(
        Piece,
        st.text("abc é.", max_size=12),
        st.one_of(st.none(), st.integers(0, 5000)),
    ),
    max_size=6,
)


@given(_PIECES, st.integers(-10, 8000), st.integers(-10, 8000), st.integers(0, 8000), st.booleans())
def test_more_audio_is_never_fewer_words_and_always_a_beginning(
    pieces: list[Piece], one: int, other: int, audio_ms: int, complete: bool
) -> None:
    earlier, later = sorted((one, other))
    whole = text_of(pieces)
    before = heard_of(pieces, earlier, audio_ms, complete=complete)
    after = heard_of(pieces, later, audio_ms, complete=complete)
    assert after.startswith(before)
    assert whole.startswith(after)
    rest = whole[len(after) :]
    assert not after or not rest or rest[0].isspace()


@given(_PIECES, st.integers(0, 8000))
def test_what_was_played_to_its_end_was_heard_whole(pieces: list[Piece], audio_ms: int) -> None:
    assert heard_of(pieces, max(audio_ms, 1), audio_ms, complete=True) == text_of(pieces)
