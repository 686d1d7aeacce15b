"""Embeddings of every vendor: order, length, batches, what a text is for, and vendors that are busy."""

from __future__ import annotations

import math
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.contract.providers.wires import (
    AZURE_EMBEDDINGS,
    COHERE_EMBEDDINGS,
    EMBEDDINGS,
    GEMINI_EMBEDDINGS,
    LOOPBACK,
    OPENAI_EMBEDDINGS,
    VOYAGE_EMBEDDINGS,
    Wire,
)
from tests.fakes.http_server import Answer, json_answer
from voice_ai_service.errors import InvalidInput, ProviderBusy, ProviderProtocol, ProviderRefused
from voice_ai_service.providers.catalogue import builtin_entries
from voice_ai_service.providers.embeddings.seam import Purpose
from voice_ai_service.providers.entry import ProviderContext, ProviderKind
from voice_ai_service.providers.registry import ProviderRegistry

every_wire = pytest.mark.parametrize("wire", EMBEDDINGS, ids=lambda wire: wire.name)
our_own = pytest.mark.parametrize(
    "wire", [wire for wire in EMBEDDINGS if wire is not OPENAI_EMBEDDINGS], ids=lambda wire: wire.name
)


def texts_of(asked: Any) -> list[str]:
    """What a request holds, whichever vendor's it is."""
    if "requests" in asked:
        return [one["content"]["parts"][0]["text"] for one in asked["requests"]]
    found: list[str] = asked.get("texts") or asked["input"]
    return found


@every_wire
async def test_one_unit_vector_a_text_in_order(wire: Wire) -> None:
    async with wire.open() as (_, provider):
        vectors = await provider.embed(["a", "bbbb"])
        assert [len(vector) for vector in vectors] == [provider.dimension] * 2
    assert [round(vector[0] / vector[1]) for vector in vectors] == [1, 4]
    assert all(math.isclose(sum(value * value for value in vector), 1.0) for vector in vectors)


@every_wire
async def test_many_texts_go_in_requests_that_the_vendor_takes(wire: Wire) -> None:
    """The fakes refuse more than their vendors take."""
    async with wire.open() as (server, provider):
        vectors = await provider.embed(["x" * number for number in range(1, 251)])
    assert sum(len(texts_of(request.json)) for request in server.requests) == 250
    assert len(server.requests) in (2, 3)
    assert [round(vector[0] / vector[1]) for vector in vectors] == list(range(1, 251))


@our_own
async def test_long_texts_are_sent_in_fewer_at_once(wire: Wire) -> None:
    async with wire.open() as (server, provider):
        assert len(await provider.embed(["x" * 110_000] * 3)) == 3
    assert all(sum(map(len, texts_of(request.json))) <= 500_000 for request in server.requests)
    assert len(server.requests) == {COHERE_EMBEDDINGS.name: 1, VOYAGE_EMBEDDINGS.name: 3}.get(
        wire.name, len(server.requests)
    )


@every_wire
async def test_no_texts_no_request_and_an_empty_text_is_one(wire: Wire) -> None:
    async with wire.open() as (server, provider):
        assert await provider.embed([]) == []
        assert len(await provider.embed(["", " \n"])) == 2
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("wire", "question", "passage"),
    [
        (COHERE_EMBEDDINGS, "search_query", "search_document"),
        (VOYAGE_EMBEDDINGS, "query", "document"),
        (GEMINI_EMBEDDINGS, "RETRIEVAL_QUERY", "RETRIEVAL_DOCUMENT"),
    ],
)
async def test_a_question_is_told_from_a_passage(wire: Wire, question: str, passage: str) -> None:
    async with wire.open() as (server, provider):
        await provider.embed(["boleto"], Purpose.QUESTION)
        await provider.embed(["boleto"])
    assert [f'"{question}"' in request.body.decode() for request in server.requests] == [True, False]
    assert [f'"{passage}"' in request.body.decode() for request in server.requests] == [False, True]


@pytest.mark.parametrize(
    ("wire", "model"),
    [
        (COHERE_EMBEDDINGS, "embed-multilingual-v3.0"),
        (VOYAGE_EMBEDDINGS, "voyage-2"),
        (AZURE_EMBEDDINGS, "ada"),
    ],
)
async def test_the_dimension_is_asked_only_where_it_may_be(wire: Wire, model: str) -> None:
    async with wire.fake() as server:
        for asks in (True, False):
            settings = wire.settings(base_url=server.base_url, asks_dimension=asks)
            if not asks:
                settings = wire.settings(base_url=server.base_url, asks_dimension=False, model=model)
            async with aclosing(await wire.build(LOOPBACK, settings, wire.key)) as provider:
                assert await provider.embed(["a"])
        assert ["dimension" in request.body.decode() for request in server.requests] == [True, False]


