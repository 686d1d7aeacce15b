"""Models in AWS Bedrock: `ConverseStream`, signed by us, over AWS's event stream.

Field names and exceptions: AWS's own service model of `bedrock-runtime`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from pydantic import Field

from voice_ai_service.errors import ProviderError
from voice_ai_service.net.aws_event_stream import EventMessage, EventStreamBroken, EventStreamParser
from voice_ai_service.net.aws_signature import AwsService
from voice_ai_service.net.http1 import Answer
from voice_ai_service.providers.aws_api import Region, as_aws_says, aws_credentials
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
from voice_ai_service.providers.vendor_errors import MAX_DETAIL, Refusal
from voice_ai_service.providers.vendor_wire import VendorAddress, VendorWire, WireErrors, open_vendor_wire

NAME: Final = "bedrock"

_CALL_BEGINS: Final = "[The call is connected.]"
"""A conversation must begin with the user; a call begins with the secretary's greeting."""
_FINISH: Final[Mapping[str, str]] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "guardrail_intervened": "refused",
    "content_filtered": "refused",
}
_BROKEN: Final = frozenset({"malformed_model_output", "malformed_tool_use"})
_STATUS: Final[Mapping[str, int]] = {
    "throttlingException": 429,
    "modelNotReadyException": 429,
    "validationException": 400,
    "accessDeniedException": 403,
    "serviceUnavailableException": 503,
    "internalServerException": 500,
    "modelStreamErrorException": 502,
    "modelTimeoutException": 408,
}
"""Exceptions of the stream, by the statuses that they would have had as answers."""


class BedrockSettings(ProviderSettings):
    """
    Attributes:
        model: A model's or an inference profile's id, or its ARN.
        base_url: A VPC endpoint of one's own; None: the region's.
    """

    model: ModelName = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
    region: Region = "us-east-1"
    base_url: BaseUrl | None = None
    sends_temperature: bool = True
    tools: bool = True
    context_tokens: int = Field(200_000, ge=512)


async def build(context: ProviderContext, settings: BedrockSettings, secret: str | None) -> BedrockChat:
    """`secret`: a Bedrock API key, or `<access key id>:<secret access key>[:<session token>]`.

    Raises:
        ProviderRefused: It is neither.
    """
    url = settings.base_url or f"https://bedrock-runtime.{settings.region}.amazonaws.com"
    headers, sign = aws_credentials(NAME, secret, AwsService("bedrock", settings.region), context.clock)
    address = VendorAddress(url, settings.base_url is not None, headers, sign=sign, refusal=as_aws_says)
    return BedrockChat(await open_vendor_wire(NAME, address, settings.timeouts, context), settings)


class BedrockChat:
    """Closes the wire it was given."""

    def __init__(self, wire: VendorWire, settings: BedrockSettings) -> None:
        self._wire = wire
        self._settings = settings

    @property
    def capabilities(self) -> ChatCapabilities:
        return ChatCapabilities(tools=self._settings.tools, context_tokens=self._settings.context_tokens)

    @property
    def model(self) -> str:
        return self._settings.model

    async def chat(
        self, messages: Sequence[ChatMessage], tools: Sequence[ToolSpec], options: ChatOptions
    ) -> AsyncGenerator[ChatEvent, None]:
        """See the seam. Tool calls come when the model has finished them."""
        wire = self._wire
        answer = _Answer(wire.errors)
        path = f"/model/{quote(self._settings.model, safe='')}/converse-stream"
        read_s = max(options.first_token_timeout_s, wire.timeouts.stall_s)
        opened = await wire.post(path, self._asked(messages, tools, options), read_s=read_s)
        # Leaving this block closes the connection: the server sees that nobody listens any more.
        async with aclosing(_messages(wire, opened)) as parts:
            async for part in parts:
                if (made := answer.take(part)) is not None:
                    yield made
        yield answer.end()

    async def warm(self) -> None:
        """See `Chain.warm`."""
        await self._wire.warm()

    async def aclose(self) -> None:
        await self._wire.aclose()

    def _asked(
        self, messages: Sequence[ChatMessage], tools: Sequence[ToolSpec], options: ChatOptions
    ) -> dict[str, Any]:
        limits: dict[str, Any] = {"maxTokens": options.max_tokens}
        if self._settings.sends_temperature:
            limits["temperature"] = min(options.temperature, 1.0)
        asked: dict[str, Any] = {"messages": _turns(messages), "inferenceConfig": limits}
        system = "\n\n".join(message.text for message in messages if message.role is Role.SYSTEM)
        if system:
            asked["system"] = [{"text": system}]
        if self._settings.tools and (offered := _tools(tools, messages)):
            asked["toolConfig"] = {"tools": offered}
        return asked


