from __future__ import annotations

import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_bridge.ingress.handshake import (
    MAX_EARLY_BYTES,
    MAX_HEAD_BYTES,
    Handshake,
    Refusal,
    StreamRequest,
)
from realtime_bridge.leg import LegFormat
from tests.fakes.stream_client import StreamClient, split_at

CALL = UUID("33333333-3333-4333-8333-333333333333")
PATH = f"/stream/{CALL}"


def request(path: str = f"{PATH}?token=abc", method: str = "GET", **changes: str | None) -> bytes:
    """As mod_audio_stream writes it: no subprotocol, its own Origin."""
    headers: dict[str, str | None] = {
        "Host": "127.0.0.1:8080",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
        "Origin": "http://127.0.0.1:8080",
    }
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}
    lines = [f"{name}: {value}" for name, value in headers.items() if value is not None]
    return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode()


def sent(handshake: Handshake) -> tuple[int, bytes]:
    pieces = handshake.data_to_send()
    assert pieces[-1] == b"", "the connection is to be closed"
    head, _, body = b"".join(pieces).partition(b"\r\n\r\n")
    return int(head.split()[1]) if head else 0, body


@given(st.lists(st.integers(0, 1000), max_size=20))
def test_a_request_in_any_pieces_is_one_request(cuts: list[int]) -> None:
    handshake = Handshake()
    found = [handshake.receive(piece) for piece in split_at(request(), cuts)]
    assert found[-1] == StreamRequest(CALL, "abc")
    assert found[:-1] == [None] * (len(found) - 1)
    handshake.accept(LegFormat(8000), 1)
    answer = b"".join(handshake.data_to_send())
    assert answer.startswith(b"HTTP/1.1 101 ")
    assert b"\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in answer
    assert b"Sec-WebSocket-Protocol" not in answer


@pytest.mark.parametrize(
    ("path", "token"),
    [
        (PATH, ""),
        (f"{PATH}?token=", ""),
        (f"{PATH}?token=a&token=b", "a"),
        (f"{PATH}?x=1&token=a%2Bb", "a+b"),
        (f"/stream/{str(CALL).upper()}?token=abc", "abc"),
    ],
)
def test_whose_ticket(path: str, token: str) -> None:
    assert Handshake().receive(request(path)) == StreamRequest(CALL, token)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/stream",
        "/stream/",
        "/stream/1",
        f"/stream/{CALL}/",
        f"/Stream/{CALL}",
        f"/stream/{CALL}%0a",
        "/health",
    ],
)
def test_another_path_is_404_in_json(path: str) -> None:
    handshake = Handshake()
    assert handshake.receive(request(path)) is Refusal.NOT_A_STREAM
    status, body = sent(handshake)
    assert status == 404
    assert json.loads(body)["error"]["code"] == "not_a_stream"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Upgrade": None}, 426),
        ({"Connection": "close"}, 426),
        ({"Sec_WebSocket_Key": "short"}, 400),
        ({"Sec_WebSocket_Version": "8"}, 400),
        ({"method": "POST"}, 405),
        ({"Content_Length": "5"}, 0),
    ],
)
def test_what_is_no_handshake_is_answered_before_any_ticket_is_asked_for(
    changes: dict[str, str], status: int
) -> None:
    handshake = Handshake()
    assert handshake.receive(request(**changes)) is Refusal.BAD_REQUEST
    assert sent(handshake)[0] == status


@given(st.binary(max_size=300))
def test_noise_is_refused(noise: bytes) -> None:
    handshake = Handshake()
    assert handshake.receive(noise + b"\r\n\r\n") is Refusal.BAD_REQUEST
    assert sent(handshake)[0] in (0, 400)


def test_a_head_without_end_is_refused() -> None:
    handshake = Handshake()
    assert (
        handshake.receive(b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * (MAX_HEAD_BYTES // 6)) is Refusal.BAD_REQUEST
    )


@pytest.mark.parametrize("refusal", list(Refusal))
def test_every_refusal_is_http_and_json(refusal: Refusal) -> None:
    handshake = Handshake()
    handshake.receive(request())
    handshake.refuse(refusal)
    status, body = sent(handshake)
    assert status == refusal.status
    assert json.loads(body) == {"error": {"code": refusal.reason, "message": refusal.message}}


def test_frames_sent_before_the_answer_are_heard_after_it() -> None:
    client, handshake = StreamClient(f"ws://h{PATH}?token=abc"), Handshake()
    assert handshake.receive(client.request() + client_frame(b"\x01\x00" * 160)) == StreamRequest(CALL, "abc")
    assert handshake.receive(client_frame(b"\x02\x00" * 160)) is None
    codec = handshake.accept(LegFormat(8000), 1)
    assert codec.receive(handshake.early) == [b"\x01\x00" * 160, b"\x02\x00" * 160]


def test_too_much_before_the_answer_is_refused() -> None:
    handshake = Handshake()
    handshake.receive(request())
    assert handshake.receive(bytes(MAX_EARLY_BYTES + 1)) is Refusal.BAD_REQUEST
    assert sent(handshake)[0] == 400


def client_frame(payload: bytes) -> bytes:
    """A masked binary message; the mask is nought."""
    return b"\x82\xfe" + len(payload).to_bytes(2, "big") + bytes(4) + payload
