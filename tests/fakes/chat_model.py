"""A chat model that plays a script: one list of events for each request, in order."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.providers import link_to
from voice_ai_service.clock import Clock
from voice_ai_service.dialogue.turn import ModelChoice
from voice_ai_service.errors import ProviderError, ProviderUnavailable
from voice_ai_service.providers.chains import ChatChain
from voice_ai_service.providers.entry import ProviderKind
from voice_ai_service.providers.fallback import NobodyWatches
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

Step = ChatEvent | ProviderError


@dataclass(frozen=True)
class Request:
    """What one request sent."""

    messages: tuple[ChatMessage, ...]
    tools: tuple[ToolSpec, ...]
    options: ChatOptions

    @property
    def system(self) -> str:
        return self.messages[0].text

    def tool(self, name: str) -> ToolSpec | None:
        return next((tool for tool in self.tools if tool.name == name), None)


@dataclass
class ScriptedChatModel:
    """Implements `ChatModel` as adapters must: it refuses what a real server refuses.

    Attributes:
        script: One sequence of steps a request. Beyond the script it fails: a test that asks more than it meant to
            must not pass.
        stopped_early: Requests that were cancelled before their end.
    """

    script: Sequence[Sequence[Step]] = ()
    model: str = "tiny"
    capabilities: ChatCapabilities = field(default_factory=ChatCapabilities)
    requests: list[Request] = field(default_factory=list)
    stopped_early: int = 0
    closed: bool = False

    async def chat(
        self, messages: Sequence[ChatMessage], tools: Sequence[ToolSpec], options: ChatOptions
    ) -> AsyncGenerator[ChatEvent, None]:
        _refuse_what_servers_refuse(messages, tools)
        number = len(self.requests)
        self.requests.append(Request(tuple(messages), tuple(tools), options))
        whole = False
        try:
            for step in self.script[number]:
                if isinstance(step, ProviderError):
                    raise step
                yield step
            whole = True
        except ProviderError:
            whole = True
            raise
        finally:
            self.stopped_early += not whole

    async def aclose(self) -> None:
        self.closed = True


def says(*texts: str, usage: Usage | None = None) -> list[Step]:
    return [*(TextDelta(text) for text in texts), ChatDone("stop", usage)]


def calls(name: str, text: str = "", /, **arguments: Any) -> list[Step]:
    """One tool call, after words where there are any."""
    words: list[Step] = [TextDelta(text)] if text else []
    return [*words, tool_call(name, arguments), ChatDone("tool_calls", Usage(100, 10))]


def tool_call(name: str, arguments: Mapping[str, Any] | None = None, call_id: str = "call-1") -> ToolCall:
    return ToolCall(call_id, name, dict(arguments or {}))


def breaks(*texts: str) -> list[Step]:
    """Words, and then the connection is cut."""
    return [*(TextDelta(text) for text in texts), ProviderUnavailable("It is down.", provider="scripted")]


def choice_of(model: ScriptedChatModel, clock: Clock) -> ModelChoice:
    """The model behind the shipped chain, as a call gets it."""
    link = link_to(model, clock, "scripted", model=model.model)
    return ModelChoice(ChatChain(ProviderKind.LLM, (link,), clock, NobodyWatches()), model.capabilities)


def _refuse_what_servers_refuse(messages: Sequence[ChatMessage], tools: Sequence[ToolSpec]) -> None:
    spoken = [message for message in messages if message.role is not Role.SYSTEM]
    assert spoken, "no message"
    assert spoken[0].role is Role.USER, "a conversation begins with the user"
    assert all(message.text or message.tool_calls for message in messages), "an empty message"
    asked = {call.call_id for message in messages for call in message.tool_calls}
    assert {message.call_id for message in messages if message.role is Role.TOOL} <= asked, (
        "a result nobody asked"
    )
    assert len({tool.name for tool in tools}) == len(tools), "two tools of one name"
    json.dumps([dict(tool.parameters) for tool in tools])