async def _messages(wire: VendorWire, answer: Answer) -> AsyncGenerator[EventMessage, None]:
    parser = EventStreamParser()
    async with aclosing(wire.pieces(answer)) as pieces:
        async for piece in pieces:
            try:
                found = parser.feed(piece)
            except EventStreamBroken as error:
                raise wire.errors.protocol("It does not speak AWS's event stream.", error) from error
            for message in found:
                yield message
    if not parser.clean:
        raise wire.errors.cut()


@dataclass(slots=True)
class _Block:
    """A tool call while it arrives in pieces."""

    call_id: str
    name: str
    arguments: list[str] = field(default_factory=list)


class _Answer:
    """The messages of one answer, put together. Nothing in them is believed unseen."""

    def __init__(self, errors: WireErrors) -> None:
        self._errors = errors
        self._blocks: dict[int, _Block] = {}
        self._stop_reason: str | None = None
        self._usage: Usage | None = None

    def take(self, message: EventMessage) -> ChatEvent | None:
        """What the message gives to whoever waits. Raises ProviderError for an exception, and for nonsense."""
        if message.headers.get(":message-type") != "event":
            raise self._exception(message)
        try:
            return self._take(message.headers.get(":event-type", ""), json.loads(message.payload))
        except (AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
            raise self._errors.protocol("A message has the wrong shape.", error) from error

    def end(self) -> ChatDone:
        """Raises ProviderUnavailable when the answer was cut off before its end."""
        if self._stop_reason is None:
            raise self._errors.cut()
        if self._stop_reason in _BROKEN:
            raise self._errors.protocol(f"It gave up with {self._stop_reason}.")
        return ChatDone(_FINISH.get(self._stop_reason, "stop"), self._usage)

    def _take(self, kind: str, event: Any) -> ChatEvent | None:
        match kind:
            case "contentBlockStart" if (begun := event["start"].get("toolUse")) is not None:
                self._blocks[event["contentBlockIndex"]] = _Block(str(begun["toolUseId"]), str(begun["name"]))
            case "contentBlockDelta":
                return self._delta(event["contentBlockIndex"], event["delta"])
            case "contentBlockStop" if event["contentBlockIndex"] in self._blocks:
                block = self._blocks.pop(event["contentBlockIndex"])
                return ToolCall(
                    block.call_id, block.name, parse_arguments("".join(block.arguments), self._errors)
                )
            case "messageStop":
                self._stop_reason = str(event["stopReason"])
            case "metadata":
                counted = event["usage"]
                self._usage = Usage(int(counted["inputTokens"]), int(counted["outputTokens"]))
        return None

    def _delta(self, index: int, delta: Any) -> ChatEvent | None:
        text = delta.get("text")
        if text is not None and not isinstance(text, str):
            raise self._errors.protocol("A delta's text is no text.")
        if text:
            return TextDelta(text)
        if (part := delta.get("toolUse")) is not None:
            block = self._blocks.get(index)
            if block is None:
                raise self._errors.protocol("Arguments for a tool call that never began.")
            block.arguments.append(str(part["input"]))
        return None

    def _exception(self, message: EventMessage) -> ProviderError:
        kind = message.headers.get(":exception-type") or message.headers.get(":error-code") or ""
        detail = f"{kind} {message.payload.decode(errors='replace')}"[:MAX_DETAIL]
        if kind not in _STATUS:
            return self._errors.gone(detail)
        return self._errors.of_answer(Refusal(_STATUS[kind], {}, detail))


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
        turns.insert(0, {"role": "user", "content": [{"text": _CALL_BEGINS}]})
    return turns


def _blocks(message: ChatMessage) -> list[dict[str, Any]]:
    if message.role is Role.SYSTEM:
        return []
    if message.role is Role.TOOL:
        result = {"toolUseId": message.call_id or "", "content": [{"text": message.text or "-"}]}
        return [{"toolResult": result}]
    blocks: list[dict[str, Any]] = [{"text": message.text}] if message.text.strip() else []
    blocks += [
        {"toolUse": {"toolUseId": call.call_id, "name": call.name, "input": dict(call.arguments)}}
        for call in message.tool_calls
    ]
    return blocks


def _tools(tools: Sequence[ToolSpec], messages: Sequence[ChatMessage]) -> list[dict[str, Any]]:
    """Those offered now; none offered, those of the history: it refuses calls of tools that it is not told of."""
    used = sorted({call.name for message in messages for call in message.tool_calls})
    return [_tool(tool) for tool in tools or [ToolSpec(name, "", {"type": "object"}) for name in used]]


def _tool(tool: ToolSpec) -> dict[str, Any]:
    described = {"description": tool.description} if tool.description else {}
    return {"toolSpec": {"name": tool.name, **described, "inputSchema": {"json": dict(tool.parameters)}}}
