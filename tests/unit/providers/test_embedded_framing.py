from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.providers.embedded_speech.framing import (
    MAX_BODY_BYTES,
    MAX_PAYLOAD_BYTES,
    Frame,
    FrameError,
    FrameReader,
    encode,
)

FRAMES = st.builds(
    Frame,
    kind=st.text(min_size=1, max_size=12),
    request=st.integers(0, 2**40),
    body=st.dictionaries(
        st.text(max_size=8).filter(lambda name: name not in {"kind", "request"}),
        st.one_of(st.text(max_size=20), st.integers(), st.lists(st.text(max_size=5), max_size=3)),
        max_size=4,
    ),
    payload=st.binary(max_size=60),
)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces, at = [], 0
    for size in sizes:
        pieces.append(data[at : at + size])
        at += size
    return [*pieces, data[at:]]


@given(st.lists(FRAMES, max_size=5), st.lists(st.integers(0, 40), max_size=30))
def test_frames_come_out_whole_however_they_were_cut(frames: list[Frame], sizes: list[int]) -> None:
    reader = FrameReader()
    stream = b"".join(map(encode, frames))
    assert [frame for piece in cut(stream, sizes) for frame in reader.feed(piece)] == frames
    assert reader.between_frames


@given(FRAMES, st.data())
def test_half_a_frame_is_no_frame(frame: Frame, data: st.DataObject) -> None:
    whole = encode(frame)
    half = whole[: data.draw(st.integers(1, len(whole) - 1))]
    reader = FrameReader()
    assert list(reader.feed(half)) == []
    assert not reader.between_frames


@pytest.mark.parametrize(
    "data",
    [
        struct.pack("!II", MAX_BODY_BYTES + 1, 0),
        struct.pack("!II", 2, MAX_PAYLOAD_BYTES + 1) + b"{}",
        struct.pack("!II", 2, 0) + b"{]",
        struct.pack("!II", 2, 0) + b"[]",
        struct.pack("!II", 2, 0) + b"\xff\xff",
        struct.pack("!II", 2, 0) + b"{}",
        struct.pack("!II", 24, 0) + b'{"kind":"a","request":"1"',
    ],
)
def test_what_is_no_frame_ends_the_conversation(data: bytes) -> None:
    with pytest.raises(FrameError):
        list(FrameReader().feed(data + b"}" * 30))


@given(st.binary(max_size=200))
def test_noise_gives_frames_or_an_error_and_never_grows_without_bound(noise: bytes) -> None:
    reader = FrameReader()
    try:
        frames = list(reader.feed(noise))
    except FrameError:
        return
    assert all(isinstance(frame, Frame) for frame in frames)


def test_what_the_other_side_would_refuse_is_not_sent() -> None:
    with pytest.raises(FrameError, match="too large"):
        encode(Frame("speak", 1, {"text": "a" * MAX_BODY_BYTES}))
