from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.conversations.text import storable, storable_json


def test_what_postgres_refuses_is_taken_out_and_the_rest_kept() -> None:
    assert storable("a\x00b") == "ab"
    assert storable("a\ud800b") == "a?b"
    assert storable("olá 👋") == "olá 👋"


@given(st.text(st.characters()))
def test_any_text_becomes_storable_and_stays_so(text: str) -> None:
    clean = storable(text)
    assert "\x00" not in clean
    clean.encode("utf-8")
    assert storable(clean) == clean


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(json_values)
def test_any_json_becomes_storable(value: object) -> None:
    text = json.dumps(storable_json(value), ensure_ascii=False, allow_nan=False)
    assert "\\u0000" not in text
    text.encode("utf-8")
