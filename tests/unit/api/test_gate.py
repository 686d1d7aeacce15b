"""Deny by default: a path that nobody thought of is closed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from voice_ai_service.api.gate import OPEN_PATHS, Gate
from voice_ai_service.errors import Unauthenticated


class Doorkeeper:
    """Knows one token."""

    def __init__(self) -> None:
        self.asked: list[tuple[str | None, str | None, str]] = []

    async def identify(self, authorization: str | None, api_key: str | None, peer: str) -> None:
        self.asked.append((authorization, api_key, peer))
        if "right" not in (authorization, api_key):
            raise Unauthenticated("no", field="Authorization")


async def passes(path: str, *headers: tuple[bytes, bytes], door: Doorkeeper | None = None) -> list[Message]:
    """What was sent; the application behind the gate answers 204."""
    sent: list[Message] = []

    async def behind(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})

    async def receive() -> Message:
        raise AssertionError("the body was asked for")

    async def send(message: Message) -> None:
        sent.append(message)

    service = SimpleNamespace(door=door or Doorkeeper())
    app: Any = SimpleNamespace(state=SimpleNamespace(service=service))
    scope = {
        "type": "http",
        "path": path,
        "headers": list(headers),
        "client": ("10.0.0.9", 5),
        "state": {"request_id": "r"},
        "app": app,
    }
    await Gate(behind)(scope, receive, send)
    return sent


@given(st.text(max_size=60))
async def test_every_other_path_is_closed(path: str) -> None:
    sent = await passes("/" + path)
    assert sent[0]["status"] == (204 if "/" + path in OPEN_PATHS else 401)


@pytest.mark.parametrize("path", sorted(OPEN_PATHS))
async def test_open_paths_ask_for_nothing(path: str) -> None:
    assert (await passes(path))[0]["status"] == 204


@pytest.mark.parametrize("name", [b"authorization", b"x-api-key"])
async def test_a_known_credential_passes_in_either_header(name: bytes) -> None:
    door = Doorkeeper()
    assert (await passes("/api/v1/turn", (name, b"right"), door=door))[0]["status"] == 204
    assert door.asked[0][2] == "10.0.0.9"


@pytest.mark.parametrize(
    ("header", "closes"),
    [
        ((b"content-length", b"5"), True),
        ((b"transfer-encoding", b"chunked"), True),
        ((b"content-length", b"0"), False),
        ((b"accept", b"*/*"), False),
    ],
)
async def test_a_refused_body_is_not_waited_for(header: tuple[bytes, bytes], closes: bool) -> None:
    sent = await passes("/api/v1/turn", header)
    assert ((b"connection", b"close") in sent[0]["headers"]) is closes
    assert (b"www-authenticate", b"Bearer") in sent[0]["headers"]
