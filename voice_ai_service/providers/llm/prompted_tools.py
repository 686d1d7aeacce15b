"""Tools for a chat model that has none: it is told of them in words, and what it writes is read strictly.

What looks like JSON is never spoken: it is a tool call of exactly the agreed form, or the answer is an error.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Final, cast

from voice_ai_service.errors import ProviderProtocol
from voice_ai_service.providers.llm.seam import (
    ChatCapabilities,
    ChatDone,
    ChatEvent,
    ChatMessage,
    ChatModel,
    ChatOptions,
    Role,
    TextDelta,
    ToolCall,
    ToolSpec,
)

MAX_HELD_CHARS: Final = 16_384
_MAY_BE_JSON: Final = re.compile(r"[{\[`]")
_FENCED: Final = re.compile(r"```(?:json)?\s*(.*?)\s*```", re.DOTALL)
_FORM: Final = (
    "You can use tools. To use one, answer with one JSON object and nothing else, no words before or after it:\n"
    '{"tool": "<name>", "arguments": {<its arguments>}}\n'
    "Use one tool at a time; its result is told to you. Where no tool is needed, answer in plain words, never in "
    "JSON. These are the tools, with the JSON Schema of their arguments:"
)


def with_tools(model: ChatModel, name: str) -> ChatModel:
    """The model itself where it has tools. `name`: the provider's in the registry, for errors."""
    return model if model.capabilities.tools else PromptedTools(model, name)


class PromptedTools:
    """Closes the model it was given."""

    def __init__(self, model: ChatModel, name: str) -> None:
        self._model = model
        self._name = name

    @property
    def capabilities(self) -> ChatCapabilities:
        return replace(self._model.capabilities, tools=True)

    @property
    def model(self) -> str:
        return self._model.model

    async def chat(
        self, messages: Sequence[ChatMessage], tools: Sequence[ToolSpec], options: ChatOptions
    ) -> AsyncGenerator[ChatEvent, None]:
        """See the seam. Words come as the model says them, a tool call when it has ended."""
        heard = Heard()
        done = ChatDone("stop")
        # The adapters' iterators are generators: closing one stops its request.
        events = cast(AsyncGenerator[ChatEvent, None], self._model.chat(told(messages, tools), (), options))
        async with aclosing(events):
            async for event in events:
                if isinstance(event, ChatDone):
                    done = event
                elif isinstance(event, TextDelta) and (text := self._heard(heard, event.text)):
                    yield TextDelta(text)
        rest, call = self._end(heard)
        if rest:
            yield TextDelta(rest)
        if call is not None:
            yield call
            done = replace(done, finish_reason="tool_calls")
        yield done

    async def warm(self) -> None:
        """See `Chain.warm`."""
        warm = getattr(self._model, "warm", None)
        if warm is not None:
            await warm()

    async def aclose(self) -> None:
        await self._model.aclose()

    def _heard(self, heard: Heard, text: str) -> str:
        try:
            return heard.feed(text)
        except ValueError as error:
            raise self._wrong() from error

    def _end(self, heard: Heard) -> tuple[str, ToolCall | None]:
        try:
            return heard.end()
        except (ValueError, RecursionError) as error:
            raise self._wrong() from error

    def _wrong(self) -> ProviderProtocol:
        return ProviderProtocol(
            f"The provider {self._name} answered wrongly.",
            provider=self._name,
            detail="It wrote something that is neither words nor a tool call.",
        )


class Heard:
    """A model's text, told apart as it comes. Pure."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> str:
        """What of it can be spoken now: all before the first sign of JSON. Raises ValueError for too much of it."""
        if self._held:
            self._held += text
            spoken = ""
        else:
            found = _MAY_BE_JSON.search(text)
            at = len(text) if found is None else found.start()
            spoken, self._held = text[:at], text[at:]
        if len(self._held) > MAX_HELD_CHARS:
            raise ValueError("too much that may be JSON")
        return spoken

    def end(self) -> tuple[str, ToolCall | None]:
        """Words that were held back for nothing, and the tool call. Raises ValueError for JSON that is none."""
        held = self._held.strip()
        if not held:
            return "", None
        fenced = _FENCED.fullmatch(held)
        text = fenced[1] if fenced else held
        if not _is_json_like(text):
            return self._held, None
        return "", _call(json.loads(text))


def told(messages: Sequence[ChatMessage], tools: Sequence[ToolSpec]) -> list[ChatMessage]:
    """The conversation without tool calls and results, which became text, and with the tools in its instructions.

    Neighbours of one role are one message: templates of small models want turns.
    """
    names = {call.call_id: call.name for message in messages for call in message.tool_calls}
    shaped: list[ChatMessage] = []
    for message in [*_instructions(tools), *messages]:
        said = _as_text(message, names)
        if not said.text.strip():
            continue
        if shaped and shaped[-1].role is said.role:
            shaped[-1] = replace(said, text=f"{shaped[-1].text}\n\n{said.text}")
        else:
            shaped.append(said)
    return shaped


def _instructions(tools: Sequence[ToolSpec]) -> list[ChatMessage]:
    if not tools:
        return []
    lines = [
        f"- {tool.name}: {tool.description} {json.dumps(dict(tool.parameters), ensure_ascii=False)}"
        for tool in tools
    ]
    return [ChatMessage(Role.SYSTEM, "\n".join((_FORM, *lines)))]


def _as_text(message: ChatMessage, names: dict[str, str]) -> ChatMessage:
    if message.role is Role.TOOL:
        name = names.get(message.call_id or "", "tool")
        return ChatMessage(Role.USER, f"[Result of {name}]\n{message.text}")
    if not message.tool_calls:
        return message
    calls = [
        json.dumps({"tool": call.name, "arguments": dict(call.arguments)}, ensure_ascii=False)
        for call in message.tool_calls
    ]
    return ChatMessage(message.role, "\n".join(filter(None, (message.text, *calls))))


def _is_json_like(text: str) -> bool:
    """Braces are in no sentence; brackets and quotation marks of code may be."""
    if "{" in text or "}" in text:
        return True
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _call(said: Any) -> ToolCall:
    if not isinstance(said, dict) or said.keys() != {"tool", "arguments"}:
        raise ValueError("not the agreed form")
    name, arguments = said["tool"], said["arguments"]
    if not isinstance(name, str) or not name or not isinstance(arguments, dict):
        raise ValueError("not the agreed form")
    return ToolCall(f"call_{secrets.token_hex(6)}", name, arguments)
