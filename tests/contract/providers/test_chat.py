"""Chat models over their vendors' wires: what is asked, and what comes of the answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from tests.contract.providers.wires import (
    ANTHROPIC_CHAT,
    BEDROCK_CHAT,
    CHATS,
    GEMINI_CHAT,
    LOOPBACK,
    OPENAI_CHAT,
    Wire,
)
from tests.fakes.openai_server import ToolUse
from voice_ai_service.errors import ProviderProtocol, ProviderRefused
from voice_ai_service.providers.llm.seam import (
    ChatDone,
    ChatEvent,
    ChatMessage,
    ChatOptions,
    Role,
    TextDelta,
    ToolCall,
    ToolSpec,
)

TRANSFER = ToolSpec(
    "transfer",
    "Transfers the call.",
    {"type": "object", "properties": {"to": {"type": "string"}}, "required": ["to"]},
)
HISTORY = (
    ChatMessage(Role.SYSTEM, "Você é a secretária da Padaria Sol."),
    ChatMessage(Role.ASSISTANT, "Padaria Sol, bom dia!"),
    ChatMessage(Role.USER, "Vocês abrem hoje?"),
    ChatMessage(Role.ASSISTANT, "", (ToolCall("call_1", "hours", {"day": "sábado"}),)),
    ChatMessage(Role.TOOL, '{"open": "6-20"}', call_id="call_1"),
    ChatMessage(Role.ASSISTANT, "Sim, até as 20."),
    ChatMessage(Role.USER, "Quero falar com a Ana."),
)

every_wire = pytest.mark.parametrize("wire", CHATS, ids=lambda wire: wire.name)
written_arguments = pytest.mark.parametrize(
    "wire", [wire for wire in CHATS if wire is not GEMINI_CHAT], ids=lambda wire: wire.name
)
"""Where a model writes a tool call's arguments as text, token by token."""


async def ask(
    provider: Any,
    messages: Sequence[ChatMessage] = (ChatMessage(Role.USER, "Olá"),),
    tools: Sequence[ToolSpec] = (),
    **options: Any,
) -> list[ChatEvent]:
    return [event async for event in provider.chat(messages, tools, ChatOptions(**options))]


@every_wire
async def test_text_comes_in_pieces_and_the_end_says_why_and_what_it_cost(wire: Wire) -> None:
    async with wire.open() as (_, provider):
        events = await ask(provider)
    assert events == [TextDelta("Bom"), TextDelta(" dia"), TextDelta("!"), ChatDone("stop", wire.cost)]


@every_wire
async def test_tool_calls_are_whole_and_before_the_end(wire: Wire) -> None:
    calls = [
        ToolUse("transfer", '{"to": "Ana", "why": "pediu"}', "call_a"),
        ToolUse("take_message", "", "call_b"),
    ]
    async with wire.open(says=("Um momento.",), calls=calls) as (_, provider):
        events = await ask(provider, tools=[TRANSFER])
    assert events[:-1] == [
        TextDelta("Um momento."),
        ToolCall("call_a", "transfer", {"to": "Ana", "why": "pediu"}),
        ToolCall("call_b", "take_message", {}),
    ]
    assert isinstance(events[-1], ChatDone)
    assert events[-1].finish_reason == "tool_calls"


@written_arguments
@pytest.mark.parametrize("arguments", ['{"to": "Ana"', '["Ana"]', "Ana", "null", "[" * 5000])
async def test_arguments_that_are_no_object_are_an_error_and_no_call(wire: Wire, arguments: str) -> None:
    async with wire.open(says=(), calls=[ToolUse("transfer", arguments)]) as (_, provider):
        with pytest.raises(ProviderProtocol):
            await ask(provider, tools=[TRANSFER])


@every_wire
async def test_a_whole_history_with_tools_is_taken(wire: Wire) -> None:
    """The fakes check it as the vendors do: order of roles, tool results, empty texts."""
    async with wire.open() as (server, provider):
        assert await ask(provider, HISTORY, [TRANSFER], max_tokens=120)
        asked = server.requests[0].body.decode()
    assert "sábado" in asked
    assert "120" in asked
    assert json.dumps(TRANSFER.parameters, separators=(",", ":")) in asked


