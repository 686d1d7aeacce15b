"""The audio socket's bytes, in any pieces."""

from __future__ import annotations

import json
from collections.abc import Iterable
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from realtime_bridge.ingress.codec import MAX_FAULTS, MAX_MESSAGE_BYTES, StreamCodec
from realtime_bridge.ingress.events import (
    Closed,
    Digits,
    Failed,
    Failure,
    Fault,
    Metadata,
    Pong,
    StreamEvent,
)
from realtime_bridge.ingress.handshake import Handshake, StreamRequest
from realtime_bridge.ingress.texts import as_text
from realtime_bridge.leg import LegFormat
from tests.fakes.stream_client import StreamClient, split_at, texts

CALL = UUID("33333333-3333-4333-8333-333333333333")
URL = f"ws://127.0.0.1:8080/stream/{CALL}?token=abc"


def opened(rate: int = 8000, channels: int = 1, *, deflate: bool = False) -> tuple[StreamClient, StreamCodec]:
    client, handshake = StreamClient(URL, deflate=deflate), Handshake()
    assert handshake.receive(client.request()) == StreamRequest(CALL, "abc")
    codec = handshake.accept(LegFormat(rate), channels)
    client.receive(b"".join(codec.data_to_send()))
    assert client.is_open
    return client, codec


def received(codec: StreamCodec, pieces: Iterable[bytes]) -> list[StreamEvent]:
    return [event for piece in pieces for event in codec.receive(piece)]


def answer(client: StreamClient, codec: StreamCodec) -> list[Frame]:
    return client.receive(b"".join(codec.data_to_send()))


