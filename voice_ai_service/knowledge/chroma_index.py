"""A Chroma server, over its HTTP API (version 2): a collection a tenant, model and length.

Chunks never change, so a collection is brought up to date by what it lacks and what it has too much.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

import httpx

from voice_ai_service.knowledge.vector_index import Place, VectorSource, VectorsUnavailable

_PAGE: Final = 1000
_BATCH: Final = 200
_TIMEOUT: Final = httpx.Timeout(10.0, connect=2.0)
_QUESTION_S: Final = 1.0
_STAMP: Final = "voice_ai_stamp"
_NAME: Final = re.compile(r"voice-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-([0-9a-f]{16})-(\d+)")


@dataclass(frozen=True, slots=True)
class ChromaServer:
    """
    Attributes:
        url: Such as `http://127.0.0.1:8000`; the operator's setting, never a tenant's.
        token: Sent as `x-chroma-token`; None where the server asks for none.
        tenant, database: Chroma's own, which have nothing to do with our tenants.
    """

    url: str
    token: str | None = field(default=None, repr=False)
    tenant: str = "default_tenant"
    database: str = "default_database"


@dataclass(frozen=True, slots=True)
class _Collection:
    collection_id: str
    stamp: str | None


class ChromaIndex:
    """Closes its connections."""

    def __init__(self, server: ChromaServer) -> None:
        self._client = httpx.AsyncClient(
            base_url=f"{server.url.rstrip('/')}/api/v2/tenants/{quote(server.tenant, safe='')}"
            f"/databases/{quote(server.database, safe='')}",
            headers={"x-chroma-token": server.token} if server.token else {},
            timeout=_TIMEOUT,
            follow_redirects=False,
            trust_env=False,
        )
        self._known: dict[Place, _Collection] = {}

    async def stamp(self, place: Place) -> str | None:
        """See the seam. Asked of the server once, and again when it is behind: another process may fill it."""
        known = self._known.get(place)
        if known is None:
            known = await self._find(place)
        return None if known is None else known.stamp

    async def fill(self, place: Place, stamp: str, source: VectorSource) -> None:
        """See the seam."""
        written = await self._find(place)
        if written is not None and written.stamp == stamp:
            return
        collection_id = written.collection_id if written is not None else await self._create(place)
        held, wanted = await self._ids(collection_id), await source.chunks()
        path = f"/collections/{collection_id}"
        missing = sorted(wanted - held)
        for start in range(0, len(missing), _BATCH):
            part = await source.vectors(missing[start : start + _BATCH])
            if part.chunks:
                rows = await asyncio.to_thread(part.matrix.tolist)
                ids = [str(chunk) for chunk in part.chunks]
                await self._ask("POST", f"{path}/upsert", {"ids": ids, "embeddings": rows})
        gone = [str(chunk) for chunk in sorted(held - wanted)]
        for start in range(0, len(gone), _BATCH):
            await self._ask("POST", f"{path}/delete", {"ids": gone[start : start + _BATCH]})
        await self._ask("PUT", path, {"new_metadata": _metadata(place, stamp)})
        self._known[place] = _Collection(collection_id, stamp)

    async def nearest(
        self, place: Place, vector: Sequence[float], limit: int
    ) -> tuple[tuple[UUID, float], ...]:
        """See the seam."""
        known = self._known.get(place) or await self._find(place)
        if known is None:
            return ()
        asked = {"query_embeddings": [list(vector)], "n_results": limit, "include": ["distances"]}
        try:
            answer = await self._ask(
                "POST", f"/collections/{known.collection_id}/query", asked, timeout_s=_QUESTION_S
            )
        except _NotThere:
            self._known.pop(place, None)  # somebody removed it: made again for the next question
            return ()
        try:
            found = zip(answer["ids"][0], answer["distances"][0], strict=True)
            return tuple((UUID(chunk), 1.0 - float(distance)) for chunk, distance in found)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise _wrong(error) from error

    async def drop(self, domain_uuid: UUID, keep: frozenset[str]) -> tuple[Place, ...]:
        """See the seam."""
        kept = {_digest(model): model for model in keep}
        places = []
        for name in await self._names():
            found = _NAME.fullmatch(name)
            if found is None or UUID(found[1]) != domain_uuid:
                continue
            if found[2] in kept:
                places.append(Place(domain_uuid, kept[found[2]], int(found[3])))
                continue
            with contextlib.suppress(_NotThere):
                await self._ask("DELETE", f"/collections/{name}")
        for place in [place for place in self._known if place.domain_uuid == domain_uuid]:
            if place.model not in keep:
                del self._known[place]
        return tuple(places)

    async def domains(self) -> frozenset[UUID]:
        """See the seam."""
        found = (_NAME.fullmatch(name) for name in await self._names())
        return frozenset(UUID(one[1]) for one in found if one is not None)

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _find(self, place: Place) -> _Collection | None:
        try:
            answer = await self._ask("GET", f"/collections/{_name(place)}", timeout_s=_QUESTION_S)
        except _NotThere:
            self._known.pop(place, None)
            return None
        try:
            metadata = answer.get("metadata") or {}
            stamp = metadata.get(_STAMP)
            found = _Collection(str(UUID(answer["id"])), None if stamp is None else str(stamp))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise _wrong(error) from error
        self._known[place] = found
        return found

    async def _create(self, place: Place) -> str:
        asked = {
            "name": _name(place),
            "get_or_create": True,
            "configuration": {"hnsw": {"space": "cosine"}},
            "metadata": _metadata(place, None),
        }
        answer = await self._ask("POST", "/collections", asked)
        try:
            return str(UUID(answer["id"]))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise _wrong(error) from error

    async def _ids(self, collection_id: str) -> frozenset[UUID]:
        found: set[UUID] = set()
        while True:
            asked = {"limit": _PAGE, "offset": len(found), "include": []}
            answer = await self._ask("POST", f"/collections/{collection_id}/get", asked)
            try:
                page = [UUID(one) for one in answer["ids"]]
            except (LookupError, TypeError, ValueError, AttributeError) as error:
                raise _wrong(error) from error
            before = len(found)
            found.update(page)
            if len(page) < _PAGE or len(found) == before:
                return frozenset(found)

    async def _names(self) -> list[str]:
        names: list[str] = []
        while True:
            answer = await self._ask("GET", f"/collections?limit={_PAGE}&offset={len(names)}")
            try:
                page = [str(one["name"]) for one in answer]
            except (LookupError, TypeError) as error:
                raise _wrong(error) from error
            names += page
            if len(page) < _PAGE:
                return names

    async def _ask(
        self,
        method: str,
        path: str,
        asked: Mapping[str, Any] | None = None,
        *,
        timeout_s: float | None = None,
    ) -> Any:
        """The answer's JSON. Raises VectorsUnavailable; _NotThere for what the server does not have."""
        try:
            answer = await self._client.request(
                method, path, json=asked, timeout=_TIMEOUT if timeout_s is None else timeout_s
            )
        except httpx.HTTPError as error:
            raise VectorsUnavailable(
                "the Chroma server cannot be reached",
                fix="check VOICE_AI_CHROMA_URL, and that the server runs",
                detail=repr(error),
            ) from error
        if answer.status_code == 404:
            raise _NotThere("the Chroma server has no such collection")
        if not answer.is_success:
            raise VectorsUnavailable(
                "the Chroma server refuses", detail=f"{answer.status_code} {answer.text[:500]}"
            )
        try:
            return answer.json() if answer.content else None
        except ValueError as error:
            raise _wrong(error) from error


class _NotThere(VectorsUnavailable):
    """No such collection."""


def _wrong(error: Exception) -> VectorsUnavailable:
    return VectorsUnavailable("the Chroma server answers wrongly", detail=repr(error))


def _metadata(place: Place, stamp: str | None) -> dict[str, str]:
    """What an operator who looks into the server wants to know."""
    known = {"domain_uuid": str(place.domain_uuid), "embedding_model": place.model}
    return known if stamp is None else {**known, _STAMP: stamp}


def _name(place: Place) -> str:
    return f"voice-{place.domain_uuid}-{_digest(place.model)}-{place.dimension}"


def _digest(model: str) -> str:
    return hashlib.sha256(model.encode()).hexdigest()[:16]
