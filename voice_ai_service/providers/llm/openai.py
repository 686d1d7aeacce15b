"""OpenAI's chat completions, and every server that speaks them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from pydantic import Field

from voice_ai_service.providers.entry import ModelName, ProviderContext, ProviderSettings
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
from voice_ai_service.providers.llm.tool_arguments import parse_arguments
from voice_ai_service.providers.openai_sdk import CompatibleSettings
from voice_ai_service.providers.openai_wire import OpenAiWire, WireErrors, open_wire

_FINISH: Final[Mapping[str, str]] = {
    "stop": "stop",
    "length": "length",
    "model_length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "refused",
}


def _as_it_is(call_id: str) -> str:
    return call_id


def _nine_alphanumerics(call_id: str) -> str:
    """The same for the same call: a call and its result must fit. The model's own stay what they are."""
    if len(call_id) == 9 and call_id.isascii() and call_id.isalnum():
        return call_id
    return hashlib.sha256(call_id.encode()).hexdigest()[:9]


_CALL_IDS: Final[Mapping[str, Callable[[str], str]]] = {
    "any": _as_it_is,
    "nine_alphanumerics": _nine_alphanumerics,
}


class _ChatSettings(ProviderSettings):
    """
    Attributes:
        sends_temperature: Reasoning models refuse one.
        reasoning_effort: For models that reason; None sends nothing.
        tools: Whether the model takes tool definitions; without them it is told of tools in words.
        context_tokens: The model's window.
        asks_usage: Whether the server takes `stream_options`; some refuse what they do not know.
        call_ids: What a tool call may be called: anything, or nine letters and digits.
    """

    sends_temperature: bool = True
    asks_usage: bool = True
    call_ids: Literal["any", "nine_alphanumerics"] = "any"
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high"] | None = None
    tools: bool = True
    context_tokens: int = Field(128_000, ge=512)


class OpenAiChatSettings(_ChatSettings):
    model: ModelName = "gpt-4.1-mini"
    limit_field: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"


class CompatibleChatSettings(_ChatSettings, CompatibleSettings):
    model: ModelName
    context_tokens: int = Field(8192, ge=512)
    limit_field: Literal["max_completion_tokens", "max_tokens"] = "max_tokens"


ChatSettings = OpenAiChatSettings | CompatibleChatSettings


async def build(context: ProviderContext, settings: ChatSettings, secret: str | None) -> OpenAiChat:
    name = "openai" if isinstance(settings, OpenAiChatSettings) else "openai_compatible"
    return OpenAiChat(await open_wire(name, settings, secret, context), settings)


class OpenAiChat:
    """
    Args:
        wire: It closes it.
        path: Behind the wire's address, with the query.
        asked_model: What the request names where that is not the model, such as a deployment; None: the model.
    """

    def __init__(
        self,
        wire: OpenAiWire,
        settings: ChatSettings,
        *,
        path: str = "/chat/completions",
        asked_model: str | None = None,
    ) -> None:
        self._wire = wire
        self._settings = settings
        self._path = path
        self._asked_model = asked_model or settings.model

    @property
    def capabilities(self) -> ChatCapabilities:
        return ChatCapabilities(tools=self._settings.tools, context_tokens=self._settings.context_tokens)

    @property
    def model(self) -> str:
        return self._settings.model

    async def chat(
        self, messages: Sequence[ChatMessage], tools: Sequence[ToolSpec], options: ChatOptions
    ) -> AsyncGenerator[ChatEvent, None]:
        """See the seam. Tool calls come when the model has finished them, just before ChatDone."""
        wire = self._wire
        answer = _Answer(wire.errors)
        asked = {
            "model": self._asked_model,
            "messages": [_message(message, _CALL_IDS[self._settings.call_ids]) for message in messages],
            "stream": True,
            **self._options(tools, options),
        }
        read_s = max(options.first_token_timeout_s, wire.timeouts.stall_s)
        # Leaving this block closes the connection: the server sees that nobody listens any more.
        async with aclosing(wire.events(await wire.post(self._path, asked, read_s=read_s))) as chunks:
            async for chunk in chunks:
                if text := answer.take(chunk):
                    yield TextDelta(text)
        for event in answer.end():
            yield event

    async def warm(self) -> None:
        """See `Chain.warm`."""
        await self._wire.warm()

    async def aclose(self) -> None:
        await self._wire.aclose()

    def _options(self, tools: Sequence[ToolSpec], options: ChatOptions) -> dict[str, Any]:
        settings = self._settings
        chosen: dict[str, Any] = {settings.limit_field: options.max_tokens}
        if settings.asks_usage:
            chosen["stream_options"] = {"include_usage": True}
        if settings.sends_temperature:
            chosen["temperature"] = options.temperature
        if settings.reasoning_effort is not None:
            chosen["reasoning_effort"] = settings.reasoning_effort
        if tools and settings.tools:
            chosen["tools"] = [_tool(tool) for tool in tools]
        return chosen


