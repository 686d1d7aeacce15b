"""AWS Bedrock's ConverseStream as AWS's service model describes it, signatures checked by AWS's own SDK."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.fakes.http_server import Answer, Received, json_answer, serving
from tests.fakes.openai_server import Fault, RefusedError, ToolUse, as_it_is
from voice_ai_service.net.aws_event_stream import encode_message

ACCESS_KEY_ID, SECRET_ACCESS_KEY = "AKIDCORRECT", "secret/correct+"
API_KEY = "ABSKcorrect"
KEY = f"{ACCESS_KEY_ID}:{SECRET_ACCESS_KEY}"
MODELS = ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "amazon.nova-lite-v1:0")
KINDS = {400: "ValidationException", 403: "AccessDeniedException", 404: "ResourceNotFoundException",
         408: "ModelTimeoutException", 429: "ThrottlingException", 500: "InternalServerException",
         503: "ServiceUnavailableException"}  # fmt: skip


@dataclass
class FakeBedrock:
    """Like FakeOpenAi."""

    says: Sequence[str] = ("Bom", " dia", "!")
    calls: Sequence[ToolUse] = ()
    stop_reason: str | None = None
    fault: Fault = field(default=as_it_is)
    requests: list[Received] = field(default_factory=list)
    base_url: str = ""

    async def respond(self, request: Received) -> Answer:
        self.requests.append(request)
        if not _authentic(request):
            return error(
                403,
                "The security token included in the request is invalid.",
                kind="UnrecognizedClientException",
            )
        found = re.fullmatch(r"/model/([^/]+)/converse-stream", request.path)
        if found is None or request.method != "POST":
            return error(404, "Not Found")
        try:
            return self.fault(self._converse(unquote(found[1]), request.json))
        except RefusedError as refusal:
            return refusal.answer

    def _converse(self, model: str, asked: Mapping[str, Any]) -> Answer:
        need(model in MODELS, "The provided model identifier is invalid.", 404)
        check_turns(asked["messages"], has_tools="toolConfig" in asked)
        need(asked["inferenceConfig"]["maxTokens"] >= 1, "maxTokens must be at least 1")
        for tool in asked.get("toolConfig", {}).get("tools", ()):
            spec = tool["toolSpec"]
            need(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", spec["name"]) is not None, "Invalid tool name")
            need(spec.get("description") != "", "description must have length at least 1")
            need(spec["inputSchema"]["json"]["type"] == "object", "The type must be object")
        frames = tuple(event(kind, body) for kind, body in self.events())
        return Answer(200, {"content-type": "application/vnd.amazon.eventstream"}, frames)

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        """The stream's events, in the order and shape of the service model; text has no start of its own."""
        made: list[tuple[str, dict[str, Any]]] = [("messageStart", {"role": "assistant", "p": "abcd"})]
        index = 0
        if self.says:
            made += [
                ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}}) for text in self.says
            ]
            made.append(("contentBlockStop", {"contentBlockIndex": 0}))
            index = 1
        for call in self.calls:
            begun = {"toolUse": {"toolUseId": call.call_id, "name": call.name}}
            made.append(("contentBlockStart", {"contentBlockIndex": index, "start": begun}))
            for part in (call.arguments[:5], call.arguments[5:]):
                made.append(
                    ("contentBlockDelta", {"contentBlockIndex": index, "delta": {"toolUse": {"input": part}}})
                )
            made.append(("contentBlockStop", {"contentBlockIndex": index}))
            index += 1
        reason = self.stop_reason or ("tool_use" if self.calls else "end_turn")
        made.append(("messageStop", {"stopReason": reason}))
        usage = {"inputTokens": 19, "outputTokens": 10, "totalTokens": 29}
        made.append(("metadata", {"usage": usage, "metrics": {"latencyMs": 550}}))
        return made


def event(kind: str, body: Mapping[str, Any]) -> bytes:
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    return encode_message(headers, json.dumps(body).encode())


def exception(kind: str, message: str) -> bytes:
    headers = {":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}
    return encode_message(headers, json.dumps({"message": message}).encode())


def need(met: bool, message: str, status: int = 400) -> None:
    if not met:
        raise RefusedError(error(status, message))


def error(
    status: int, message: str, headers: Mapping[str, str] | None = None, *, kind: str | None = None
) -> Answer:
    named = kind or KINDS.get(status, "UnknownException")
    namespace = "http://internal.amazon.com/coral/com.amazon.bedrock/"
    return json_answer(
        {"message": message}, status, {"x-amzn-errortype": f"{named}:{namespace}", **(headers or {})}
    )


def check_turns(messages: Sequence[Mapping[str, Any]], *, has_tools: bool) -> None:
    need(bool(messages) and messages[0]["role"] == "user", "A conversation must start with a user message.")
    open_calls: set[str] = set()
    before = None
    for message in messages:
        need(message["role"] in ("user", "assistant") and message["role"] != before, "Roles must alternate.")
        before = message["role"]
        need(bool(message["content"]), "The content field is empty.")
        results = {part["toolResult"]["toolUseId"] for part in message["content"] if "toolResult" in part}
        need(results == open_calls, "Expected toolResult blocks for the previous toolUse ids.")
        need(all(part.get("text", "x").strip() for part in message["content"]), "The text field is blank.")
        open_calls = {part["toolUse"]["toolUseId"] for part in message["content"] if "toolUse" in part}
        need(has_tools or not (open_calls or results), "The toolConfig field must be defined.")


def _authentic(request: Received) -> bool:
    said = request.headers.get("authorization", "")
    if said == f"Bearer {API_KEY}":
        return True
    found = re.fullmatch(
        r"AWS4-HMAC-SHA256 Credential=([^/]+)/\d{8}/([a-z0-9-]+)/bedrock/aws4_request, "
        r"SignedHeaders=host;x-amz-date(;x-amz-security-token)?, Signature=([0-9a-f]{64})",
        said,
    )
    if found is None or found[1] != ACCESS_KEY_ID:
        return False
    token = request.headers.get("x-amz-security-token")
    signer = SigV4Auth(Credentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY, token), "bedrock", found[2])
    asked = AWSRequest("POST", f"http://{request.headers['host']}{request.path}", data=request.body)
    asked.context["timestamp"] = asked.headers["X-Amz-Date"] = request.headers["x-amz-date"]
    if token is not None:
        asked.headers["X-Amz-Security-Token"] = token
    to_sign = signer.string_to_sign(asked, signer.canonical_request(asked))
    return bool(signer.signature(to_sign, asked) == found[4])


@asynccontextmanager
async def fake_bedrock(**more: Any) -> AsyncIterator[FakeBedrock]:
    fake = FakeBedrock(**more)
    async with serving(fake.respond) as address:
        fake.base_url = address
        yield fake
