from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_bridge.turn.words import Backchannels


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("...", 0),
        ("Uhum", 0),
        ("Hmmmmm...", 0),
        ("mhm, ok", 0),
        ("Tá bom.", 0),
        ("Aham, tá certo", 0),
        ("não", 1),
        ("sim", 1),
        ("ok, mas espera", 3),
        ("tá bom dia", 3),
        ("I see", 0),
        ("I want", 2),
        ("12", 1),
    ],
)
def test_words_that_count(text: str, words: int) -> None:
    assert Backchannels().words(text) == words


def test_a_tenant_may_add_its_own() -> None:
    assert Backchannels(["Pois não", ""]).words("pois não, uhum") == 0
    assert Backchannels(["pois não"]).words("pois é") == 2


@given(st.text())
def test_any_text(text: str) -> None:
    assert Backchannels().words(text) >= 0
