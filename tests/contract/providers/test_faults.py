"""What every adapter makes of a vendor that fails. Nothing a vendor says about its failure becomes an answer."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from typing import Any

import pytest

from tests.contract.providers.wires import (
    ANTHROPIC_CHAT,
    BEDROCK_CHAT,
    EVENT_STREAMS,
    GEMINI_CHAT,
    HASTY,
    OPENAI_CHAT,
    STREAMS,
    WIRES,
    Wire,
)
from tests.fakes.bedrock_server import event, exception
from tests.fakes.http_server import Answer
from tests.fakes.openai_server import Fault, as_it_is, with_frame
from voice_ai_service.errors import (
    ProviderBusy,
    ProviderError,
    ProviderProtocol,
    ProviderRefused,
    ProviderTimeout,
    ProviderUnavailable,
)
from voice_ai_service.providers.entry import ProviderContext

VENDOR_TEXT = "Sorry, +55 11 99999-8888, our sk-secret engine is on fire"

every_wire = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.name)
every_stream = pytest.mark.parametrize("wire", STREAMS, ids=lambda wire: wire.name)
every_event_stream = pytest.mark.parametrize("wire", EVENT_STREAMS, ids=lambda wire: wire.name)


def always(answer: Answer) -> Fault:
    return lambda _: answer


async def failure(
    wire: Wire, *, wait_s: float = 5, hangs_up: bool = False, **more: Any
) -> tuple[ProviderError, Any]:
    """How the adapter fails, and the fake it failed on. `hangs_up`: the fake must see that."""
    async with wire.open(**more) as (server, provider):
        with pytest.raises(ProviderError) as caught:
            await wire.ask(provider, wait_s)
        if hangs_up:
            await asyncio.wait_for(server.requests[0].abandoned.wait(), 5)
    assert caught.value.provider == wire.provider
    assert VENDOR_TEXT not in caught.value.message
    return caught.value, server


@every_wire
@pytest.mark.parametrize(
    ("status", "expected", "field"),
    [
        (400, ProviderRefused, None),
        (401, ProviderRefused, "secret"),
        (403, ProviderRefused, "secret"),
        (404, ProviderRefused, "settings.model"),
        (408, ProviderTimeout, None),
        (413, ProviderRefused, None),
        (422, ProviderRefused, None),
        (429, ProviderBusy, None),
        (500, ProviderUnavailable, None),
        (502, ProviderUnavailable, None),
        (503, ProviderUnavailable, None),
        (529, ProviderBusy, None),
    ],
)
async def test_a_status_is_one_of_our_errors_and_is_not_tried_again(
    wire: Wire, status: int, expected: type[ProviderError], field: str | None
) -> None:
    error, server = await failure(wire, fault=always(wire.error(status, VENDOR_TEXT, {})))
    assert type(error) is expected
    assert error.field == field
    assert VENDOR_TEXT in (error.detail or "")
    assert len(server.requests) == 1


@every_wire
@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after": "Fri, 01 Jan 1999 00:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
async def test_busy_says_how_long(wire: Wire, headers: dict[str, str], seconds: float | None) -> None:
    error, _ = await failure(wire, fault=always(wire.error(429, VENDOR_TEXT, headers)))
    assert isinstance(error, ProviderBusy)
    assert error.retry_after_s == seconds


@every_wire
async def test_a_wrong_key_is_refused_by_name(wire: Wire) -> None:
    error, _ = await failure(wire, key="wrong")
    assert (type(error), error.field) == (ProviderRefused, "secret")
    assert "wrong" not in error.message


@every_wire
async def test_a_page_instead_of_an_answer_is_no_answer(wire: Wire) -> None:
    page = Answer(
        200, {"content-type": "text/html"}, (b"<html>" + VENDOR_TEXT.encode() + b"</html>",), whole=True
    )
    error, _ = await failure(wire, fault=always(page))
    assert isinstance(error, ProviderProtocol | ProviderUnavailable)


@every_wire
async def test_broken_json_is_no_answer(wire: Wire) -> None:
    broken = Answer(200, {"content-type": "application/json"}, (b'{"text": "Sorry',), whole=True)
    error, _ = await failure(wire, fault=always(broken))
    assert isinstance(error, ProviderProtocol | ProviderUnavailable)


@every_wire
async def test_json_of_another_kind_is_no_answer(wire: Wire) -> None:
    other = Answer(200, {"content-type": "application/json"}, (b'{"message": "Sorry"}',), whole=True)
    error, _ = await failure(wire, fault=always(other))
    assert isinstance(error, ProviderProtocol | ProviderUnavailable)


@every_wire
async def test_a_redirect_is_not_followed(wire: Wire) -> None:
    away = Answer(
        302, {"location": "http://169.254.169.254/", "content-type": "text/plain"}, (b"",), whole=True
    )
    error, server = await failure(wire, fault=always(away))
    assert isinstance(error, ProviderProtocol)
    assert len(server.requests) == 1


@every_wire
async def test_a_server_that_says_nothing_times_out_and_is_hung_up_on(wire: Wire) -> None:
    error, _ = await failure(
        wire, wait_s=0.2, hangs_up=True, timeouts=HASTY, fault=lambda answer: replace(answer, silent=True)
    )
    assert isinstance(error, ProviderTimeout)


@every_wire
async def test_nobody_there(wire: Wire) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        error, _ = await failure(wire, base_url=address)
    assert isinstance(error, ProviderUnavailable)


@every_wire
async def test_a_cut_connection(wire: Wire) -> None:
    error, _ = await failure(wire, fault=lambda answer: replace(answer, whole=False, cut_after=0))
    assert isinstance(error, ProviderUnavailable)


@every_wire
async def test_an_address_that_the_policy_refuses_is_never_connected_to(wire: Wire) -> None:
    error, server = await failure(wire, context=ProviderContext())
    assert (type(error), error.field) == (ProviderRefused, "settings.base_url")
    assert server.requests == []


@every_wire
async def test_what_the_operators_environment_says_does_not_go_to_a_tenants_address(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "OPENAI_ORG_ID",
        "OPENAI_PROJECT_ID",
        "OPENAI_API_KEY",
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_AUTH_TOKEN",
    ):
        monkeypatch.setenv(name, "operators-own")
    for name in ("OPENAI_CUSTOM_HEADERS", "ANTHROPIC_CUSTOM_HEADERS"):
        monkeypatch.setenv(name, "X-Company: operators-own")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    async with wire.open() as (server, provider):
        await wire.ask(provider)
    assert "operators-own" not in str(server.requests[0].headers)


@every_stream
async def test_a_stall_in_the_middle_times_out(wire: Wire) -> None:
    error, _ = await failure(
        wire, wait_s=0.2, hangs_up=True, timeouts=HASTY, fault=lambda answer: replace(answer, stall_after=3)
    )
    assert isinstance(error, ProviderTimeout)


@every_stream
async def test_a_cut_in_the_middle(wire: Wire) -> None:
    error, _ = await failure(wire, fault=lambda answer: replace(answer, cut_after=3))
    assert isinstance(error, ProviderUnavailable)


@every_stream
async def test_who_stops_listening_hangs_up(wire: Wire) -> None:
    assert wire.stream is not None
    async with wire.open(fault=lambda answer: replace(answer, stall_after=4)) as (server, provider):
        stream = wire.stream(provider)
        await anext(stream)
        await stream.aclose()
        await asyncio.wait_for(server.requests[0].abandoned.wait(), 5)


@every_stream
async def test_a_cancelled_request_hangs_up(wire: Wire) -> None:
    async with wire.open(fault=lambda answer: replace(answer, silent=True)) as (server, provider):
        asking = asyncio.ensure_future(wire.ask(provider))
        while not server.requests:
            await asyncio.sleep(0.001)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await asyncio.wait_for(server.requests[0].abandoned.wait(), 5)


@every_wire
async def test_one_failure_does_not_harm_the_next_request(wire: Wire) -> None:
    async with wire.open() as (server, provider):
        server.fault = lambda answer: replace(answer, whole=False, cut_after=0)
        with pytest.raises(ProviderUnavailable):
            await wire.ask(provider)
        server.fault = as_it_is
        assert await wire.ask(provider)


@every_event_stream
async def test_a_frame_that_is_no_json(wire: Wire) -> None:
    error, _ = await failure(wire, fault=with_frame(3, b'event: message_delta\ndata: {"type": \n\n'))
    assert isinstance(error, ProviderProtocol)


@every_event_stream
async def test_a_stream_that_ends_before_its_end(wire: Wire) -> None:
    error, _ = await failure(wire, fault=lambda answer: replace(answer, end_after=4))
    assert isinstance(error, ProviderUnavailable)


@pytest.mark.parametrize(
    ("wire", "frame", "expected"),
    [
        (
            OPENAI_CHAT,
            b'data: {"error": {"message": "%b", "type": "server_error", "code": null}}\n\n',
            ProviderUnavailable,
        ),
        (
            OPENAI_CHAT,
            b'data: {"error": {"message": "%b", "type": "rate_limit_error", "code": "rate_limit"}}\n\n',
            ProviderBusy,
        ),
        (
            ANTHROPIC_CHAT,
            b'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error", "message": "%b"}}\n\n',
            ProviderBusy,
        ),
        (
            ANTHROPIC_CHAT,
            b'event: error\ndata: {"type": "error", "error": {"type": "api_error", "message": "%b"}}\n\n',
            ProviderUnavailable,
        ),
        (OPENAI_CHAT, b'data: {"object": "chat.completion.chunk", "choices": null}\n\n', ProviderProtocol),
        (
            OPENAI_CHAT,
            b'data: {"choices": [{"index": 0, "delta": {"content": {"a": 1}}}]}\n\n',
            ProviderProtocol,
        ),
        (OPENAI_CHAT, b'data: {"choices": ["x"]}\n\n', ProviderProtocol),
        (OPENAI_CHAT, b"data: [1, 2]\n\n", ProviderProtocol),
        (
            ANTHROPIC_CHAT,
            b'event: content_block_delta\ndata: {"type": "content_block_delta", "index": 0, "delta": null}\n\n',
            ProviderProtocol,
        ),
        (ANTHROPIC_CHAT, b"event: message_delta\ndata: 7\n\n", ProviderProtocol),
        (
            GEMINI_CHAT,
            b'data: {"error": {"code": 503, "message": "%b", "status": "UNAVAILABLE"}}\n\n',
            ProviderUnavailable,
        ),
        (
            GEMINI_CHAT,
            b'data: {"error": {"code": 429, "message": "%b", "status": "RESOURCE_EXHAUSTED"}}\n\n',
            ProviderBusy,
        ),
        (GEMINI_CHAT, b'data: {"promptFeedback": {"blockReason": "SAFETY"}}\n\n', ProviderRefused),
        (GEMINI_CHAT, b'data: {"candidates": []}\n\n', ProviderProtocol),
        (GEMINI_CHAT, b'data: {"candidates": [{"content": {"parts": [7]}}]}\n\n', ProviderProtocol),
        (
            GEMINI_CHAT,
            b'data: {"candidates": [{"content": {"parts": [{"text": ["x"]}]}}]}\n\n',
            ProviderProtocol,
        ),
        (
            GEMINI_CHAT,
            b'data: {"candidates": [{"content": {"parts": [{"functionCall": {"name": "end", "args": [1]}}]}}]}\n\n',
            ProviderProtocol,
        ),
        (GEMINI_CHAT, b"data: 7\n\n", ProviderProtocol),
        (BEDROCK_CHAT, exception("throttlingException", VENDOR_TEXT), ProviderBusy),
        (BEDROCK_CHAT, exception("modelStreamErrorException", VENDOR_TEXT), ProviderUnavailable),
        (BEDROCK_CHAT, exception("internalServerException", VENDOR_TEXT), ProviderUnavailable),
        (BEDROCK_CHAT, exception("validationException", VENDOR_TEXT), ProviderRefused),
        (BEDROCK_CHAT, exception("somethingNewException", VENDOR_TEXT), ProviderUnavailable),
        (BEDROCK_CHAT, event("contentBlockDelta", {"contentBlockIndex": 0, "delta": 7}), ProviderProtocol),
        (
            BEDROCK_CHAT,
            event("contentBlockDelta", {"contentBlockIndex": 9, "delta": {"toolUse": {"input": "{"}}}),
            ProviderProtocol,
        ),
        (BEDROCK_CHAT, event("messageStop", {}), ProviderProtocol),
        (BEDROCK_CHAT, event("contentBlockStart", {"start": []}), ProviderProtocol),
    ],
)
async def test_an_event_in_the_stream_that_is_an_error_or_nonsense(
    wire: Wire, frame: bytes, expected: type[ProviderError]
) -> None:
    frame = frame.replace(b"%b", VENDOR_TEXT.encode())
    error, _ = await failure(wire, fault=with_frame(3, frame))
    assert type(error) is expected
