"""A chat model, as the dialogue sees it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol


class Role(StrEnum):
    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """`arguments` were parsed and are an object; what they hold is still the model's word and must be validated."""

    call_id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """`tool_calls` only with ASSISTANT; `call_id` only with TOOL, whose `text` is the result."""

    role: Role
    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """`parameters` is a JSON Schema object."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ChatOptions:
    max_tokens: int = 300
    temperature: float = 0.3
    first_token_timeout_s: float = 5.0
    total_timeout_s: float = 20.0


@dataclass(frozen=True, slots=True)
class TextDelta:
    text: str


@dataclass(frozen=True, slots=True)
class Usage:
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class ChatDone:
    """Always the last event. `finish_reason` in our words: stop, length, tool_calls, refused."""

    finish_reason: str
    usage: Usage | None = None


ChatEvent = TextDelta | ToolCall | ChatDone


@dataclass(frozen=True, slots=True)
class ChatCapabilities:
    tools: bool = True
    streaming: bool = True
    context_tokens: int = 8192
    languages: frozenset[str] | None = field(default=None)


class ChatModel(Protocol):
    @property
    def capabilities(self) -> ChatCapabilities: ...

    @property
    def model(self) -> str:
        """The model's name, for the conversation's row and the price list."""
        ...

    def chat(
        self, messages: Sequence[ChatMessage], tools: Sequence[ToolSpec], options: ChatOptions
    ) -> AsyncIterator[ChatEvent]:
        """Events as they come; closing the iterator cancels the request. Raises ProviderError."""
        ...

    async def aclose(self) -> None: ...
