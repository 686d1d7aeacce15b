"""Anthropic's messages API as its public reference describes it, streaming only."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.http_server import Answer, Received, json_answer, serving
from tests.fakes.openai_server import Fault, RefusedError, ToolUse, as_it_is

KEY = "sk-ant-correct"
MODELS = ("claude-haiku-4-5",)


@dataclass
class FakeAnthropic:
    """Like FakeOpenAi."""

    says: Sequence[str] = ("Bom", " dia", "!")
    calls: Sequence[ToolUse] = ()
    stop_reason: str | None = None
    fault: Fault = field(default=as_it_is)
    requests: list[Received] = field(default_factory=list)
    base_url: str = ""

    async def respond(self, request: Received) -> Answer:
        self.requests.append(request)
        # Older versions of the API take the key in a header of its own.
        if KEY not in (request.headers.get("x-api-key"), request.headers.get("authorization", "")[7:]):
            return error(401, "authentication_error", "invalid x-api-key")
        if request.path != "/v1/messages" or request.method != "POST":
            return error(404, "not_found_error", "Not Found")
        try:
            return self.fault(self._messages(request))
        except RefusedError as refusal:
            return refusal.answer

    def _messages(self, request: Received) -> Answer:
        asked = request.json
        version = request.headers.get("anthropic-version", "")
        need(re.fullmatch(r"20\d\d-\d\d-\d\d", version) is not None, "anthropic-version: header is required")
        if asked["model"] not in MODELS:
            raise RefusedError(error(404, "not_found_error", f"model: {asked['model']}"))
        need(asked["max_tokens"] > 0, "max_tokens: must be greater than 0")
        check_turns(asked["messages"])
        for tool in asked.get("tools", ()):
            need(
                tool["input_schema"]["type"] == "object",
                "tools.0.input_schema.type: Input should be 'object'",
            )
        need(asked.get("stream") is True, "This fake only streams")
        frames = tuple(sse(event) for event in self.events(asked["model"]))
        return Answer(200, {"content-type": "text/event-stream; charset=utf-8"}, frames)

    def events(self, model: str = "claude-haiku-4-5") -> list[dict[str, Any]]:
        """The stream's events, in the order and shape of the reference."""
        message: dict[str, Any] = {
            "id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": [],
            "stop_reason": None, "stop_sequence": None,
            "usage": {"input_tokens": 21, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 4,
                      "output_tokens": 1},
        }  # fmt: skip
        made: list[dict[str, Any]] = [{"type": "message_start", "message": message}, {"type": "ping"}]
        index = 0
        if self.says:
            made.append(block(index, {"type": "text", "text": ""}))
            made += [delta(index, {"type": "text_delta", "text": text}) for text in self.says]
            made.append({"type": "content_block_stop", "index": index})
            index += 1
        for call in self.calls:
            made.append(
                block(index, {"type": "tool_use", "id": call.call_id, "name": call.name, "input": {}})
            )
            for part in ("", call.arguments[:5], call.arguments[5:]):
                made.append(delta(index, {"type": "input_json_delta", "partial_json": part}))
            made.append({"type": "content_block_stop", "index": index})
            index += 1
        reason = self.stop_reason or ("tool_use" if self.calls else "end_turn")
        ended = {"stop_reason": reason, "stop_sequence": None}
        made.append({"type": "message_delta", "delta": ended, "usage": {"output_tokens": 15}})
        made.append({"type": "message_stop"})
        return made


def block(index: int, content: dict[str, Any]) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": content}


def delta(index: int, content: dict[str, Any]) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": content}


def need(met: bool, message: str) -> None:
    if not met:
        raise RefusedError(error(400, "invalid_request_error", message))


def error(status: int, kind: str, message: str, headers: Mapping[str, str] | None = None) -> Answer:
    body = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}
    return json_answer(body, status, headers)


def check_turns(messages: Sequence[Mapping[str, Any]]) -> None:
    need(bool(messages), "messages: at least one message is required")
    need(messages[0]["role"] == "user", "messages: first message must use the user role")
    open_calls: set[str] = set()
    for message in messages:
        need(
            message["role"] in ("user", "assistant"), "messages.0.role: Input should be 'user' or 'assistant'"
        )
        need(bool(message["content"]), "messages: must have non-empty content")
        results = {part["tool_use_id"] for part in message["content"] if part["type"] == "tool_result"}
        need(results == open_calls, "`tool_use` ids were found without `tool_result` blocks")
        for part in message["content"]:
            need(
                part["type"] != "text" or bool(part["text"].strip()), "text content blocks must be non-empty"
            )
        open_calls = {part["id"] for part in message["content"] if part["type"] == "tool_use"}


def sse(event: Mapping[str, Any]) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


@asynccontextmanager
async def fake_anthropic(**more: Any) -> AsyncIterator[FakeAnthropic]:
    fake = FakeAnthropic(**more)
    async with serving(fake.respond) as address:
        fake.base_url = address
        yield fake
