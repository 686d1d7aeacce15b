"""Google's Gemini: `streamGenerateContent`, as server-sent events."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Final, Literal
from urllib.parse import quote

from pydantic import Field

from voice_ai_service.providers.entry import BaseUrl, ModelName, ProviderContext, ProviderSettings
from voice_ai_service.providers.google_api import open_gemini
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
from voice_ai_service.providers.vendor_wire import VendorWire, WireErrors

_CALL_BEGINS: Final = "[The call is connected.]"
"""A conversation must begin with the user; a call begins with the secretary's greeting."""
_FOREIGN_SIGNATURE: Final = "skip_thought_signature_validator"
"""Google's word for a tool call in the history that another model made."""
_SIGNATURES: Final = 2000
_FINISH: Final[Mapping[str, str]] = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    **dict.fromkeys(
        ("SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR"),
        "refused",
    ),
}
_BROKEN: Final = frozenset(
    {
        *("MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS"),
        *("MISSING_THOUGHT_SIGNATURE", "MALFORMED_RESPONSE"),
    }
)


class GeminiSettings(ProviderSettings):
    """
    Attributes:
        base_url: For a gateway that speaks Gemini's API; then a key of its own is needed.
        thinking_budget: Tokens of thought before the first word, for models of the 2.5 family; None sends nothing.
        thinking_level: The same for later families, which take no budget.
        signed_calls: For models that refuse a tool call in the history without their signature: Gemini 3.
    """

    model: ModelName = "gemini-2.5-flash"
    base_url: BaseUrl | None = None
    thinking_budget: int | None = Field(0, ge=-1, le=32_768)
    thinking_level: Literal["minimal", "low", "medium", "high"] | None = None
    signed_calls: bool = False
    context_tokens: int = Field(1_000_000, ge=512)


async def build(context: ProviderContext, settings: GeminiSettings, secret: str | None) -> GeminiChat:
    return GeminiChat(await open_gemini(settings, secret, context), settings)


class GeminiChat:
    """Closes the wire it was given."""

    def __init__(self, wire: VendorWire, settings: GeminiSettings) -> None:
        self._wire = wire
        self._settings = settings
        self._signatures: OrderedDict[str, str] = OrderedDict()

    @property
    def capabilities(self) -> ChatCapabilities:
        return ChatCapabilities(context_tokens=self._settings.context_tokens)

    @property
    def model(self) -> str:
        return self._settings.model

    async def chat(
        self, messages: Sequence[ChatMessage], tools: Sequence[ToolSpec], options: ChatOptions
    ) -> AsyncGenerator[ChatEvent, None]:
        """See the seam. Tool calls come whole, as the model makes them."""
        wire = self._wire
        answer = _Answer(wire.errors)
        path = f"/models/{quote(self._settings.model, safe='')}:streamGenerateContent?alt=sse"
        read_s = max(options.first_token_timeout_s, wire.timeouts.stall_s)
        asked = self._asked(messages, tools, options)
        # Leaving this block closes the connection: the server sees that nobody listens any more.
        async with aclosing(wire.events(await wire.post(path, asked, read_s=read_s))) as chunks:
            async for chunk in chunks:
                for event in answer.take(chunk):
                    yield event
        self._remember(answer.signatures)
        yield answer.end()

    async def warm(self) -> None:
        """See `Chain.warm`."""
        await self._wire.warm()

    async def aclose(self) -> None:
        await self._wire.aclose()

    def _asked(
        self, messages: Sequence[ChatMessage], tools: Sequence[ToolSpec], options: ChatOptions
    ) -> dict[str, Any]:
        settings = self._settings
        config: dict[str, Any] = {
            "maxOutputTokens": options.max_tokens,
            "temperature": options.temperature,
        }
        if settings.thinking_level is not None:
            config["thinkingConfig"] = {"thinkingLevel": settings.thinking_level}
        elif settings.thinking_budget is not None:
            config["thinkingConfig"] = {"thinkingBudget": settings.thinking_budget}
        asked: dict[str, Any] = {"contents": self._contents(messages), "generationConfig": config}
        system = "\n\n".join(message.text for message in messages if message.role is Role.SYSTEM)
        if system:
            asked["systemInstruction"] = {"parts": [{"text": system}]}
        if tools:
            asked["tools"] = [{"functionDeclarations": [_declaration(tool) for tool in tools]}]
        return asked

    def _contents(self, messages: Sequence[ChatMessage]) -> list[dict[str, Any]]:
        """User and model by turns. A result names its function, which the call before it knows."""
        contents: list[dict[str, Any]] = []
        names: dict[str, str] = {}
        for message in messages:
            parts = self._parts(message, names)
            if not parts:
                continue
            role = "model" if message.role is Role.ASSISTANT else "user"
            if contents and contents[-1]["role"] == role:
                contents[-1]["parts"] += parts
            else:
                contents.append({"role": role, "parts": parts})
        if not contents or contents[0]["role"] != "user":
            contents.insert(0, {"role": "user", "parts": [{"text": _CALL_BEGINS}]})
        return contents

    def _parts(self, message: ChatMessage, names: dict[str, str]) -> list[dict[str, Any]]:
        if message.role is Role.SYSTEM:
            return []
        if message.role is Role.TOOL:
            name = names.get(message.call_id or "", message.call_id or "unknown")
            return [{"functionResponse": {"name": name, "response": {"result": message.text}}}]
        parts: list[dict[str, Any]] = [{"text": message.text}] if message.text.strip() else []
        for number, call in enumerate(message.tool_calls):
            names[call.call_id] = call.name
            part: dict[str, Any] = {"functionCall": {"name": call.name, "args": dict(call.arguments)}}
            signature = self._signatures.get(call.call_id)
            # Of several calls at once the model signs the first.
            if signature is None and self._settings.signed_calls and number == 0:
                signature = _FOREIGN_SIGNATURE
            if signature is not None:
                part["thoughtSignature"] = signature
            parts.append(part)
        return parts

    def _remember(self, signatures: Mapping[str, str]) -> None:
        self._signatures.update(signatures)
        while len(self._signatures) > _SIGNATURES:
            self._signatures.popitem(last=False)