async def test_what_openai_is_asked() -> None:
    async with OPENAI_CHAT.open() as (server, provider):
        await ask(provider, HISTORY, [TRANSFER], max_tokens=120)
        asked = server.requests[0].json
    assert [message["role"] for message in asked["messages"]] == [message.role.value for message in HISTORY]
    assert json.loads(asked["messages"][3]["tool_calls"][0]["function"]["arguments"]) == {"day": "sábado"}
    assert asked["tools"][0]["function"]["parameters"] == TRANSFER.parameters
    assert asked["max_tokens"] == 120


async def test_what_anthropic_is_asked() -> None:
    async with ANTHROPIC_CHAT.open() as (server, provider):
        await ask(provider, HISTORY, [TRANSFER], max_tokens=120)
        asked = server.requests[0].json
    assert asked["system"] == HISTORY[0].text
    assert [message["role"] for message in asked["messages"]] == [
        *("user", "assistant", "user", "assistant", "user", "assistant", "user")
    ]
    assert asked["messages"][3]["content"][0]["input"] == {"day": "sábado"}
    assert asked["tools"][0]["input_schema"] == TRANSFER.parameters
    assert asked["max_tokens"] == 120


@pytest.mark.parametrize(
    ("wire", "said", "ours"),
    [
        (OPENAI_CHAT, {"finish": "length"}, "length"),
        (OPENAI_CHAT, {"finish": "content_filter"}, "refused"),
        (OPENAI_CHAT, {"says": (), "refusal": "I cannot help with that."}, "refused"),
        (OPENAI_CHAT, {"calls": [ToolUse("transfer", "{}")], "finish": "stop"}, "tool_calls"),
        (ANTHROPIC_CHAT, {"stop_reason": "max_tokens"}, "length"),
        (ANTHROPIC_CHAT, {"stop_reason": "refusal"}, "refused"),
        (ANTHROPIC_CHAT, {"stop_reason": "stop_sequence"}, "stop"),
        (ANTHROPIC_CHAT, {"stop_reason": "something_new"}, "stop"),
        (GEMINI_CHAT, {"finish": "MAX_TOKENS"}, "length"),
        (GEMINI_CHAT, {"finish": "SAFETY"}, "refused"),
        (GEMINI_CHAT, {"finish": "PROHIBITED_CONTENT"}, "refused"),
        (GEMINI_CHAT, {"finish": "SOMETHING_NEW"}, "stop"),
        (BEDROCK_CHAT, {"stop_reason": "max_tokens"}, "length"),
        (BEDROCK_CHAT, {"stop_reason": "guardrail_intervened"}, "refused"),
        (BEDROCK_CHAT, {"stop_reason": "content_filtered"}, "refused"),
        (BEDROCK_CHAT, {"stop_reason": "something_new"}, "stop"),
    ],
)
async def test_why_it_ended_in_our_words(wire: Wire, said: dict[str, Any], ours: str) -> None:
    async with wire.open(**said) as (_, provider):
        events = await ask(provider)
    assert isinstance(events[-1], ChatDone)
    assert events[-1].finish_reason == ours
    assert "cannot help" not in str(events)


async def test_a_reasoning_model_gets_no_temperature() -> None:
    async with OPENAI_CHAT.fake() as server:
        settings = OPENAI_CHAT.settings(
            base_url=server.base_url,
            model="o-reasons",
            sends_temperature=False,
            limit_field="max_completion_tokens",
            reasoning_effort="low",
        )
        provider = await OPENAI_CHAT.build(LOOPBACK, settings, OPENAI_CHAT.key)
        await ask(provider)
        await provider.aclose()
        asked = server.requests[0].json
    assert asked["reasoning_effort"] == "low"
    assert "temperature" not in asked


async def test_an_unknown_model_names_the_setting() -> None:
    async with OPENAI_CHAT.fake() as server:
        settings = OPENAI_CHAT.settings(base_url=server.base_url, model="gpt-none")
        provider = await OPENAI_CHAT.build(LOOPBACK, settings, OPENAI_CHAT.key)
        with pytest.raises(ProviderRefused) as caught:
            await ask(provider)
        await provider.aclose()
    assert caught.value.field == "settings.model"


@every_wire
async def test_the_connection_is_used_again(wire: Wire) -> None:
    """A new one costs the caller a TCP and a TLS handshake at every turn."""
    async with wire.open() as (server, provider):
        for _ in range(3):
            await ask(provider)
            await asyncio.sleep(0.02)  # what follows the last word is still on its way
    assert len({request.connection for request in server.requests}) == 1
