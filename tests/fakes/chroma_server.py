"""A Chroma server's HTTP API, version 2, as its OpenAPI description says: collections compared by cosine."""

from __future__ import annotations

import math
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from tests.fakes.http_server import Answer, Received, json_answer, serving

BASE = "/api/v2/tenants/default_tenant/databases/default_database/collections"


@dataclass
class _Collection:
    name: str
    metadata: dict[str, Any]
    collection_id: str = field(default_factory=lambda: str(uuid4()))
    rows: dict[str, list[float]] = field(default_factory=dict)


@dataclass
class FakeChroma:
    """
    Attributes:
        fault: Instead of every answer, where it gives one.
        foreign: Ids that come first in every answer, whoever asks: a server that mixes tenants up.
    """

    fault: Callable[[Received], Answer | None] = lambda _: None
    foreign: tuple[str, ...] = ()
    collections: dict[str, _Collection] = field(default_factory=dict)
    requests: list[Received] = field(default_factory=list)
    url: str = ""

    async def respond(self, request: Received) -> Answer:
        self.requests.append(request)
        if (fault := self.fault(request)) is not None:
            return fault
        address = urlsplit(request.path)
        asked = request.json if request.body else {}
        if address.path == BASE:
            return self._all(request.method, asked, parse_qs(address.query))
        found = re.fullmatch(re.escape(BASE) + r"/([^/]+)(/[a-z]+)?", address.path)
        if found is None:
            return error(404, "no such path")
        return self._one(request.method, found[1], found[2] or "", asked)

    def _all(self, method: str, asked: Any, query: dict[str, list[str]]) -> Answer:
        if method == "GET":
            start, limit = int(query["offset"][0]), int(query["limit"][0])
            return json_answer([_told(one) for one in list(self.collections.values())[start : start + limit]])
        if asked["name"] in self.collections and not asked.get("get_or_create"):
            return error(409, "it exists")
        if asked["configuration"]["hnsw"]["space"] != "cosine":
            return error(400, "this fake only knows cosine")
        made = self.collections.setdefault(
            asked["name"], _Collection(asked["name"], asked.get("metadata") or {})
        )
        return json_answer(_told(made))

    def _one(self, method: str, key: str, verb: str, asked: Any) -> Answer:
        # By name for GET and DELETE, by id for the rest.
        named = method in ("GET", "DELETE")
        one = next(
            (one for one in self.collections.values() if key == (one.name if named else one.collection_id)),
            None,
        )
        if one is None:
            return error(404, "Collection does not exist")
        if method == "GET":
            return json_answer(_told(one))
        if method == "DELETE":
            del self.collections[one.name]
            return json_answer({})
        if method == "PUT":
            one.metadata = asked["new_metadata"]
            return json_answer({})
        return getattr(self, verb.replace("/", "_"))(one, asked)  # type: ignore[no-any-return]

    def _upsert(self, one: _Collection, asked: Any) -> Answer:
        if len({len(row) for row in (*one.rows.values(), *asked["embeddings"])}) > 1:
            return error(400, "Collection expecting embedding with another dimension")
        one.rows.update(zip(asked["ids"], asked["embeddings"], strict=True))
        return json_answer({})

    def _delete(self, one: _Collection, asked: Any) -> Answer:
        if not asked["ids"]:
            return error(400, "ids or where must be given")
        for row in asked["ids"]:
            one.rows.pop(row, None)
        return json_answer({"deleted": len(asked["ids"])})

    def _get(self, one: _Collection, asked: Any) -> Answer:
        ids = list(one.rows)[asked["offset"] : asked["offset"] + asked["limit"]]
        return json_answer({"ids": ids, "include": asked["include"]})

    def _query(self, one: _Collection, asked: Any) -> Answer:
        (wanted,) = asked["query_embeddings"]
        ranked = sorted((1 - _cosine(wanted, row), chunk) for chunk, row in one.rows.items())
        ranked = [*((0.0, chunk) for chunk in self.foreign), *ranked][: asked["n_results"]]
        return json_answer(
            {
                "ids": [[chunk for _, chunk in ranked]],
                "distances": [[distance for distance, _ in ranked]],
                "include": asked["include"],
            }
        )


def error(status: int, message: str) -> Answer:
    return json_answer(
        {"error": "NotFoundError" if status == 404 else "ChromaError", "message": message}, status
    )


def _told(one: _Collection) -> dict[str, Any]:
    return {"id": one.collection_id, "name": one.name, "metadata": one.metadata or None, "dimension": None,
            "tenant": "default_tenant", "database": "default_database", "version": 0, "log_position": 0}  # fmt: skip


def _cosine(left: list[float], right: list[float]) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True)) / (math.hypot(*left) * math.hypot(*right))


@asynccontextmanager
async def fake_chroma(**more: Any) -> AsyncIterator[FakeChroma]:
    fake = FakeChroma(**more)
    async with serving(fake.respond) as address:
        fake.url = address
        yield fake
