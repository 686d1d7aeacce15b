from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.api.storable import storable_text
from voice_ai_service.errors import InvalidInput

texts = st.text(st.characters(codec="utf-8"), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def request(body: bytes, kind: bytes = b"application/json") -> Request:
    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    return Request({"type": "http", "headers": [(b"content-type", kind)]}, receive)


def has_nul(value: Any) -> bool:
    return "\\u0000" in json.dumps(value)


@given(values)
async def test_what_has_no_nul_passes_and_what_has_one_is_named(value: Any) -> None:
    body = json.dumps(value).encode()
    if not has_nul(value):
        await storable_text(request(body))
        return
    with pytest.raises(InvalidInput) as refused:
        await storable_text(request(body))
    assert refused.value.field is not None


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"a": {"b": ["x", "\x00"]}}, "a.b.1"),
        ({"a": "\x00"}, "a"),
        (["x", {"b": "\x00"}], "1.b"),
        ("\x00", "body"),
        ({"a\x00b": 1}, "body"),
        ({"outer": {"a\x00b": 1}}, "outer"),
    ],
)
async def test_the_first_one_is_named_by_its_path(value: Any, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await storable_text(request(json.dumps(value).encode()))
    assert refused.value.field == field


async def test_an_escaped_backslash_is_no_nul() -> None:
    await storable_text(request(b'{"a": "\\\\u0000"}'))


async def test_other_kinds_of_content_are_none_of_its_business() -> None:
    await storable_text(request(b"\x00", b"multipart/form-data; boundary=x"))