@dataclass(slots=True)
class _Call:
    """A tool call while it arrives in pieces."""

    call_id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class _Answer:
    """The chunks of one answer, put together. Nothing in them is believed unseen."""

    def __init__(self, errors: WireErrors) -> None:
        self._errors = errors
        self._calls: dict[int, _Call] = {}
        self._finish: str | None = None
        self._refused = False
        self._usage: Usage | None = None

    def take(self, chunk: Any) -> str:
        """The text that the chunk adds. Raises ProviderProtocol for a chunk that is none."""
        try:
            return self._take(chunk)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise self._errors.protocol("A chunk has the wrong shape.", error) from error

    def _take(self, chunk: Any) -> str:
        usage = chunk.get("usage")
        if usage is not None:
            self._usage = Usage(
                int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)
            )
        choices = chunk.get("choices")
        if not isinstance(choices, list):
            raise self._errors.protocol("A chunk has no choices.")
        if not choices:
            return ""
        choice = choices[0]
        finish = choice.get("finish_reason")
        if finish is not None:
            self._finish = str(finish)
        delta = choice.get("delta")
        if delta is None:
            return ""
        if delta.get("refusal"):
            self._refused = True
        for piece in delta.get("tool_calls") or ():
            self._take_call(piece)
        text = delta.get("content")
        if text is not None and not isinstance(text, str):
            raise self._errors.protocol("A chunk's text is no text.")
        return text or ""

    def end(self) -> list[ChatEvent]:
        """What follows the text. Raises ProviderUnavailable when the answer was cut off before its end."""
        if self._finish is None:
            raise self._errors.cut()
        if not all(call.name for call in self._calls.values()):
            raise self._errors.protocol("A tool call has no name.")
        calls = [
            ToolCall(
                call.call_id or f"call_{index}",
                call.name,
                parse_arguments("".join(call.arguments), self._errors),
            )
            for index, call in sorted(self._calls.items())
        ]
        # Some servers say "stop" after tool calls.
        finish = "tool_calls" if calls else _FINISH.get(self._finish, "stop")
        return [*calls, ChatDone("refused" if self._refused else finish, self._usage)]

    def _take_call(self, piece: Any) -> None:
        index = piece.get("index")
        if not isinstance(index, int):
            index = len(self._calls)
        call = self._calls.setdefault(index, _Call())
        call.call_id = call.call_id or str(piece.get("id") or "")
        function = piece.get("function")
        if function is not None:
            call.name = call.name or str(function.get("name") or "")
            call.arguments.append(str(function.get("arguments") or ""))


def _message(message: ChatMessage, named: Callable[[str], str]) -> dict[str, Any]:
    """`named`: a call's id as the server takes it."""
    if message.role is Role.TOOL:
        return {"role": "tool", "tool_call_id": named(message.call_id or ""), "content": message.text}
    shaped: dict[str, Any] = {"role": message.role.value, "content": message.text}
    if message.tool_calls:
        shaped["content"] = message.text or None
        shaped["tool_calls"] = [
            {
                "id": named(call.call_id),
                "type": "function",
                "function": {
                    "name": call.name,
                    "arguments": json.dumps(dict(call.arguments), ensure_ascii=False),
                },
            }
            for call in message.tool_calls
        ]
    return shaped


def _tool(tool: ToolSpec) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": dict(tool.parameters),
        },
    }
