"""Tools by words for a model without them: what is spoken, what is a call, and what is an error."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.chat_model import ScriptedChatModel, Step, breaks, says
from voice_ai_service.errors import ProviderProtocol, ProviderUnavailable
from voice_ai_service.providers.llm.prompted_tools import (
    MAX_HELD_CHARS,
    Heard,
    PromptedTools,
    told,
    with_tools,
)
from voice_ai_service.providers.llm.seam import (
    ChatCapabilities,
    ChatDone,
    ChatEvent,
    ChatMessage,
    ChatOptions,
    Role,
    TextDelta,
    ToolCall,
    ToolSpec,
    Usage,
)

TRANSFER = ToolSpec(
    "transfer", "Transfers the call.", {"type": "object", "properties": {"to": {"type": "string"}}}
)
HISTORY = (
    ChatMessage(Role.SYSTEM, "Você é a secretária."),
    ChatMessage(Role.USER, "Abrem hoje?"),
    ChatMessage(Role.ASSISTANT, "", (ToolCall("c1", "hours", {"day": "sábado"}),)),
    ChatMessage(Role.TOOL, '{"open": "6-20"}', call_id="c1"),
    ChatMessage(Role.USER, "Quero a Ana."),
)
CALL = '{"tool": "transfer", "arguments": {"to": "Ana"}}'


async def ask(*steps: Step, tools: Sequence[ToolSpec] = (TRANSFER,)) -> list[ChatEvent]:
    model = ScriptedChatModel([steps], capabilities=ChatCapabilities(tools=False))
    events = with_tools(model, "tiny").chat(HISTORY, tools, ChatOptions())
    return [event async for event in events]


def spoken(events: Sequence[ChatEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def made(events: Sequence[ChatEvent]) -> list[tuple[str, object]]:
    return [(event.name, event.arguments) for event in events if isinstance(event, ToolCall)]


async def test_words_are_spoken_as_they_come() -> None:
    events = await ask(*says("Sim", ", até ", "as 20.", usage=Usage(5, 3)))
    assert events == [
        TextDelta("Sim"),
        TextDelta(", até "),
        TextDelta("as 20."),
        ChatDone("stop", Usage(5, 3)),
    ]


@pytest.mark.parametrize("text", [CALL, f"\n {CALL}\n", f"```json\n{CALL}\n```", f"```\n{CALL}```"])
async def test_the_agreed_form_is_a_call_and_is_not_spoken(text: str) -> None:
    events = await ask(*says(*text, usage=Usage(5, 3)))
    assert spoken(events).strip() == ""
    assert made(events) == [("transfer", {"to": "Ana"})]
    assert events[-1] == ChatDone("tool_calls", Usage(5, 3))


async def test_words_before_a_call_are_spoken() -> None:
    events = await ask(*says("Um momento. ", CALL[:9], CALL[9:]))
    assert spoken(events) == "Um momento. "
    assert made(events) == [("transfer", {"to": "Ana"})]


@pytest.mark.parametrize(
    "text",
    [
        CALL[:-1],
        f"{CALL} Transferi!",
        f"{CALL}\n{CALL}",
        f"[{CALL}]",
        '{"name": "transfer", "arguments": {}}',
        '{"tool": "transfer", "arguments": {}, "why": "x"}',
        '{"tool": "transfer", "arguments": ["Ana"]}',
        '{"tool": "", "arguments": {}}',
        '{"tool": 7, "arguments": {}}',
        "{}",
        '["a", "b"]',
        "[" * 5000 + "{",
        "```json\n{\n```",
        "{" + "x" * MAX_HELD_CHARS,
    ],
)
async def test_any_other_json_is_an_error_and_is_not_spoken(text: str) -> None:
    with pytest.raises(ProviderProtocol) as caught:
        await ask(*says(text[:7], text[7:]))
    assert caught.value.provider == "tiny"
    assert "Ana" not in f"{caught.value.message} {caught.value.detail}"


async def test_brackets_in_words_are_words() -> None:
    assert spoken(await ask(*says("Oi ", "[risos]", ", tudo `bem`?"))) == "Oi [risos], tudo `bem`?"


async def test_a_broken_stream_breaks() -> None:
    with pytest.raises(ProviderUnavailable):
        await ask(*breaks("Um mo", CALL[:10]))


async def test_who_stops_listening_stops_the_model() -> None:
    model = ScriptedChatModel([says("Sim", " e não")], capabilities=ChatCapabilities(tools=False))
    events = PromptedTools(model, "tiny").chat(HISTORY, (), ChatOptions())
    await anext(events)
    await events.aclose()
    assert model.stopped_early == 1


async def test_a_model_with_tools_is_left_alone_and_one_without_says_it_has_them() -> None:
    able, unable = ScriptedChatModel(), ScriptedChatModel(capabilities=ChatCapabilities(tools=False))
    assert with_tools(able, "x") is able
    wrapped = with_tools(unable, "x")
    assert wrapped.capabilities.tools
    await wrapped.aclose()
    assert unable.closed


def test_the_model_is_told_of_tools_and_of_what_they_said() -> None:
    messages = told(HISTORY, [TRANSFER])
    assert [message.role for message in messages] == [Role.SYSTEM, Role.USER, Role.ASSISTANT, Role.USER]
    assert "transfer: Transfers the call." in messages[0].text
    assert messages[0].text.endswith("Você é a secretária.")
    assert json.loads(messages[2].text) == {"tool": "hours", "arguments": {"day": "sábado"}}
    assert messages[3].text == '[Result of hours]\n{"open": "6-20"}\n\nQuero a Ana.'
    assert not any(message.tool_calls or message.call_id for message in messages)


def test_without_tools_nothing_is_said_of_them() -> None:
    assert told(HISTORY[:2], []) == list(HISTORY[:2])


@given(st.text(max_size=60), st.lists(st.integers(0, 60), max_size=6))
def test_nothing_with_a_brace_is_ever_spoken_and_nothing_else_is_lost(text: str, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    heard = Heard()
    said = "".join(heard.feed(text[start:end]) for start, end in itertools.pairwise(places))
    try:
        rest, call = heard.end()
    except ValueError:
        assert "{" not in said
        return
    assert "{" not in said + rest
    if call is None:
        assert (said + rest).rstrip() == text.rstrip() or not rest.strip()
