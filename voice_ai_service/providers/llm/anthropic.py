"""Anthropic's messages."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import Field

from voice_ai_service.errors import ProviderRefused
from voice_ai_service.providers.entry import BaseUrl, ModelName, ProviderContext, ProviderSettings
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
from voice_ai_service.providers.vendor_wire import VendorAddress, VendorWire, WireErrors, open_vendor_wire

NAME: Final = "anthropic"
ANTHROPIC_URL: Final = "https://api.anthropic.com"
_VERSION: Final = "2023-06-01"

_CALL_BEGINS: Final = "[The call is connected.]"
"""A conversation must begin with the user; a call begins with the secretary's greeting."""
_FINISH: Final[Mapping[str, str]] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "refused",
}


class AnthropicSettings(ProviderSettings):
    """
    Attributes:
        base_url: For a gateway that speaks Anthropic's API; then a key of its own is needed.
        sends_temperature: Only older models take one.
    """

    model: ModelName = "claude-haiku-4-5"
    base_url: BaseUrl | None = None
    sends_temperature: bool = False
    context_tokens: int = Field(200_000, ge=512)


async def build(context: ProviderContext, settings: AnthropicSettings, secret: str | None) -> AnthropicChat:
    """Raises ProviderRefused without a key."""
    if not secret:
        raise ProviderRefused("Anthropic needs a key.", provider=NAME, field="secret")
    address = VendorAddress(
        settings.base_url or ANTHROPIC_URL,
        settings.base_url is not None,
        {"x-api-key": secret, "anthropic-version": _VERSION},
    )
    return AnthropicChat(await open_vendor_wire(NAME, address, settings.timeouts, context), settings)


class AnthropicChat:
    """Closes the wire it was given."""

    def __init__(self, wire: VendorWire, settings: AnthropicSettings) -> None:
        self._wire = wire
        self._settings = settings

    @property
    def capabilities(self) -> ChatCapabilities:
        return ChatCapabilities(context_tokens=self._settings.context_tokens)

    @property
    def model(self) -> str:
        return self._settings.model

    async def chat(
        self, messages: Sequence[ChatMessage], tools: Sequence[ToolSpec], options: ChatOptions
    ) -> AsyncGenerator[ChatEvent, None]:
        """See the seam. Tool calls come when the model has finished them."""
        wire = self._wire
        answer = _Answer(wire.errors)
        asked = {
            "model": self._settings.model,
            "max_tokens": options.max_tokens,
            "messages": _turns(messages),
            "stream": True,
            **self._options(messages, tools, options),
        }
        read_s = max(options.first_token_timeout_s, wire.timeouts.stall_s)
        # Leaving this block closes the connection: the server sees that nobody listens any more.
        async with aclosing(wire.events(await wire.post("/v1/messages", asked, read_s=read_s))) as events:
            async for event in events:
                if (made := answer.take(event)) is not None:
                    yield made
        yield answer.end()

    async def warm(self) -> None:
        """See `Chain.warm`."""
        await self._wire.warm()

    async def aclose(self) -> None:
        await self._wire.aclose()

    def _options(
        self, messages: Sequence[ChatMessage], tools: Sequence[ToolSpec], options: ChatOptions
    ) -> dict[str, Any]:
        chosen: dict[str, Any] = {}
        system = "\n\n".join(message.text for message in messages if message.role is Role.SYSTEM)
        if system:
            chosen["system"] = system
        if tools:
            chosen["tools"] = [
                {"name": tool.name, "description": tool.description, "input_schema": dict(tool.parameters)}
                for tool in tools
            ]
        if self._settings.sends_temperature:
            chosen["temperature"] = min(options.temperature, 1.0)
        return chosen


@dataclass(slots=True)
class _Block:
    """A tool call while it arrives in pieces."""

    call_id: str
    name: str
    arguments: list[str] = field(default_factory=list)


class _Answer:
    """The events of one answer, put together. Nothing in them is believed unseen."""

    def __init__(self, errors: WireErrors) -> None:
        self._errors = errors
        self._blocks: dict[int, _Block] = {}
        self._prompt_tokens = 0
        self._completion_tokens = 0
        self._stop_reason: str | None = None
        self._stopped = False

    def take(self, event: Any) -> ChatEvent | None:
        """What the event gives to whoever waits. Raises ProviderProtocol for an event that is against the protocol."""
        try:
            return self._take(event)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise self._errors.protocol("An event has the wrong shape.", error) from error

    def end(self) -> ChatDone:
        """Raises ProviderUnavailable when the answer was cut off before its end."""
        if not self._stopped or self._stop_reason is None:
            raise self._errors.cut()
        usage = Usage(self._prompt_tokens, self._completion_tokens)
        return ChatDone(_FINISH.get(self._stop_reason, "stop"), usage)

    def _take(self, event: Any) -> ChatEvent | None:
        match event["type"]:
            case "message_start":
                usage = event["message"]["usage"]
                cached = ("cache_read_input_tokens", "cache_creation_input_tokens")
                self._prompt_tokens = int(usage["input_tokens"]) + sum(
                    int(usage.get(name) or 0) for name in cached
                )
            case "content_block_start" if event["content_block"]["type"] == "tool_use":
                begun = event["content_block"]
                self._blocks[event["index"]] = _Block(str(begun["id"]), str(begun["name"]))
            case "content_block_delta":
                return self._delta(event["index"], event["delta"])
            case "content_block_stop" if event["index"] in self._blocks:
                block = self._blocks.pop(event["index"])
                arguments = parse_arguments("".join(block.arguments), self._errors)
                return ToolCall(block.call_id, block.name, arguments)
            case "message_delta":
                self._stop_reason = event["delta"].get("stop_reason") or self._stop_reason
                self._completion_tokens = int(event["usage"]["output_tokens"])
            case "message_stop":
                self._stopped = True
        return None

    def _delta(self, index: int, delta: Any) -> ChatEvent | None:
        if delta["type"] == "text_delta":
            text = delta["text"]
            if not isinstance(text, str):
                raise self._errors.protocol("A delta's text is no text.")
            return TextDelta(text) if text else None
        if delta["type"] == "input_json_delta":
            block = self._blocks.get(index)
            if block is None:
                raise self._errors.protocol("Arguments for a tool call that never began.")
            block.arguments.append(str(delta["partial_json"] or ""))
        return None


def _turns(messages: Sequence[ChatMessage]) -> list[dict[str, Any]]:
    """User and assistant by turns, without empty texts, which the API refuses."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        blocks = _blocks(message)
        if not blocks:
            continue
        role = "assistant" if message.role is Role.ASSISTANT else "user"
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": role, "content": blocks})
    if not turns or turns[0]["role"] != "user":
        turns.insert(0, {"role": "user", "content": [{"type": "text", "text": _CALL_BEGINS}]})
    return turns


def _blocks(message: ChatMessage) -> list[dict[str, Any]]:
    if message.role is Role.SYSTEM:
        return []
    if message.role is Role.TOOL:
        return [{"type": "tool_result", "tool_use_id": message.call_id or "", "content": message.text or "-"}]
    blocks: list[dict[str, Any]] = []
    if message.text.strip():
        blocks.append({"type": "text", "text": message.text})
    blocks += [
        {"type": "tool_use", "id": call.call_id, "name": call.name, "input": dict(call.arguments)}
        for call in message.tool_calls
    ]
    return blocks
