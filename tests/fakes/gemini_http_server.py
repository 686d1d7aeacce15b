"""Google's Generative Language API as its public reference describes it: streamGenerateContent, batchEmbedContents."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.http_server import Answer, Received, json_answer, serving
from tests.fakes.openai_server import Fault, RefusedError, ToolUse, as_it_is, sse

KEY = "AIza-correct"
MODELS = ("gemini-2.5-flash", "gemini-3-flash")
EMBEDDING_MODELS = ("gemini-embedding-001",)
STATUS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
          429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE"}  # fmt: skip


@dataclass
class FakeGemini:
    """Like FakeOpenAi. `signature`: comes with the first tool call; Gemini 3 wants it, or its substitute, back."""

    says: Sequence[str] = ("Bom", " dia", "!")
    calls: Sequence[ToolUse] = ()
    finish: str = "STOP"
    block_reason: str | None = None
    signature: str | None = None
    vector: Callable[[str], Any] = lambda text: [float(len(text)), *[1.0] * 7]
    fault: Fault = field(default=as_it_is)
    requests: list[Received] = field(default_factory=list)
    base_url: str = ""

    async def respond(self, request: Received) -> Answer:
        self.requests.append(request)
        if request.headers.get("x-goog-api-key") != KEY:
            info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
            return error(400, "API key not valid. Please pass a valid API key.", details=[info])
        found = re.fullmatch(
            r"/v1beta/models/([^/:]+):(streamGenerateContent\?alt=sse|batchEmbedContents)", request.path
        )
        if found is None or request.method != "POST":
            return error(404, "Not Found")
        try:
            verb = self._talk if found[2].startswith("stream") else self._embed
            return self.fault(verb(found[1], request.json))
        except RefusedError as refusal:
            return refusal.answer

    def _talk(self, model: str, asked: Mapping[str, Any]) -> Answer:
        need(model in MODELS, f"models/{model} is not found", 404)
        known = {"contents", "generationConfig", "systemInstruction", "tools", "toolConfig", "safetySettings"}
        need(asked.keys() <= known, "Invalid JSON payload received. Unknown name.")
        check_contents(asked["contents"], signed=model.startswith("gemini-3"))
        config = asked["generationConfig"]
        need(config["maxOutputTokens"] > 0, "max_output_tokens must be positive.")
        thinking = config.get("thinkingConfig", {})
        need(
            model.startswith("gemini-3") or "thinkingLevel" not in thinking,
            "Thinking level is not supported.",
        )
        for tool in asked.get("tools", ()):
            for one in tool["functionDeclarations"]:
                need(
                    re.fullmatch(r"[A-Za-z_][\w.:-]{0,63}", one["name"]) is not None, "Invalid function name."
                )
                need(one["parametersJsonSchema"]["type"] == "object", "schema must be an object")
        return Answer(
            200, {"content-type": "text/event-stream"}, tuple(sse(chunk) for chunk in self.chunks(model))
        )

    def chunks(self, model: str = "gemini-2.5-flash") -> list[dict[str, Any]]:
        """The stream's objects, in the order and shape of the reference: thoughts first, the usage growing."""

        def chunk(parts: list[dict[str, Any]], finish: str | None = None) -> dict[str, Any]:
            candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
            if finish is not None:
                candidate["finishReason"] = finish
            usage = {"promptTokenCount": 19, "totalTokenCount": 29}
            if finish is not None:
                usage |= {"candidatesTokenCount": 7, "thoughtsTokenCount": 3}
            return {
                "candidates": [candidate],
                "usageMetadata": usage,
                "modelVersion": model,
                "responseId": "r1",
            }

        if self.block_reason is not None:
            return [
                {
                    "promptFeedback": {"blockReason": self.block_reason},
                    "usageMetadata": {"promptTokenCount": 19},
                }
            ]
        made = [chunk([{"text": "**Greeting**", "thought": True}])]
        made += [chunk([{"text": text}]) for text in self.says]
        for number, call in enumerate(self.calls):
            called: dict[str, Any] = {"name": call.name}
            if call.arguments:
                called["args"] = json.loads(call.arguments)
            if call.call_id:
                called["id"] = call.call_id
            signed = {"thoughtSignature": self.signature} if self.signature and not number else {}
            made.append(chunk([{"functionCall": called, **signed}]))
        made.append(chunk([{"text": ""}], self.finish))
        return made

    def _embed(self, model: str, asked: Mapping[str, Any]) -> Answer:
        need(model in EMBEDDING_MODELS, f"models/{model} is not found", 404)
        wanted = asked["requests"]
        need(0 < len(wanted) <= 100, "at most 100 requests can be in one batch")
        for one in wanted:
            need(one["model"] == f"models/{model}", "The model must be the same in all requests.")
            need(one["taskType"] in ("RETRIEVAL_QUERY", "RETRIEVAL_DOCUMENT"), "Invalid task type.")
            need(bool(one["content"]["parts"][0]["text"]), "content is empty")
        values = [self.vector(one["content"]["parts"][0]["text"]) for one in wanted]
        return json_answer({"embeddings": [{"values": one} for one in values]})


def need(met: bool, message: str, status: int = 400) -> None:
    if not met:
        raise RefusedError(error(status, message))


def error(
    status: int,
    message: str,
    headers: Mapping[str, str] | None = None,
    details: Sequence[Mapping[str, Any]] = (),
) -> Answer:
    said: dict[str, Any] = {"code": status, "message": message, "status": STATUS.get(status, "UNKNOWN")}
    if details:
        said["details"] = list(details)
    return json_answer({"error": said}, status, headers)


def check_contents(contents: Sequence[Mapping[str, Any]], *, signed: bool) -> None:
    """A function call comes after a user's turn, and every call is answered in the next."""
    need(contents[0]["role"] == "user", "Please ensure that the first content is the user's.")
    waiting: list[str] = []
    before = None
    for content in contents:
        need(content["role"] in ("user", "model") and content["role"] != before, "Roles must alternate.")
        before = content["role"]
        need(bool(content["parts"]), "Content must not be empty.")
        answered = [part["functionResponse"] for part in content["parts"] if "functionResponse" in part]
        need([one["name"] for one in answered] == waiting, "Function responses must match the calls.")
        need(all(isinstance(one["response"], dict) for one in answered), "response must be a struct")
        need(all(part.get("text", "x") != "" for part in content["parts"]), "Text must not be empty.")
        calls = [part for part in content["parts"] if "functionCall" in part]
        need(
            not (calls and signed) or "thoughtSignature" in calls[0],
            "Function call is missing a thought_signature.",
        )
        waiting = [part["functionCall"]["name"] for part in calls]


@asynccontextmanager
async def fake_gemini(**more: Any) -> AsyncIterator[FakeGemini]:
    fake = FakeGemini(**more)
    async with serving(fake.respond) as address:
        fake.base_url = f"{address}/v1beta"
        yield fake