def speech(size: int, start: int = 0) -> bytes:
    """Bytes of which no two places look alike for a while."""
    return b"".join(
        (number * 7919 % 65536).to_bytes(2, "little") for number in range(start, start + size // 2)
    )


def stereo(caller: bytes, other: bytes) -> bytes:
    return b"".join(caller[at : at + 2] + other[at : at + 2] for at in range(0, len(caller), 2))


messages = st.lists(
    st.one_of(
        st.tuples(st.just("audio"), st.integers(1, 6)),
        st.tuples(st.just("bytes"), st.integers(1, 900)),
        st.tuples(st.just("dtmf"), st.sampled_from("0123456789*#")),
        st.tuples(st.just("metadata"), st.booleans()),
        st.tuples(st.just("ping"), st.none()),
    ),
    max_size=12,
)


@given(
    st.sampled_from([8000, 16000]),
    st.sampled_from([1, 2]),
    st.booleans(),
    messages,
    st.lists(st.integers(0, 1 << 16), max_size=30),
    st.lists(st.integers(0, 3000), max_size=3),
)
def test_any_messages_in_any_pieces_are_the_same_audio_and_texts(
    rate: int,
    channels: int,
    deflate: bool,
    sent: list[tuple[str, object]],
    cuts: list[int],
    fragments: list[int],
) -> None:
    client, codec = opened(rate, channels, deflate=deflate)
    frame_bytes = LegFormat(rate).frame_bytes
    wire, caller, digits, pings = b"", b"", "", 0
    for kind, what in sent:
        if kind in ("audio", "bytes"):
            assert isinstance(what, int)
            size = what * frame_bytes if kind == "audio" else what * 2
            mine = speech(size, len(caller))
            caller += mine
            message = mine if channels == 1 else stereo(mine, speech(size, 31))
            wire += client.binary(message, fragments=fragments)
        elif kind == "dtmf":
            digits += str(what)
            wire += client.text({"type": "dtmf", "digit": what}, fragments=fragments)
        elif kind == "metadata":
            wire += client.text({"call": "x", **({"sample_rate_hz": rate} if what else {})})
        else:
            pings += 1
            wire += client.ping()
    events = received(codec, split_at(wire, cuts))
    frames = [event for event in events if isinstance(event, bytes)]
    assert {len(frame) for frame in frames} <= {frame_bytes}
    assert b"".join(frames) == caller[: len(caller) - len(caller) % frame_bytes]
    assert "".join(event.digits for event in events if isinstance(event, Digits)) == digits
    assert sum(isinstance(event, Metadata) for event in events) == sum(kind == "metadata" for kind, _ in sent)
    assert not any(isinstance(event, (Fault, Failed, Closed)) for event in events)
    assert sum(frame.opcode is Opcode.PONG for frame in answer(client, codec)) == pings


@given(st.lists(st.binary(max_size=400), max_size=20))
def test_noise_on_the_wire_is_an_end_and_no_exception(pieces: list[bytes]) -> None:
    _, codec = opened()
    events = received(codec, pieces)
    assert sum(isinstance(event, (Failed, Closed)) for event in events) <= 1
    for event in events[:-1]:
        assert not isinstance(event, (Failed, Closed))


@given(st.lists(st.binary(max_size=200), max_size=10), st.lists(st.integers(0, 4000), max_size=10))
def test_any_text_is_understood_or_counted(payloads: list[bytes], cuts: list[int]) -> None:
    client, codec = opened()
    wire = b"".join(client.text(payload) for payload in payloads)
    events = received(codec, split_at(wire, cuts))
    assert len(events) == len(payloads)
    assert codec.is_open or any(isinstance(event, Failed) for event in events)


def test_frames_go_out_as_binary_messages_and_texts_as_text_uncompressed() -> None:
    for deflate in (False, True):
        client, codec = opened(deflate=deflate)
        codec.audio(bytes(320))
        codec.text(b'{"type":"alive"}')
        wire = b"".join(codec.data_to_send())
        assert bytes(320) in wire
        frames = client.receive(wire)
        assert [frame.opcode for frame in frames] == [Opcode.BINARY, Opcode.TEXT]
        assert list(texts(frames)) == [{"type": "alive"}]


def test_the_extension_is_agreed_only_where_it_was_offered() -> None:
    for deflate in (False, True):
        client, _ = opened(deflate=deflate)
        assert client.response is not None
        assert (
            "permessage-deflate" in client.response.headers.get("Sec-WebSocket-Extensions", "")
        ) is deflate


def test_compressed_messages_are_smaller_on_the_wire_and_whole_behind_it() -> None:
    client, codec = opened(deflate=True)
    wire = client.binary(bytes(3200))
    assert len(wire) < 100
    assert codec.receive(wire) == [bytes(320)] * 10


def test_metadata_after_audio_is_metadata() -> None:
    client, codec = opened()
    wire = client.binary(speech(320)) + client.text({"call_uuid": "x", "sample_rate": 8000})
    assert codec.receive(wire) == [speech(320), Metadata()]


@pytest.mark.parametrize(
    ("channels", "size", "left"),
    [(1, 321, 320), (1, 1, 0), (2, 642, 320), (2, 643, 320), (2, 3, 0)],
)
def test_a_message_that_ends_inside_a_sample_loses_that_sample_only(
    channels: int, size: int, left: int
) -> None:
    client, codec = opened(channels=channels)
    events = codec.receive(client.binary(speech(size + 1)[:size]))
    assert events[0] is Fault.ODD_SIZE
    assert sum(len(event) for event in events if isinstance(event, bytes)) == left
    # The next one is not shifted.
    mine = speech(320, 5000)
    after = codec.receive(client.binary(mine if channels == 1 else stereo(mine, mine)))
    assert after == [mine]


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"hello", Fault.MALFORMED_TEXT),
        (b'{"type": "dtmf"', Fault.MALFORMED_TEXT),
        (b"\xff\xfe", Fault.MALFORMED_TEXT),
        (b"[1, 2]", Fault.MALFORMED_TEXT),
        (b"[" * 10_000, Fault.MALFORMED_TEXT),
        (b'{"type": "dtmf", "digit": "1\\nhangup"}', Fault.MALFORMED_TEXT),
        (b'{"type": "dtmf", "digit": 1}', Fault.MALFORMED_TEXT),
        (b'{"type": "dtmf"}', Fault.MALFORMED_TEXT),
        (b'{"sample_rate": true}', Fault.MALFORMED_TEXT),
        (b'{"sample_rate": "fast"}', Fault.MALFORMED_TEXT),
        (b'{"mix": "surround"}', Fault.MALFORMED_TEXT),
        (b'{"type": "streamAudio", "data": {"audioData": "AAAA"}}', Fault.UNKNOWN_TEXT),
        (b'{"type": ["dtmf"]}', Fault.UNKNOWN_TEXT),
        (b'{"a": "' + b"x" * 17_000 + b'"}', Fault.LONG_TEXT),
        (b'{"type": "dtmf", "digits": "12#"}', Digits("12#")),
        (b'{"sampleRate": 8000, "channels": 1}', Metadata()),
        (b'{"sample_rate": "8k", "mix": "mono"}', Metadata()),
        (b'{"type": "metadata", "sample_rate_hz": "8000"}', Metadata()),
    ],
)
def test_a_text_has_one_meaning_and_the_audio_goes_on(payload: bytes, expected: StreamEvent) -> None:
    client, codec = opened()
    assert codec.receive(client.text(payload)) == [expected]
    assert codec.receive(client.binary(speech(320))) == [speech(320)]


