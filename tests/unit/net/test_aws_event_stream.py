"""AWS's event stream in any pieces, beside AWS's own SDK."""

from __future__ import annotations

import contextlib
import itertools
import zlib

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.net.aws_event_stream import (
    EventMessage,
    EventStreamBroken,
    EventStreamParser,
    encode_message,
)

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(
    lambda name: len(name.encode()) < 128
)
MESSAGES = st.lists(
    st.tuples(
        st.dictionaries(NAMES, st.text(st.characters(codec="utf-8"), max_size=20), max_size=4),
        st.binary(max_size=60),
    ),
    max_size=4,
)


@given(MESSAGES, st.lists(st.integers(0, 10_000), max_size=12))
def test_every_message_comes_whole_however_it_is_cut(
    messages: list[tuple[dict[str, str], bytes]], cuts: list[int]
) -> None:
    raw = b"".join(encode_message(headers, payload) for headers, payload in messages)
    places = [0, *sorted(cut % (len(raw) + 1) for cut in cuts), len(raw)]
    parser = EventStreamParser()
    found = [one for start, end in itertools.pairwise(places) for one in parser.feed(raw[start:end])]
    assert found == [EventMessage(headers, payload) for headers, payload in messages]
    assert parser.clean


@given(MESSAGES)
def test_the_vendors_sdk_reads_the_same(messages: list[tuple[dict[str, str], bytes]]) -> None:
    theirs = EventStreamBuffer()
    theirs.add_data(b"".join(encode_message(headers, payload) for headers, payload in messages))
    assert [(message.headers, message.payload) for message in theirs] == messages


@given(st.binary(max_size=100))
def test_noise_is_refused_or_waited_for(noise: bytes) -> None:
    try:
        found = EventStreamParser().feed(noise)
    except EventStreamBroken:
        return
    assert found == []


MESSAGE = encode_message({":event-type": "chunk"}, b'{"text":"oi"}')


@given(st.integers(0, len(MESSAGE) - 1), st.integers(1, 255))
def test_a_changed_byte_is_never_a_message(at: int, change: int) -> None:
    changed = bytearray(MESSAGE)
    changed[at] ^= change
    with contextlib.suppress(EventStreamBroken):
        assert EventStreamParser().feed(bytes(changed)) == []


def test_headers_of_other_kinds_are_passed_over() -> None:
    others = {
        "yes": b"\x00", "no": b"\x01", "byte": b"\x02\x07", "short": b"\x03\x00\x07", "int": b"\x04" + bytes(4),
        "long": b"\x05" + bytes(8), "bytes": b"\x06\x00\x03abc", "time": b"\x08" + bytes(8), "id": b"\x09" + bytes(16),
    }  # fmt: skip
    text = {"said": b"\x07\x00\x02oi"}
    packed = b"".join(bytes([len(name)]) + name.encode() + value for name, value in (others | text).items())
    assert _message_with(packed) == [EventMessage({"said": "oi"}, b"")]


@pytest.mark.parametrize(
    "packed", [b"\x05ab", b"\x01a\x07\x00\x09oi", b"\x01a\x0b", b"\x01a\x07\x00\x01\xff", b"\x01a"]
)
def test_headers_that_cannot_be_read(packed: bytes) -> None:
    with pytest.raises(EventStreamBroken):
        _message_with(packed)


def _message_with(packed: bytes) -> list[EventMessage]:
    prelude = (16 + len(packed)).to_bytes(4, "big") + len(packed).to_bytes(4, "big")
    raw = prelude + zlib.crc32(prelude).to_bytes(4, "big") + packed
    return EventStreamParser().feed(raw + zlib.crc32(raw).to_bytes(4, "big"))
