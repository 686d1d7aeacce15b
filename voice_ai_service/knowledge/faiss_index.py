"""FAISS: an index in this process, kept in a file a tenant, model and length: `<domain>/<model>-<length>.npz`.

Every file is written whole and put in place at once; one that cannot be read is made again. All of it is blocking and
runs in threads. Needs the extra `faiss`.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import os
import secrets
import shutil
import zipfile
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from voice_ai_service.knowledge.vector_index import Place, Vectors, VectorSource, VectorsUnavailable

EXACT_UP_TO: Final = 20_000
"""Vectors that are compared one by one; above, a graph (HNSW) finds nearly all of the nearest."""
MAX_BYTES: Final = 512 * 1024 * 1024
"""Of all tenants together in memory; the least recently asked go first, and are read again."""
_NEIGHBOURS: Final = 32
_BUILD_WIDTH: Final = 200
_SEARCH_WIDTH: Final = 256


@dataclass(frozen=True, slots=True)
class _Held:
    """`ids`: UUIDs as 16 bytes each, by the index's own numbers."""

    stamp: str
    ids: NDArray[np.uint8]
    index: Any
    bytes: int


class FaissIndex:
    """
    Args:
        root: A folder that only this service writes into; several processes may share it.
    """

    def __init__(self, root: Path, *, exact_up_to: int = EXACT_UP_TO, max_bytes: int = MAX_BYTES) -> None:
        self._root = root
        self._exact_up_to = exact_up_to
        self._max_bytes = max_bytes
        self._held: OrderedDict[Place, _Held] = OrderedDict()

    async def stamp(self, place: Place) -> str | None:
        """See the seam. What another process wrote is read."""
        held = self._held.get(place)
        if held is None:
            held = await asyncio.to_thread(self._read, place)
            if held is not None:
                self._keep(place, held)
        return None if held is None else held.stamp

    async def fill(self, place: Place, stamp: str, source: VectorSource) -> None:
        """See the seam. Always whole: reading a tenant's vectors takes less than keeping track of them."""
        written = await asyncio.to_thread(self._read, place)
        if written is None or written.stamp != stamp:
            written = await asyncio.to_thread(self._build, place, stamp, await source.vectors())
        self._keep(place, written)

    async def nearest(
        self, place: Place, vector: Sequence[float], limit: int
    ) -> tuple[tuple[UUID, float], ...]:
        """See the seam."""
        if await self.stamp(place) is None:
            return ()
        held = self._held[place]
        self._held.move_to_end(place)
        return await asyncio.to_thread(_search, held, vector, limit)

    async def drop(self, domain_uuid: UUID, keep: frozenset[str]) -> tuple[Place, ...]:
        """See the seam."""
        for place in [place for place in self._held if place.domain_uuid == domain_uuid]:
            if place.model not in keep:
                del self._held[place]
        return await asyncio.to_thread(self._remove, domain_uuid, keep)

    async def domains(self) -> frozenset[UUID]:
        """See the seam."""
        return await asyncio.to_thread(lambda: frozenset(_uuids(self._root)))

    async def aclose(self) -> None:
        self._held.clear()

    def _keep(self, place: Place, held: _Held) -> None:
        self._held[place] = held
        self._held.move_to_end(place)
        while len(self._held) > 1 and sum(one.bytes for one in self._held.values()) > self._max_bytes:
            self._held.popitem(last=False)

    def _path(self, place: Place) -> Path:
        """Nothing of a model's name, which a tenant typed in, becomes part of a path."""
        return self._root / str(place.domain_uuid) / f"{_digest(place.model)}-{place.dimension}.npz"

    def _read(self, place: Place) -> _Held | None:
        faiss = _library()
        try:
            # Opened here: numpy leaves a file open that it cannot read.
            with open(self._path(place), "rb") as raw_file, np.load(raw_file, allow_pickle=False) as file:
                ids, raw, stamp = file["ids"], file["index"], str(file["stamp"])
            index = faiss.deserialize_index(raw)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile):
            return None  # a file of another version, or half of one: made again
        if index.ntotal != len(ids) or index.d != place.dimension:
            return None
        return _Held(stamp, ids, index, raw.nbytes + ids.nbytes)

    def _build(self, place: Place, stamp: str, vectors: Vectors) -> _Held:
        faiss = _library()
        if len(vectors.chunks) <= self._exact_up_to:
            index = faiss.IndexFlatIP(place.dimension)
        else:
            index = faiss.IndexHNSWFlat(place.dimension, _NEIGHBOURS, faiss.METRIC_INNER_PRODUCT)
            index.hnsw.efConstruction = _BUILD_WIDTH
            index.hnsw.efSearch = _SEARCH_WIDTH
        index.add(np.ascontiguousarray(vectors.matrix))
        ids = np.frombuffer(b"".join(chunk.bytes for chunk in vectors.chunks), dtype=np.uint8).reshape(-1, 16)
        raw = faiss.serialize_index(index)
        try:
            self._write(self._path(place), stamp, ids, raw)
        except OSError as error:
            raise VectorsUnavailable(
                "the index of vectors cannot be kept",
                fix="look for room and rights where VOICE_AI_DATA_DIR is",
                detail=str(error),
            ) from error
        return _Held(stamp, ids, index, raw.nbytes + ids.nbytes)

    def _write(self, path: Path, stamp: str, ids: NDArray[np.uint8], raw: NDArray[np.uint8]) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{secrets.token_hex(8)}")
        try:
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                np.savez(file, ids=ids, index=raw, stamp=np.array(stamp))
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise

    def _remove(self, domain_uuid: UUID, keep: frozenset[str]) -> tuple[Place, ...]:
        folder = self._root / str(domain_uuid)
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
            return ()
        kept = {_digest(model): model for model in keep}
        places = []
        for path in folder.glob("*.npz"):
            digest, _, dimension = path.stem.partition("-")
            if digest in kept:
                places.append(Place(domain_uuid, kept[digest], int(dimension)))
            else:
                path.unlink(missing_ok=True)
        return tuple(places)


def _search(held: _Held, vector: Sequence[float], limit: int) -> tuple[tuple[UUID, float], ...]:
    if not held.index.ntotal:
        return ()
    wanted = np.asarray([vector], dtype=np.float32)
    similarities, numbers = held.index.search(wanted, min(limit, held.index.ntotal))
    return tuple(
        (UUID(bytes=held.ids[number].tobytes()), float(similarity))
        for similarity, number in zip(similarities[0], numbers[0], strict=True)
        if number >= 0
    )


def _uuids(root: Path) -> list[UUID]:
    if not root.is_dir():
        return []
    return [UUID(path.name) for path in root.iterdir() if path.is_dir()]


def _digest(model: str) -> str:
    return hashlib.sha256(model.encode()).hexdigest()[:32]


def _library() -> Any:
    try:
        faiss = importlib.import_module("faiss")
    except ImportError as error:
        raise VectorsUnavailable("FAISS is not installed", fix="pip install 'voice-ai[faiss]'") from error
    # Its own threads would take the processor from the calls.
    faiss.omp_set_num_threads(1)
    return faiss