@our_own
@pytest.mark.parametrize("vector", [[], [1.0] * 7, [0.0] * 8, [1e999] * 8, ["a"] * 8, None, {"a": 1}])
async def test_a_vector_that_cannot_be_stored_is_an_error(wire: Wire, vector: Any) -> None:
    async with wire.open(vector=lambda text: vector) as (_, provider):
        with pytest.raises(ProviderProtocol):
            await provider.embed(["a"])


@our_own
@pytest.mark.parametrize(
    "answer", [None, [], {}, {"data": None, "embeddings": None}, {"data": [], "embeddings": []}]
)
async def test_an_answer_of_another_kind_is_an_error(wire: Wire, answer: Any) -> None:
    async with wire.open(fault=lambda _: json_answer(answer)) as (_, provider):
        with pytest.raises(ProviderProtocol):
            await provider.embed(["a"])


@pytest.mark.parametrize("numbers", [[0, 0], [1, 2], [None, None], ["a", "b"]])
@pytest.mark.parametrize("wire", [AZURE_EMBEDDINGS, VOYAGE_EMBEDDINGS], ids=lambda wire: wire.name)
async def test_numbers_that_do_not_fit_are_an_error(wire: Wire, numbers: list[Any]) -> None:
    data = [{"index": number, "embedding": [1.0] * 8} for number in numbers]
    async with wire.open(fault=lambda _: json_answer({"data": data})) as (_, provider):
        with pytest.raises(ProviderProtocol):
            await provider.embed(["a", "b"])


class Sleeping:
    """A clock whose sleeps take no time and are kept."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return sum(self.slept)

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@our_own
async def test_a_busy_vendor_is_waited_for_with_passages_and_not_with_a_question(wire: Wire) -> None:
    clock = Sleeping()
    busy = [wire.error(429, "slow down", {"retry-after": "2"})] * 2

    def at_first(answer: Answer) -> Answer:
        return busy.pop() if busy else answer

    async with wire.open(context=replace(LOOPBACK, clock=clock), fault=at_first) as (server, provider):
        assert len(await provider.embed(["a"])) == 1
        assert (clock.slept, len(server.requests)) == ([2.0, 2.0], 3)
        busy.append(wire.error(429, "slow down", {"retry-after": "2"}))
        with pytest.raises(ProviderBusy):
            await provider.embed(["a"], Purpose.QUESTION)
    assert clock.slept == [2.0, 2.0]


@our_own
@pytest.mark.parametrize(("seconds", "requests"), [("600", 1), (None, 1), ("1", 4)])
async def test_a_vendor_that_stays_busy_is_given_up(wire: Wire, seconds: str | None, requests: int) -> None:
    headers = {} if seconds is None else {"retry-after": seconds}
    context = replace(LOOPBACK, clock=Sleeping())
    async with wire.open(context=context, fault=lambda _: wire.error(429, "no", headers)) as (
        server,
        provider,
    ):
        with pytest.raises(ProviderBusy) as caught:
            await provider.embed(["a"])
    assert len(server.requests) == requests
    assert caught.value.retry_after_s == (None if seconds is None else float(seconds))


@our_own
async def test_without_a_key_nothing_is_built(wire: Wire) -> None:
    with pytest.raises(ProviderRefused) as caught:
        await wire.build(LOOPBACK, wire.settings(base_url="http://127.0.0.1:9"), None)
    assert caught.value.field == "secret"


@pytest.mark.parametrize("name", ["azure_openai", "cohere", "voyage", "gemini"])
async def test_a_row_is_refused_without_a_key_and_with_a_private_address(name: str) -> None:
    registry = ProviderRegistry(ProviderContext(), builtin_entries())
    more = {"deployment": "phone"} if name == "azure_openai" else {}
    with pytest.raises(InvalidInput) as caught:
        await registry.validate(
            ProviderKind.EMBEDDINGS, name, {"base_url": "https://93.184.216.34", **more}, None
        )
    assert caught.value.field == "secret"
    with pytest.raises(InvalidInput) as caught:
        await registry.validate(ProviderKind.EMBEDDINGS, name, {"base_url": "http://10.0.0.1", **more}, "key")
    assert caught.value.field == "settings.base_url"