class _Answer:
    """The chunks of one answer, put together. Nothing in them is believed unseen."""

    def __init__(self, errors: WireErrors) -> None:
        self.signatures: dict[str, str] = {}
        self._errors = errors
        self._called = False
        self._finish: str | None = None
        self._usage: Usage | None = None

    def take(self, chunk: Any) -> list[ChatEvent]:
        """What the chunk adds. Raises ProviderError for one that is none, and for a prompt that is blocked."""
        try:
            return self._take(chunk)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            raise self._errors.protocol("A chunk has the wrong shape.", error) from error

    def end(self) -> ChatDone:
        """Raises ProviderUnavailable when the answer was cut off before its end."""
        if self._finish is None:
            raise self._errors.cut()
        if self._finish in _BROKEN:
            raise self._errors.protocol(f"It gave up with {self._finish}.")
        finish = "tool_calls" if self._called else _FINISH.get(self._finish, "stop")
        return ChatDone(finish, self._usage)

    def _take(self, chunk: Any) -> list[ChatEvent]:
        if (counted := chunk.get("usageMetadata")) is not None:
            completion = ("candidatesTokenCount", "thoughtsTokenCount")
            self._usage = Usage(
                int(counted.get("promptTokenCount") or 0),
                sum(int(counted.get(name) or 0) for name in completion),
            )
        if (feedback := chunk.get("promptFeedback")) is not None and feedback.get("blockReason"):
            raise self._errors.filtered(str(feedback["blockReason"]))
        candidates = chunk.get("candidates")
        if candidates is None and counted is not None:
            return []
        candidate = candidates[0]
        events = [event for part in _parts_of(candidate) if (event := self._part(part)) is not None]
        finish = candidate.get("finishReason")
        if finish is not None:
            self._finish = str(finish)
        return events

    def _part(self, part: Any) -> ChatEvent | None:
        if (called := part.get("functionCall")) is not None:
            arguments = called.get("args") or {}
            if not isinstance(arguments, dict) or not isinstance(called["name"], str):
                raise self._errors.protocol(
                    "A function call has no name, or its arguments are not an object."
                )
            self._called = True
            call_id = str(called.get("id") or f"call_{secrets.token_hex(6)}")
            if isinstance(signature := part.get("thoughtSignature"), str):
                self.signatures[call_id] = signature
            return ToolCall(call_id, called["name"], arguments)
        text = part.get("text")
        if text is not None and not isinstance(text, str):
            raise self._errors.protocol("A part's text is no text.")
        return TextDelta(text) if text and not part.get("thought") else None


def _parts_of(candidate: Any) -> Any:
    """None in an answer that was stopped before its first word."""
    content = candidate.get("content")
    return () if content is None else content.get("parts") or ()


def _declaration(tool: ToolSpec) -> dict[str, Any]:
    return {
        "name": tool.name,
        "description": tool.description,
        "parametersJsonSchema": dict(tool.parameters),
    }
