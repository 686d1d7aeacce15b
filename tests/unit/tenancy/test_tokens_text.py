from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.tenancy.tokens import TOKEN_LENGTH, hash_token, looks_like_token, make_token


def test_a_token_is_32_random_bytes_with_our_mark() -> None:
    made = {make_token() for _ in range(100)}
    assert len(made) == 100
    for token in made:
        assert re.fullmatch(r"vai_[A-Za-z0-9_-]{43}", token)
        assert len(token) == TOKEN_LENGTH
        assert looks_like_token(token)
        assert re.fullmatch(r"[0-9a-f]{64}", hash_token(token))


@given(st.text(alphabet=st.characters(), max_size=60))
def test_whatever_is_presented_is_judged_without_an_error(text: str) -> None:
    if looks_like_token(text):
        assert text.startswith("vai_")
    assert len(hash_token(text)) == 64
    assert len(hash_token("\ud800" + text)) == 64
