"""Server-sent events in any pieces (WHATWG HTML 9.2)."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.net.sse import SseParser, SseTooLong

LINES = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=20)


def parsed(text: bytes, cuts: list[int]) -> list[bytes]:
    parser = SseParser()
    places = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    pieces = [text[start:end] for start, end in itertools.pairwise(places)]
    return [event for piece in pieces for event in parser.feed(piece)]


@given(
    st.lists(st.lists(LINES, min_size=1, max_size=3), max_size=4),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.lists(st.integers(0, 10_000), max_size=12),
)
def test_every_event_comes_whole_however_it_is_cut(
    events: list[list[str]], newline: str, cuts: list[int]
) -> None:
    text = "".join(
        newline.join((": a comment", "event: kind", *(f"data: {line}" for line in lines), "", ""))
        for lines in events
    )
    assert parsed(text.encode(), cuts) == ["\n".join(lines).encode() for lines in events]


@given(st.binary(max_size=200), st.lists(st.integers(0, 10_000), max_size=8))
def test_noise_is_the_same_noise_however_it_is_cut(noise: bytes, cuts: list[int]) -> None:
    assert parsed(noise, cuts) == parsed(noise, [])


def test_what_is_said_of_fields() -> None:
    text = b'\xef\xbb\xbfdata:{"a":1}\n\nid: 7\nretry: 5\n\ndata\ndata:  two\n\ndata: cut'
    assert parsed(text, []) == [b'{"a":1}', b"\n two"]


@pytest.mark.parametrize("text", [b"data: " + b"x" * 200, b"data: 1234567890\n" * 12])
def test_an_event_without_end_is_given_up(text: bytes) -> None:
    with pytest.raises(SseTooLong):
        SseParser(max_event_bytes=100).feed(text)
