"""Cohere's and Voyage's embeddings as their public references describe them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.http_server import Answer, Received, json_answer, serving
from tests.fakes.openai_server import Fault, RefusedError, as_it_is

COHERE_KEY, VOYAGE_KEY = "co-correct", "pa-correct"
COHERE_MODELS = ("embed-v4.0", "embed-multilingual-v3.0")
VOYAGE_MODELS = ("voyage-3.5", "voyage-2")


@dataclass
class _FakeEmbeddings:
    """`vector`: of a text."""

    vector: Callable[[str], Any] = lambda text: [float(len(text)), *[1.0] * 7]
    fault: Fault = field(default=as_it_is)
    requests: list[Received] = field(default_factory=list)
    base_url: str = ""
    key: str = ""
    path: str = ""

    async def respond(self, request: Received) -> Answer:
        self.requests.append(request)
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return self.error(401, "invalid api token", {})
        if request.path != self.path or request.method != "POST":
            return self.error(404, "not found", {})
        try:
            return self.fault(json_answer(self.embedded(request.json)))
        except RefusedError as refusal:
            return refusal.answer

    def embedded(self, asked: Mapping[str, Any]) -> Any:
        raise NotImplementedError

    @staticmethod
    def error(status: int, message: str, headers: Mapping[str, str]) -> Answer:
        raise NotImplementedError

    def need(self, met: bool, message: str, status: int = 400) -> None:
        if not met:
            raise RefusedError(self.error(status, message, {}))


class FakeCohere(_FakeEmbeddings):
    def embedded(self, asked: Mapping[str, Any]) -> Any:
        known = {
            "model",
            "texts",
            "input_type",
            "embedding_types",
            "output_dimension",
            "truncate",
            "max_tokens",
        }
        self.need(asked.keys() <= known, "unknown field", 422)
        self.need(asked["model"] in COHERE_MODELS, "model not found", 404)
        self.need(0 < len(asked["texts"]) <= 96, "total number of texts must be at most 96")
        self.need(asked["input_type"] in ("search_document", "search_query"), "invalid input_type")
        self.need(
            "output_dimension" not in asked or "v4" in asked["model"], "output_dimension is not supported"
        )
        vectors = [self.vector(text) for text in asked["texts"]]
        return {
            "id": "1", "embeddings": {"float": vectors}, "texts": asked["texts"], "response_type": "embeddings_by_type",
            "meta": {"api_version": {"version": "2"}, "billed_units": {"input_tokens": 2}},
        }  # fmt: skip

    @staticmethod
    def error(status: int, message: str, headers: Mapping[str, str]) -> Answer:
        return json_answer({"id": "1", "message": message}, status, headers)


class FakeVoyage(_FakeEmbeddings):
    """Gives the vectors in another order than the texts; their numbers say which is whose."""

    def embedded(self, asked: Mapping[str, Any]) -> Any:
        known = {
            "model",
            "input",
            "input_type",
            "truncation",
            "output_dimension",
            "output_dtype",
            "encoding_format",
        }
        self.need(asked.keys() <= known, "Argument is not supported")
        self.need(asked["model"] in VOYAGE_MODELS, "Model is not supported", 404)
        self.need(0 < len(asked["input"]) <= 1000, "The batch size limit is 1000")
        self.need(asked["input_type"] in ("document", "query"), "invalid input_type")
        self.need(
            "output_dimension" not in asked or "-3" in asked["model"], "output_dimension is not supported"
        )
        data = [
            {"object": "embedding", "embedding": self.vector(text), "index": index}
            for index, text in reversed(list(enumerate(asked["input"])))
        ]
        return {"object": "list", "data": data, "model": asked["model"], "usage": {"total_tokens": 10}}

    @staticmethod
    def error(status: int, message: str, headers: Mapping[str, str]) -> Answer:
        return json_answer({"detail": message}, status, headers)


@asynccontextmanager
async def fake_cohere(**more: Any) -> AsyncIterator[FakeCohere]:
    fake = FakeCohere(**more, key=COHERE_KEY, path="/v2/embed")
    async with serving(fake.respond) as address:
        fake.base_url = address
        yield fake


@asynccontextmanager
async def fake_voyage(**more: Any) -> AsyncIterator[FakeVoyage]:
    fake = FakeVoyage(**more, key=VOYAGE_KEY, path="/v1/embeddings")
    async with serving(fake.respond) as address:
        fake.base_url = f"{address}/v1"
        yield fake
