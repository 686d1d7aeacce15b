from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

SCALARS = (
    st.booleans()
    | st.integers(-(2**52), 2**52)
    | st.floats(-1e9, 1e9).map(lambda number: round(number, 3))
    | st.text(st.characters(exclude_categories=["Cs"]))
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=4)
        | st.dictionaries(st.text("abc", min_size=1), inner, min_size=1)
    ),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def through_lua(lua: Any) -> Any:
    """Decodes and encodes again: None when Lua says that the text is wrong."""
    lua.module("json")
    return lua.function(
        """(function()
          local json = require "app.voice_secretary.resources.json"
          return function(text)
            local value, problem = json.decode(text)
            if value == nil then return nil end
            return json.encode(value)
          end
        end)()"""
    )


@given(value=VALUES)
def test_what_python_writes_lua_reads_and_writes_back(through_lua: Any, value: Any) -> None:
    for ascii_only in (True, False):
        text = json.dumps(value, ensure_ascii=ascii_only).encode()
        again = json.loads(through_lua(text))
        assert again == pytest.approx(value) if isinstance(value, float) else again == value


@given(text=st.text(max_size=60))
def test_lua_accepts_no_text_that_python_refuses(through_lua: Any, text: str) -> None:
    if through_lua(text.encode("utf-8", "replace")) is not None:
        json.loads(text, strict=True)


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b'{"a":}', b'{"a" 1}', b"[1,]", b"[1 2]", b'"a', b'"\\x"', b'"\\u12g4"', b"01", b"1.", b"nul",
     b"{} x", b'"\n"', b"-", b"[" * 40 + b"]" * 40],
)  # fmt: skip
def test_a_wrong_text_is_refused_without_an_error(through_lua: Any, text: bytes) -> None:
    assert through_lua(text) is None


def test_null_stays_null_and_characters_beyond_the_basic_plane_survive(through_lua: Any) -> None:
    assert json.loads(through_lua(rb'{"a":null,"b":"\ud83d\ude00 \u00e7"}')) == {"a": None, "b": "😀 ç"}


def test_half_a_surrogate_pair_becomes_the_replacement_character(through_lua: Any) -> None:
    assert json.loads(through_lua(rb'["\ud83d", "\udc00x"]')) == ["�", "�x"]