@pytest.mark.parametrize(
    "announced",
    [
        {"sample_rate_hz": 16000},
        {"sampleRate": 24000},
        {"sample_rate": "16k"},
        {"channels": 2},
        {"mix": "stereo"},
    ],
)
def test_another_format_than_agreed_ends_the_stream(announced: dict[str, object]) -> None:
    client, codec = opened()
    assert codec.receive(client.text(announced) + client.binary(speech(320))) == [
        Failed(Failure.WRONG_FORMAT)
    ]
    assert answer(client, codec)[-1].opcode is Opcode.CLOSE
    assert client.protocol.close_rcvd is not None
    assert client.protocol.close_rcvd.code == 1003


@pytest.mark.parametrize("deflate", [False, True])
@pytest.mark.parametrize("size", [MAX_MESSAGE_BYTES + 2, 1 << 20])
def test_a_message_of_a_megabyte_ends_the_stream(size: int, deflate: bool) -> None:
    client, codec = opened(deflate=deflate)
    wire = client.binary(bytes(size))
    events = received(codec, split_at(wire, range(0, len(wire), 4096)))
    assert events == [Failed(Failure.TOO_BIG)]
    answer(client, codec)
    assert client.protocol.close_rcvd is not None
    assert client.protocol.close_rcvd.code == 1009


def test_the_longest_buffer_of_the_module_is_no_problem() -> None:
    client, codec = opened(16000, 2)
    assert len(codec.receive(client.binary(bytes(64_000)))) == 50


def test_fragments_count_together() -> None:
    client, codec = opened()
    wire = client.binary(bytes(MAX_MESSAGE_BYTES + 2), fragments=range(0, MAX_MESSAGE_BYTES, 1000))
    assert codec.receive(wire) == [Failed(Failure.TOO_BIG)]


def test_empty_fragments_cost_nothing() -> None:
    client, codec = opened()
    client.protocol.send_binary(b"", fin=False)
    for _ in range(5000):
        client.protocol.send_continuation(b"", fin=False)
    wire = b"".join(client.protocol.data_to_send())
    assert codec.receive(wire) == []
    assert codec._parts == []


def test_a_sender_that_is_always_wrong_is_not_listened_to_for_ever() -> None:
    client, codec = opened()
    events = received(codec, (client.text(b"?") for _ in range(MAX_FAULTS + 50)))
    assert events == [Fault.MALFORMED_TEXT] * (MAX_FAULTS + 1) + [Failed(Failure.TOO_MANY_FAULTS)]


@pytest.mark.parametrize(
    "broken",
    [
        b"\x82\x01\x00",  # not masked
        b"\xf2\x81\x00\x00\x00\x00\x00",  # reserved bits
        b"\x83\x80\x00\x00\x00\x00",  # an opcode that is none
        b"\x80\x80\x00\x00\x00\x00",  # goes on with nothing
        b"\x09\x80\x00\x00\x00\x00",  # a fragmented ping
    ],
)
def test_what_is_no_websocket_ends_the_stream(broken: bytes) -> None:
    client, codec = opened()
    assert codec.receive(broken + client.binary(speech(320))) == [Failed(Failure.PROTOCOL)]
    assert not codec.is_open


def test_goodbye_from_there_is_answered_and_nothing_follows() -> None:
    client, codec = opened()
    assert codec.receive(client.close(1000)) == [Closed(1000)]
    assert codec.data_to_send()[-1] == b""
    codec.close(1000)
    assert codec.data_to_send() == []


def test_goodbye_from_here_and_what_is_still_under_way_is_not_heard() -> None:
    client, codec = opened()
    codec.close(1001)
    assert codec.receive(client.binary(speech(320))) == []
    answer(client, codec)
    assert codec.receive(b"".join(client.protocol.data_to_send())) == []
    assert codec.data_to_send() == [b""]
    assert not codec.is_open


def test_a_pong_is_told() -> None:
    client, codec = opened()
    codec.ping()
    answer(client, codec)
    assert codec.receive(b"".join(client.protocol.data_to_send())) == [Pong()]


def test_what_we_say_is_json_in_utf_8() -> None:
    assert json.loads(as_text({"type": "transcript", "text": "Olá, às três", "call": CALL})) == {
        "type": "transcript",
        "text": "Olá, às três",
        "call": str(CALL),
    }
