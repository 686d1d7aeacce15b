"""What is peculiar to Gemini's wire and to Bedrock's."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from tests.contract.providers.test_chat import HISTORY, TRANSFER, ask
from tests.contract.providers.wires import BEDROCK_CHAT, GEMINI_CHAT, LOOPBACK
from tests.fakes import azure_openai_server, bedrock_server, gemini_http_server
from tests.fakes.gemini_http_server import fake_gemini
from tests.fakes.http_server import Answer
from tests.fakes.openai_server import ToolUse
from voice_ai_service.errors import ProviderBusy, ProviderProtocol, ProviderRefused, ProviderUnavailable
from voice_ai_service.providers.llm import azure, bedrock, gemini
from voice_ai_service.providers.llm.seam import ChatDone, ChatMessage, Role, ToolCall

CALLED = ToolUse("transfer", '{"to": "Ana"}', "call_a")


async def test_gemini_is_asked_by_its_own_words() -> None:
    async with GEMINI_CHAT.open() as (server, provider):
        await ask(provider, HISTORY, [TRANSFER], max_tokens=120, temperature=0.1)
        asked = server.requests[0].json
    assert asked["systemInstruction"]["parts"] == [{"text": HISTORY[0].text}]
    assert [content["role"] for content in asked["contents"]] == [
        *("user", "model", "user", "model", "user", "model", "user")
    ]
    assert asked["contents"][4]["parts"][0]["functionResponse"]["name"] == "hours"
    assert asked["tools"][0]["functionDeclarations"][0]["parametersJsonSchema"] == TRANSFER.parameters
    assert asked["generationConfig"] == {
        "maxOutputTokens": 120, "temperature": 0.1, "thinkingConfig": {"thinkingBudget": 0}
    }  # fmt: skip


@pytest.mark.parametrize("signature", ["c2lnbmVk", None])
async def test_a_signed_tool_call_comes_back_signed(signature: str | None) -> None:
    """The fake refuses an unsigned one, as Gemini 3 does; what another model called has no signature."""
    async with fake_gemini(says=(), calls=[CALLED], signature=signature) as server:
        settings = gemini.GeminiSettings(
            base_url=server.base_url, model="gemini-3-flash", thinking_level="low", signed_calls=True
        )
        async with aclosing(await gemini.build(LOOPBACK, settings, gemini_http_server.KEY)) as provider:
            events = await ask(provider, tools=[TRANSFER])
            assert isinstance(events[0], ToolCall)
            history = (
                ChatMessage(Role.USER, "Ana, por favor."),
                ChatMessage(Role.ASSISTANT, "", (events[0],)),
                ChatMessage(Role.TOOL, "Done.", call_id=events[0].call_id),
            )
            assert await ask(provider, history, [TRANSFER])
    sent = server.requests[1].json["contents"][1]["parts"][0]["thoughtSignature"]
    assert sent == (signature or "skip_thought_signature_validator")


async def test_gemini_calls_without_an_id_get_one_each() -> None:
    calls = [ToolUse("transfer", '{"to": "Ana"}', ""), ToolUse("transfer", '{"to": "Rui"}', "")]
    async with GEMINI_CHAT.open(says=(), calls=calls) as (_, provider):
        events = await ask(provider, tools=[TRANSFER])
    made = [event for event in events if isinstance(event, ToolCall)]
    assert len({call.call_id for call in made} - {""}) == 2


@pytest.mark.parametrize("finish", ["MALFORMED_FUNCTION_CALL", "MISSING_THOUGHT_SIGNATURE"])
async def test_a_call_that_gemini_could_not_write_is_an_error(finish: str) -> None:
    async with GEMINI_CHAT.open(finish=finish) as (_, provider):
        with pytest.raises(ProviderProtocol):
            await ask(provider, tools=[TRANSFER])


async def test_a_prompt_that_gemini_blocks_is_about_the_request_and_says_nothing() -> None:
    async with GEMINI_CHAT.open(block_reason="PROHIBITED_CONTENT") as (_, provider):
        with pytest.raises(ProviderRefused) as caught:
            await ask(provider)
    assert caught.value.field == "content"


@pytest.mark.parametrize("form", [azure_openai_server.API_VERSION, None])
async def test_a_prompt_that_azure_filters_is_about_the_request(form: str | None) -> None:
    async with azure_openai_server.fake_azure_openai(
        fault=lambda _: azure_openai_server.filtered_prompt("something of the caller")
    ) as server:
        settings = azure.AzureChatSettings(base_url=server.base_url, deployment="phone", api_version=form)
        async with aclosing(await azure.build(LOOPBACK, settings, azure_openai_server.KEY)) as provider:
            with pytest.raises(ProviderRefused) as caught:
                await ask(provider)
            assert provider.model == "gpt-4.1-mini"
    assert caught.value.field == "content"
    assert "caller" not in caught.value.message


async def test_how_long_google_wants_us_to_wait_stands_in_the_details() -> None:
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}
    busy = gemini_http_server.error(429, "quota", details=[info])
    async with GEMINI_CHAT.open(fault=lambda _: busy) as (_, provider):
        with pytest.raises(ProviderBusy) as caught:
            await ask(provider)
    assert caught.value.retry_after_s == 34.5


@pytest.mark.parametrize(
    "key", [bedrock_server.API_KEY, f"{bedrock_server.KEY}:lent+token/=="], ids=["api key", "lent key"]
)
async def test_bedrock_takes_every_kind_of_key(key: str) -> None:
    async with BEDROCK_CHAT.open(key=key) as (_, provider):
        assert isinstance((await ask(provider))[-1], ChatDone)


@pytest.mark.parametrize("key", ["AKID:", ":secret", "AKID:secret:", None, ""])
async def test_half_a_key_is_refused_before_anything_is_sent(key: Any) -> None:
    settings = bedrock.BedrockSettings(base_url="http://127.0.0.1:9")
    with pytest.raises(ProviderRefused) as caught:
        await bedrock.build(LOOPBACK, settings, key)
    assert caught.value.field == "secret"
    assert "AKID" not in str(caught.value)


async def test_a_history_with_tools_and_none_offered_is_taken_by_bedrock() -> None:
    async with BEDROCK_CHAT.open() as (server, provider):
        await ask(provider, HISTORY)
        asked = server.requests[0].json
    assert [tool["toolSpec"]["name"] for tool in asked["toolConfig"]["tools"]] == ["hours"]


@pytest.mark.parametrize("reason", ["malformed_model_output", "malformed_tool_use"])
async def test_what_a_model_of_bedrock_could_not_write_is_an_error(reason: str) -> None:
    async with BEDROCK_CHAT.open(stop_reason=reason) as (_, provider):
        with pytest.raises(ProviderProtocol):
            await ask(provider)


@pytest.mark.parametrize("kind", ["InvalidSignatureException", "ExpiredTokenException"])
async def test_a_wrong_signature_is_a_wrong_key_whatever_the_status(kind: str) -> None:
    async with BEDROCK_CHAT.open(fault=lambda _: bedrock_server.error(400, "no", kind=kind)) as (_, provider):
        with pytest.raises(ProviderRefused) as caught:
            await ask(provider)
    assert caught.value.field == "secret"


async def test_an_event_stream_cut_inside_a_message_is_cut() -> None:
    def halved(answer: Answer) -> Answer:
        return replace(answer, pieces=(*answer.pieces[:3], answer.pieces[3][:9]))

    async with BEDROCK_CHAT.open(fault=halved) as (_, provider):
        with pytest.raises(ProviderUnavailable):
            await ask(provider)
