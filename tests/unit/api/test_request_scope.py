"""What surrounds every request, without a socket: time jumps, bodies drip, routes fail."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import pytest
from fastapi import FastAPI, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.fakes.virtual_time import virtual_time
from voice_ai_service.api import errors
from voice_ai_service.api.request_scope import MIN_BYTES_PER_S, BodyLimits, RequestScope
from voice_ai_service.metrics import Metrics

LIMITS = BodyLimits(max_bytes=1_000_000, timeout_s=30)


def application(metrics: Metrics) -> FastAPI:
    app = FastAPI()
    errors.install(app, metrics)

    @app.post("/echo")
    async def echo(request: Request) -> int:
        return len(await request.body())

    @app.post("/typed")
    async def typed(body: dict[str, int]) -> int:
        return len(body)

    @app.post("/fail")
    async def fail() -> None:
        raise ZeroDivisionError("secret of the house")

    app.add_middleware(RequestScope, metrics=metrics, limits=LIMITS)
    return app


async def ask(
    app: ASGIApp,
    path: str,
    pieces: Sequence[bytes] = (b"",),
    *,
    pause_s: float = 0.0,
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> tuple[int, dict[str, str], Any]:
    """Status, headers and body; the request's body comes in pieces with pauses before each."""
    incoming = _pieces(pieces, pause_s)
    sent: list[Message] = []

    async def receive() -> Message:
        return await anext(incoming)

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"content-type", b"application/json"), *headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
        "scheme": "http",
        "http_version": "1.1",
    }
    await app(scope, receive, send)
    await incoming.aclose()
    answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], answered, json.loads(b"".join(message.get("body", b"") for message in sent[1:]))


async def _pieces(pieces: Sequence[bytes], pause_s: float) -> AsyncGenerator[Message, None]:
    for number, piece in enumerate(pieces, 1):
        await asyncio.sleep(pause_s)
        yield {"type": "http.request", "body": piece, "more_body": number < len(pieces)}
    await asyncio.sleep(10_000)


@virtual_time
async def test_a_body_that_drips_is_refused_after_its_time_whatever_the_pauses() -> None:
    for path in ("/echo", "/typed"):
        began = asyncio.get_running_loop().time()
        status, headers, body = await ask(application(Metrics()), path, [b"x"] * 100, pause_s=7)
        assert (status, body["error"]["code"], body["error"]["field"]) == (408, "timeout", "body")
        assert headers["connection"] == "close"
        assert asyncio.get_running_loop().time() - began == pytest.approx(LIMITS.timeout_s, abs=0.1)


@virtual_time
async def test_a_body_that_comes_steadily_may_take_longer() -> None:
    piece = bytes(10 * MIN_BYTES_PER_S // 10)
    status, _, length = await ask(application(Metrics()), "/echo", [piece] * 30, pause_s=1.9)
    assert (status, length) == (200, 30 * len(piece))


@virtual_time
async def test_a_body_that_never_comes() -> None:
    status, _, body = await ask(application(Metrics()), "/echo", [], pause_s=0)
    assert (status, body["error"]["code"]) == (408, "timeout")


@virtual_time
async def test_a_body_that_grows_beyond_the_limit() -> None:
    for path in ("/echo", "/typed"):
        pieces = [bytes(300_000)] * 4
        status, headers, body = await ask(application(Metrics()), path, pieces)
        assert (status, body["error"]["code"]) == (413, "too_large")
        assert headers["connection"] == "close"


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ((b"content-length", b"1000001"), 413),
        ((b"content-length", b"1000000"), 200),
        ((b"content-length", b"9" * 30), 413),
        ((b"content-encoding", b"gzip"), 415),
        ((b"content-encoding", b" Identity "), 200),
        ((b"content-encoding", b""), 200),
    ],
)
async def test_what_the_headers_tell_of_the_body(header: tuple[bytes, bytes], status: int) -> None:
    answered, _, _ = await ask(application(Metrics()), "/echo", [b"x"], headers=[header])
    assert answered == status


async def test_a_fault_of_ours_tells_the_client_only_where_to_look() -> None:
    metrics = Metrics()
    status, headers, body = await ask(application(metrics), "/fail", headers=[(b"x-request-id", b"trace-7")])
    assert (status, headers["x-request-id"]) == (500, "trace-7")
    assert body["error"] == {
        "code": "internal",
        "message": "This is a fault of the service, not of the request",
        "field": None,
        "fix": "Look for the request id in the service's log",
        "request_id": "trace-7",
    }
    assert "secret" not in str(body)
    labels = {"method": "POST", "route": "/fail", "status": "500"}
    assert metrics.registry.get_sample_value("voice_ai_http_requests_total", labels) == 1


async def test_unknown_paths_share_one_label() -> None:
    metrics = Metrics()
    for path in ("/a", "/b/c", "/" + "x" * 1000):
        assert (await ask(application(metrics), path))[0] == 404
    labels = {"method": "POST", "route": "unmatched", "status": "404"}
    assert metrics.registry.get_sample_value("voice_ai_http_requests_total", labels) == 3


async def test_half_an_answer_is_cut_and_not_continued_with_an_error() -> None:
    async def broken(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await ask(RequestScope(broken, metrics=Metrics(), limits=LIMITS), "/")
