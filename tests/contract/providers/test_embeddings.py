"""Embeddings over OpenAI's wire."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from tests.contract.providers.wires import LOOPBACK, embeddings_settings
from tests.fakes.http_server import Answer, json_answer
from tests.fakes.openai_server import KEY, FakeOpenAi, fake_openai
from voice_ai_service.errors import ProviderProtocol
from voice_ai_service.providers.embeddings import openai as embeddings


@asynccontextmanager
async def embedder(
    settings: dict[str, Any] | None = None, **fake: Any
) -> AsyncIterator[tuple[FakeOpenAi, embeddings.OpenAiEmbeddings]]:
    async with fake_openai(**fake) as server:
        made = embeddings_settings(base_url=server.base_url, **(settings or {}))
        async with aclosing(await embeddings.build(LOOPBACK, made, KEY)) as provider:
            yield server, provider


async def test_one_unit_vector_a_text_in_order() -> None:
    """The fake answers in reverse order, as the reference allows."""
    async with embedder() as (_, provider):
        vectors = await provider.embed(["a", "bbbb"])
    assert [round(vector[0] / vector[1]) for vector in vectors] == [1, 4]
    assert all(math.isclose(sum(value * value for value in vector), 1.0) for vector in vectors)


async def test_many_texts_go_in_several_requests() -> None:
    async with embedder() as (server, provider):
        vectors = await provider.embed(["x" * number for number in range(1, 301)])
    assert [len(request.json["input"]) for request in server.requests] == [128, 128, 44]
    assert [round(vector[0] / vector[1]) for vector in vectors] == list(range(1, 301))


async def test_no_texts_no_request_and_an_empty_text_is_one() -> None:
    async with embedder() as (server, provider):
        assert await provider.embed([]) == []
        assert len(await provider.embed([""])) == 1
    assert len(server.requests) == 1


async def test_the_dimension_is_asked_only_where_it_may_be() -> None:
    for asks in (True, False):
        async with embedder({"asks_dimension": asks}) as (server, provider):
            await provider.embed(["a"])
        assert server.requests[0].json.get("dimensions") == (8 if asks else None)


@pytest.mark.parametrize("vector", [[], [1.0] * 7, [0.0] * 8, [float("1e400")] * 8, ["a"] * 8, None])
async def test_a_vector_that_cannot_be_stored_is_an_error(vector: Any) -> None:
    async with embedder(vector=lambda text: vector) as (_, provider):
        with pytest.raises(ProviderProtocol):
            await provider.embed(["a"])


def with_data(data: Any) -> Any:
    def fault(answer: Answer) -> Answer:
        return replace(json_answer({"object": "list", "data": data, "model": "m", "usage": {}}))

    return fault


UNIT = [1.0] * 8


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        [{"index": 0, "embedding": UNIT}],
        [{"index": 0, "embedding": UNIT}] * 2,
        [{"index": 1, "embedding": UNIT}, {"index": 2, "embedding": UNIT}],
        [{"embedding": UNIT}, {"embedding": UNIT}],
        ["x", "y"],
    ],
)
async def test_vectors_that_do_not_fit_the_texts_are_an_error(data: Any) -> None:
    async with embedder(fault=with_data(data)) as (_, provider):
        with pytest.raises(ProviderProtocol):
            await provider.embed(["a", "b"])
