"""OpenAI's API as its public reference describes it: chat completions, transcriptions, speech, embeddings.

`fault` replaces the next answers' manner on the wire; what is asked is checked as the real one checks it.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from typing import Any

from tests.fakes.http_server import Answer, Received, json_answer, serving
from voice_ai_service.audio.wav import read_wav

KEY = "sk-proj-correct"
CHAT_MODELS = ("gpt-4.1-mini", "o-reasons")
STT_MODELS = {"gpt-transcribe": ("json", "text"), "whisper-1": ("json", "text", "verbose_json", "srt", "vtt")}
TTS_MODELS = ("tts-1", "gpt-4o-mini-tts")
EMBEDDING_MODELS = {"text-embedding-3-small": 1536}

Fault = Callable[[Answer], Answer]


def as_it_is(answer: Answer) -> Answer:
    return answer


@dataclass
class ToolUse:
    """A tool call that the model makes; `arguments` is the JSON text as the model writes it."""

    name: str
    arguments: str
    call_id: str = "call_abc123"


@dataclass
class FakeOpenAi:
    """
    Attributes:
        says: The chat model's text, one delta each.
        calls: Tool calls after the text.
        finish: Finish reason; None: what fits.
        transcript: Fields of the transcription's answer.
        samples: The speech, as PCM.
        fault: Applied to every answer.
    """

    says: Sequence[str] = ("Bom", " dia", "!")
    calls: Sequence[ToolUse] = ()
    finish: str | None = None
    refusal: str | None = None
    transcript: Mapping[str, Any] = field(default_factory=lambda: {"text": "quero pagar minha conta"})
    samples: bytes = bytes(4800)
    speech_type: str = "audio/pcm"
    vector: Callable[[str], list[float]] = lambda text: [float(len(text)), *[1.0] * 7]
    fault: Fault = field(default=as_it_is)
    requests: list[Received] = field(default_factory=list)
    forms: list[dict[str, list[bytes]]] = field(default_factory=list)
    base_url: str = ""

    async def respond(self, request: Received) -> Answer:
        self.requests.append(request)
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return error(401, "Incorrect API key provided: sk-****.", "invalid_api_key")
        routes = {
            "/v1/chat/completions": self._chat,
            "/v1/audio/transcriptions": self._transcribe,
            "/v1/audio/speech": self._speak,
            "/v1/embeddings": self._embed,
        }
        route = routes.get(request.path)
        if route is None or request.method != "POST":
            return error(404, f"Invalid URL ({request.method} {request.path})", None)
        try:
            return self.fault(route(request))
        except RefusedError as refusal:
            return refusal.answer

    def _chat(self, request: Received) -> Answer:
        asked = request.json
        need(asked["model"] in CHAT_MODELS, 404, "The model does not exist", "model_not_found")
        if asked["model"].startswith("o-"):
            need(
                "temperature" not in asked,
                400,
                "Unsupported parameter: 'temperature'",
                "unsupported_parameter",
            )
            need(
                "max_tokens" not in asked,
                400,
                "Use 'max_completion_tokens' instead.",
                "unsupported_parameter",
            )
        check_messages(asked["messages"])
        for tool in asked.get("tools", ()):
            need(tool["type"] == "function", 400, "Invalid tool type", "invalid_value")
            need(tool["function"]["parameters"]["type"] == "object", 400, "Invalid schema", "invalid_value")
        need(asked.get("stream") is True, 400, "This fake only streams", "fake")
        usage = asked.get("stream_options", {}).get("include_usage", False)
        frames = [sse(chunk) for chunk in self.chunks(asked["model"], usage)]
        return Answer(200, {"content-type": "text/event-stream"}, (*frames, b"data: [DONE]\n\n"))

    def chunks(self, model: str = "gpt-4.1-mini", usage: bool = True) -> list[dict[str, Any]]:
        """The stream's objects, in the order and shape of the reference."""

        def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
            choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
            return {**base, "choices": [choice], **({"usage": None} if usage else {})}

        base = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model}
        made = [chunk({"role": "assistant", "content": "", "refusal": None})]
        made += [chunk({"content": text}) for text in self.says]
        if self.refusal:
            made.append(chunk({"refusal": self.refusal}))
        for index, call in enumerate(self.calls):
            begun = {"name": call.name, "arguments": ""}
            made.append(
                chunk(
                    {
                        "tool_calls": [
                            {"index": index, "id": call.call_id, "type": "function", "function": begun}
                        ]
                    }
                )
            )
            for part in (call.arguments[:5], call.arguments[5:]):
                made.append(chunk({"tool_calls": [{"index": index, "function": {"arguments": part}}]}))
        made.append(chunk({}, self.finish or ("tool_calls" if self.calls else "stop")))
        if usage:
            counted = {"prompt_tokens": 19, "completion_tokens": 10, "total_tokens": 29}
            made.append({**base, "choices": [], "usage": counted})
        return made

    def _transcribe(self, request: Received) -> Answer:
        form = parse_form(request)
        self.forms.append(form)
        model = form["model"][0].decode()
        need(model in STT_MODELS, 404, "The model does not exist", "model_not_found")
        form_format = form.get("response_format", [b"json"])[0].decode()
        need(form_format in STT_MODELS[model], 400, "response_format is not compatible", "unsupported_value")
        lists = {"languages[]", "keywords[]"} & form.keys()
        need(
            not lists or model == "gpt-transcribe", 400, "languages is not supported", "unsupported_parameter"
        )
        need(read_wav(form["file"][0]).duration_ms > 100, 400, "Audio file is too short", "audio_too_short")
        return json_answer(self.transcript)

    def _speak(self, request: Received) -> Answer:
        asked = request.json
        need(asked["model"] in TTS_MODELS, 404, "The model does not exist", "model_not_found")
        need(asked["voice"] in ("alloy", "nova"), 400, "Invalid voice", "invalid_value", param="voice")
        need(0.25 <= asked.get("speed", 1.0) <= 4.0, 400, "Invalid speed", "invalid_value", param="speed")
        need(asked.get("response_format") == "pcm", 400, "This fake only speaks pcm", "fake")
        need(0 < len(asked["input"]) <= 4096, 400, "Invalid input", "invalid_value", param="input")
        # Odd pieces: nothing promises that a chunk ends with a sample.
        pieces = tuple(self.samples[at : at + 1001] for at in range(0, len(self.samples), 1001))
        return Answer(200, {"content-type": self.speech_type}, pieces)

    def _embed(self, request: Received) -> Answer:
        asked = request.json
        need(asked["model"] in EMBEDDING_MODELS, 404, "The model does not exist", "model_not_found")
        texts = asked["input"]
        need(
            0 < len(texts) <= 2048 and all(texts),
            400,
            "'$.input' is invalid.",
            "invalid_value",
            param="input",
        )
        data = [
            {"object": "embedding", "index": index, "embedding": self.vector(text)}
            for index, text in reversed(list(enumerate(texts)))
        ]
        usage = {"prompt_tokens": 8, "total_tokens": 8}
        return json_answer({"object": "list", "data": data, "model": asked["model"], "usage": usage})


