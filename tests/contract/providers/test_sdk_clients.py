"""The HTTP clients below the SDKs: the vendor's own address, and the library that an older SDK is built on."""

from __future__ import annotations

from contextlib import aclosing
from ipaddress import ip_network
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from tests.contract.providers.wires import ANTHROPIC_CHAT, OPENAI_CHAT, Wire
from tests.fakes.http_server import Answer, Received, json_answer, serving
from voice_ai_service.errors import InvalidInput
from voice_ai_service.providers import openai_sdk
from voice_ai_service.providers.entry import ProviderContext, StageTimeouts
from voice_ai_service.providers.llm import anthropic, openai
from voice_ai_service.providers.sdk_http import http_client, library_of

LOOPBACK = (ip_network("127.0.0.0/8"),)


class _OldClient(httpx.AsyncClient):
    pass


OLD_SDK = cast(ModuleType, SimpleNamespace(__name__="old", DefaultAsyncHttpxClient=_OldClient))


@pytest.mark.parametrize(
    ("wire", "module", "constant", "settings"),
    [
        (OPENAI_CHAT, openai_sdk, "OPENAI_URL", openai.OpenAiChatSettings()),
        (ANTHROPIC_CHAT, anthropic, "ANTHROPIC_URL", anthropic.AnthropicSettings()),
    ],
    ids=["openai", "anthropic"],
)
async def test_without_an_address_the_vendors_own_is_asked_whatever_the_environment_says(
    wire: Wire, module: Any, constant: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/elsewhere")
    async with wire.fake() as server:
        monkeypatch.setattr(module, constant, server.base_url)
        # No allowed networks: they are for addresses that tenants type in.
        async with aclosing(await wire.build(ProviderContext(), settings, wire.key)) as provider:
            assert await wire.ask(provider)
        assert len(server.requests) == 1


async def _tell(request: Received) -> Answer:
    return json_answer({"headers": dict(request.headers), "body": request.body.decode()})


async def test_an_sdk_over_the_older_library_gets_a_client_of_its_kind() -> None:
    assert library_of(OLD_SDK) is httpx
    async with serving(_tell) as address:
        client = http_client(OLD_SDK, address, StageTimeouts(), LOOPBACK)
        assert isinstance(client, httpx.AsyncClient)
        async with client:
            answer = await client.post(
                f"{address}/v1",
                content=b"hello",
                headers={"x-company": "secret", "authorization": "Bearer k"},
            )
    said = answer.json()
    assert said["body"] == "hello"
    assert said["headers"]["authorization"] == "Bearer k"
    assert "x-company" not in said["headers"]


async def test_the_older_librarys_errors_are_its_own() -> None:
    async with serving(lambda _: _answer(Answer(200, {}, (b"ab", b"cd"), cut_after=1))) as address:
        async with http_client(OLD_SDK, address, StageTimeouts(), LOOPBACK) as client:
            with pytest.raises(httpx.TransportError):
                await client.get(address)
        async with http_client(OLD_SDK, address, StageTimeouts(), ()) as client:
            with pytest.raises(InvalidInput):
                await client.get(address)


async def _answer(answer: Answer) -> Answer:
    return answer


async def test_a_redirect_of_a_tenants_server_is_not_followed() -> None:
    away = Answer(302, {"location": "http://127.0.0.1:1/"}, (b"",), whole=True)
    async with (
        serving(lambda _: _answer(away)) as address,
        http_client(OLD_SDK, address, StageTimeouts(), LOOPBACK) as client,
    ):
        assert (await client.get(address)).status_code == 302
