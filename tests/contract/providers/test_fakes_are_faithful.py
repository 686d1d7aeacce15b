"""The fakes speak as the vendors' own models of their wire say: the SDKs' types, validated strictly."""

from __future__ import annotations

import json
from typing import Any

import anthropic.types
import botocore.session
import botocore.validate
import openai.types
import openai.types.audio
import openai.types.chat
import pytest
from pydantic import TypeAdapter

from tests.contract.providers.test_chat import HISTORY, TRANSFER, ask
from tests.contract.providers.test_chat_presets import BY_NAME, MISTRAL_FIELDS, opened
from tests.contract.providers.wires import BEDROCK_CHAT, COHERE_EMBEDDINGS, GEMINI_CHAT
from tests.fakes.anthropic_server import FakeAnthropic
from tests.fakes.bedrock_server import FakeBedrock
from tests.fakes.gemini_http_server import FakeGemini
from tests.fakes.http_server import Received
from tests.fakes.openai_server import KEY, FakeOpenAi, ToolUse, verbose_transcript

CALLS = (ToolUse("transfer", '{"to": "Ana"}'),)


def validate(kind: Any, value: Any) -> None:
    """Through JSON, as it comes from the wire; what the type does not know is refused as well."""
    TypeAdapter(kind).validate_json(json.dumps(value), strict=True)


@pytest.mark.parametrize("chunk", FakeOpenAi(calls=CALLS, refusal="no").chunks(), ids=str)
def test_chat_chunks(chunk: dict[str, Any]) -> None:
    validate(openai.types.chat.ChatCompletionChunk, chunk)
    assert chunk.keys() <= openai.types.chat.ChatCompletionChunk.model_fields.keys()


@pytest.mark.parametrize("event", FakeAnthropic(calls=CALLS).events(), ids=lambda event: event["type"])
def test_message_events(event: dict[str, Any]) -> None:
    if event["type"] != "ping":  # the SDK drops it before it has a type
        validate(anthropic.types.RawMessageStreamEvent, event)


def test_transcriptions() -> None:
    validate(openai.types.audio.Transcription, FakeOpenAi().transcript)
    validate(openai.types.audio.TranscriptionVerbose, verbose_transcript({"text": "sim"}))


async def test_embeddings() -> None:
    body = json.dumps({"model": "text-embedding-3-small", "input": ["a"]}).encode()
    request = Received(1, "POST", "/v1/embeddings", {"authorization": f"Bearer {KEY}"}, body)
    answer = await FakeOpenAi().respond(request)
    validate(openai.types.CreateEmbeddingResponse, json.loads(answer.pieces[0]))


def _bedrock(side: str) -> Any:
    """AWS's own model of ConverseStream."""
    model = (
        botocore.session.get_session().get_service_model("bedrock-runtime").operation_model("ConverseStream")
    )
    return model.input_shape if side == "asked" else model.output_shape.members["stream"]


@pytest.mark.parametrize(("kind", "body"), FakeBedrock(calls=CALLS).events(), ids=str)
def test_converse_events(kind: str, body: dict[str, Any]) -> None:
    shape = _bedrock("answered").members[kind]
    known = {name: value for name, value in body.items() if name != "p"}  # padding, in no model
    assert not botocore.validate.ParamValidator().validate(known, shape).has_errors()
    assert known.keys() <= shape.members.keys()


async def test_what_bedrock_is_asked_is_what_its_model_takes() -> None:
    async with BEDROCK_CHAT.open() as (server, provider):
        await ask(provider, HISTORY, [TRANSFER])
        asked = {**server.requests[0].json, "modelId": provider.model}
    report = botocore.validate.ParamValidator().validate(asked, _bedrock("asked"))
    assert not report.has_errors(), report.generate_report()
    assert asked.keys() <= _bedrock("asked").members.keys()


GEMINI = FakeGemini(calls=CALLS, signature="c2lnbmVk")


@pytest.mark.parametrize("chunk", [*GEMINI.chunks(), *FakeGemini(block_reason="SAFETY").chunks()], ids=str)
def test_gemini_chunks(chunk: dict[str, Any]) -> None:
    types = pytest.importorskip("google.genai.types")
    assert types.GenerateContentResponse.model_validate(chunk, extra="forbid")


async def test_what_gemini_is_asked_is_what_its_models_take() -> None:
    types = pytest.importorskip("google.genai.types")
    async with GEMINI_CHAT.open() as (server, provider):
        await ask(provider, HISTORY, [TRANSFER])
        asked = server.requests[0].json
    for content in (*asked["contents"], asked["systemInstruction"]):
        types.Content.model_validate(content, extra="forbid")
    for tool in asked["tools"]:
        types.Tool.model_validate(tool, extra="forbid")
    types.GenerationConfig.model_validate(asked["generationConfig"], extra="forbid")


async def test_what_mistral_is_asked_is_what_its_models_take() -> None:
    models = pytest.importorskip("mistralai.client.models")
    async with opened(BY_NAME["mistral"]) as (server, provider):
        await ask(provider, HISTORY, [TRANSFER])
        asked = server.requests[0].json
    models.ChatCompletionStreamRequest.model_validate(asked)
    assert asked.keys() <= models.ChatCompletionStreamRequest.model_fields.keys()
    assert models.ChatCompletionStreamRequest.model_fields.keys() >= MISTRAL_FIELDS


async def test_what_cohere_answers() -> None:
    cohere = pytest.importorskip("cohere")
    async with COHERE_EMBEDDINGS.open() as (server, provider):
        await provider.embed(["a"])
        asked = server.requests[0].json
    answer = cohere.EmbedByTypeResponse.model_validate(server.embedded(asked))
    assert answer.embeddings.float_ == [[1.0] * 8]