class RefusedError(Exception):
    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def need(met: bool, status: int, message: str, code: str, param: str | None = None) -> None:
    if not met:
        raise RefusedError(error(status, message, code, param))


def error(
    status: int,
    message: str,
    code: str | None,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    kind = {429: "rate_limit_error", 500: "server_error"}.get(status, "invalid_request_error")
    body = {"error": {"message": message, "type": kind, "param": param, "code": code}}
    return json_answer(body, status, headers)


def check_messages(messages: Sequence[Mapping[str, Any]]) -> None:
    """Every tool call is answered by a tool message that names it, and every tool message answers one."""
    open_calls: set[str] = set()
    for message in messages:
        role = message["role"]
        need(role in ("system", "user", "assistant", "tool"), 400, "Invalid role", "invalid_value")
        if role == "tool":
            need(message["tool_call_id"] in open_calls, 400, "No such tool call", "invalid_value")
            open_calls.discard(message["tool_call_id"])
            continue
        need(not open_calls, 400, "Tool calls must be answered first", "invalid_value")
        calls = message.get("tool_calls", ())
        need(bool(calls) or isinstance(message.get("content"), str), 400, "Invalid content", "invalid_value")
        for call in calls:
            json.loads(call["function"]["arguments"])
            open_calls.add(call["id"])


def sse(chunk: Mapping[str, Any]) -> bytes:
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def parse_form(request: Received) -> dict[str, list[bytes]]:
    """multipart/form-data (RFC 7578)."""
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    form: dict[str, list[bytes]] = {}
    for part in message_from_bytes(head + request.body).walk():
        if not part.is_multipart():
            name = str(part.get_param("name", header="content-disposition"))
            form.setdefault(name, []).append(bytes(part.get_payload(decode=True)))
    return form


def verbose_transcript(*segments: dict[str, Any], language: str = "portuguese") -> dict[str, Any]:
    """A `verbose_json` transcription; segments say only what matters to the test."""
    base = {"id": 0, "seek": 0, "start": 0.0, "end": 1.0, "tokens": [], "temperature": 0.0, "avg_logprob": -0.2,
            "compression_ratio": 1.1, "no_speech_prob": 0.01}  # fmt: skip
    shaped = [{**base, **segment} for segment in segments]
    text = "".join(segment["text"] for segment in shaped)
    return {"task": "transcribe", "language": language, "duration": 1.0, "text": text, "segments": shaped}


def with_frame(at: int, frame: bytes) -> Fault:
    """Puts a frame of one's own among the answer's pieces."""
    return lambda answer: replace(answer, pieces=(*answer.pieces[:at], frame, *answer.pieces[at:]))


@asynccontextmanager
async def fake_openai(**more: Any) -> AsyncIterator[FakeOpenAi]:
    fake = FakeOpenAi(**more)
    async with serving(fake.respond) as address:
        fake.base_url = f"{address}/v1"
        yield fake
