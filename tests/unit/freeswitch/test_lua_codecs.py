"""mu-law and base64 in Lua, against the service's own."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.audio.g711 import linear_to_ulaw


def test_every_sample_has_the_code_that_the_service_gives_it(lua: Any) -> None:
    samples = np.arange(65536, dtype=np.uint16).tobytes()
    assert lua.module("g711")[b"ulaw"](samples) == linear_to_ulaw(samples)


def test_half_a_sample_at_the_end_is_dropped(lua: Any) -> None:
    assert lua.module("g711")[b"ulaw"](b"\x00\x00\x01") == linear_to_ulaw(b"\x00\x00")


@given(content=st.binary(max_size=200))
def test_base64_both_ways(lua: Any, content: bytes) -> None:
    module = lua.module("base64")
    assert module[b"encode"](content) == base64.b64encode(content)
    assert module[b"decode"](base64.b64encode(content)) == content


def test_base64_of_more_than_one_piece(lua: Any) -> None:
    content = bytes(range(256)) * 50
    assert lua.module("base64")[b"encode"](content) == base64.b64encode(content)


@pytest.mark.parametrize("text", [b"abc", b"ab=c", b"a===", b"ab c", b"abc\n", b"ab\x00d"])
def test_what_is_not_base64_is_refused(lua: Any, text: bytes) -> None:
    found = lua.module("base64")[b"decode"](text)
    assert (found[0] if isinstance(found, tuple) else found) is None
