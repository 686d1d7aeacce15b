from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.conversations.heard import heard_text

SAID = "Abrimos das oito às dezoito."


@pytest.mark.parametrize(
    ("played_ms", "audio_ms", "heard"),
    [
        (None, 2000, None),
        (0, 2000, ""),
        (-5, 2000, ""),
        (500, 0, ""),
        (2000, 2000, SAID),
        (2500, 2000, SAID),
        (1950, 2000, SAID),  # three packets short: nobody misses a word
        (1900, 2000, "Abrimos das oito às"),
        (1000, 2000, "Abrimos das"),
        (900, 2000, "Abrimos das"),
        (500, 2000, "Abrimos"),
        (300, 2000, ""),
        (20, 50, SAID),  # shorter than the tolerance: any of it is all of it
    ],
)
def test_only_words_that_were_played_in_full_were_heard(
    played_ms: int | None, audio_ms: int, heard: str | None
) -> None:
    assert heard_text(SAID, played_ms, audio_ms) == heard


texts = st.text(st.characters(codec="utf-8"), max_size=80)


@given(texts, st.integers(1, 20_000), st.integers(0, 20_000))
def test_what_was_heard_is_a_prefix_that_cuts_no_word(said: str, audio_ms: int, played_ms: int) -> None:
    heard = heard_text(said, played_ms, audio_ms)
    assert heard is not None
    assert said.startswith(heard)
    rest = said[len(heard) :]
    assert not heard or not rest or rest[0].isspace()


@given(texts, st.integers(1, 20_000), st.integers(0, 20_000), st.integers(0, 20_000))
def test_more_playing_never_means_less_hearing(said: str, audio_ms: int, one_ms: int, other_ms: int) -> None:
    less = heard_text(said, min(one_ms, other_ms), audio_ms)
    more = heard_text(said, max(one_ms, other_ms), audio_ms)
    assert less is not None
    assert more is not None
    assert more.startswith(less)


@given(texts, st.integers(1, 20_000))
def test_all_of_it_or_none_of_it(said: str, audio_ms: int) -> None:
    assert heard_text(said, audio_ms, audio_ms) == said
    assert heard_text(said, 0, audio_ms) == ""
