"""Search in a database of many tenants, one of them large: how long it takes, and what an index over all misses."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final
from uuid import UUID, uuid4

import numpy as np

from benchmarks.figures import Figure, percentile
from benchmarks.knowledge_corpus import documents
from voice_ai_service.db.pool import Database, as_owner
from voice_ai_service.knowledge.pgvector_store import PgVectorStore
from voice_ai_service.knowledge.search import EmbeddingModels, KnowledgeSearch
from voice_ai_service.knowledge.vectors import Wanted
from voice_ai_service.providers.embeddings.seam import Embeddings, Purpose
from voice_ai_service.tenancy.tenant import Tenant
from voice_ai_service.text.words import words

_LANGUAGE: Final = "pt-BR"
_BATCH: Final = 2000
_CHUNKS_A_DOCUMENT: Final = 50
_WORDS_A_CHUNK: Final = 120
_RARE_WORDS: Final = 30_000
_TOPICS: Final = 2000
_DIRECTIONS: Final = 48
_NEAREST: Final = 10
_INDEX: Final = "v_voice_chunks_vectors_384_index"


@dataclass(frozen=True, slots=True)
class Size:
    """`tenants`: chunks of each."""

    name: str
    tenants: tuple[int, ...]
    target_ms: float

    @property
    def chunks(self) -> int:
        return sum(self.tenants)


class TopicModel:
    """Stands for a sentence model in the large database: vectors that lie around topics, as sentences' do.

    Hashed words have no near neighbours and would say nothing about an index that is made for vectors which do.
    """

    model = "topics-384"
    dimension = 384

    def __init__(self) -> None:
        made = np.random.default_rng(20_261)
        self._centres = made.standard_normal((_TOPICS, self.dimension)) / self.dimension**0.5
        self._directions = made.standard_normal((_DIRECTIONS, self.dimension)) / self.dimension**0.5

    async def embed(self, texts: Sequence[str], purpose: Purpose = Purpose.PASSAGE) -> list[list[float]]:
        return [self._vector(text) for text in texts]

    async def aclose(self) -> None:
        """Nothing to close."""

    def _vector(self, text: str) -> list[float]:
        first = text.split(maxsplit=1)[0]
        own = np.random.default_rng(zlib.crc32(text.encode()))
        centre = self._centres[zlib.crc32(first.encode()) % _TOPICS]
        vector = centre + 0.7 * (own.standard_normal(_DIRECTIONS) @ self._directions) / _DIRECTIONS**0.5
        return [float(value) for value in vector / np.linalg.norm(vector)]


TEN_THOUSAND: Final = Size("10k", (10_000,), 25.0)
SKEWED: Final = Size("200k", (100_000, *[9_000] * 10, *[100] * 100), 40.0)


@dataclass(frozen=True, slots=True)
class _Filled:
    tenant: Tenant
    chunks: int
    some: tuple[str, ...]


async def measure(
    size: Size, owner_url: str, db: Database, embeddings: Embeddings, models: EmbeddingModels, repeats: int
) -> list[Figure]:
    """Fill the database and ask; every question has words of a chunk that is there."""
    random = Random(20_261)
    filled = await _fill(size, owner_url, random, embeddings)
    shown = [filled[0], *random.sample(filled[1:], min(6, len(filled) - 1))]
    figures: list[Figure] = []
    for one in sorted(shown, key=lambda one: -one.chunks):
        if one.chunks in {int(figure.note.split()[0]) for figure in figures}:
            continue
        figures += await _latency(size, one, db, models, random, repeats)
        figures.append(await _index_recall(size, one, db, embeddings, random, repeats // 2))
    return figures


async def _latency(
    size: Size, one: _Filled, db: Database, models: EmbeddingModels, random: Random, repeats: int
) -> list[Figure]:
    search = KnowledgeSearch(db, PgVectorStore(db), models)
    took, found = [], 0
    try:
        began = time.perf_counter()
        await search.search(one.tenant, "horário de funcionamento")
        first_ms = (time.perf_counter() - began) * 1000
        for _ in range(repeats):
            text = random.choice(one.some)
            question = _asked(text, random)
            began = time.perf_counter()
            result = await search.search(one.tenant, question)
            took.append((time.perf_counter() - began) * 1000)
            found += any(hit.text == text for hit in result.hits)
    finally:
        await search.aclose()
    name, note = f"knowledge.{size.name}.{one.chunks}", f"{one.chunks} chunks of {size.chunks}"
    return [
        Figure(f"{name}.p50", percentile(took, 0.5), "ms", note=note),
        Figure(f"{name}.p95", percentile(took, 0.95), "ms", size.target_ms, note=note),
        Figure(f"{name}.first", first_ms, "ms", note=f"{note}; reads the tenant's words"),
        Figure(f"{name}.found_at_5", found / repeats, "share", better="higher", note=note),
    ]


async def _index_recall(
    size: Size, one: _Filled, db: Database, embeddings: Embeddings, random: Random, repeats: int
) -> Figure:
    """What the store answers against comparing all of the tenant's vectors."""
    chosen, exact = PgVectorStore(db), PgVectorStore(db, exact_up_to=10**9)
    same = wanted_count = 0
    for _ in range(repeats):
        question = _asked(random.choice(one.some), random)
        (vector,) = await embeddings.embed([question])
        wanted = Wanted(vector, embeddings.model, _NEAREST)
        best = {near.chunk_uuid for near in await exact.nearest(one.tenant.domain_uuid, wanted)}
        same += len(best & {near.chunk_uuid for near in await chosen.nearest(one.tenant.domain_uuid, wanted)})
        wanted_count += len(best)
    return Figure(
        f"knowledge.{size.name}.{one.chunks}.vector_recall",
        same / wanted_count,
        "share",
        0.98,
        "higher",
        note=f"{one.chunks} chunks of {size.chunks}; nearest {_NEAREST} against exact",
    )


async def _fill(size: Size, owner_url: str, random: Random, embeddings: Embeddings) -> list[_Filled]:
    text_of = _texts(random)
    filled = []
    async with as_owner(owner_url) as connection:
        await connection.reset_type_codec("numeric", schema="pg_catalog")  # COPY is binary, ours is text
        await connection.execute(f"DROP INDEX IF EXISTS {_INDEX}")
        for number, chunks in enumerate(size.tenants):
            domain_uuid = uuid4()
            tenant = Tenant(domain_uuid, f"tenant-{number}.example")
            filled.append(
                _Filled(tenant, chunks, await _fill_one(connection, domain_uuid, chunks, text_of, embeddings))
            )
        await connection.execute("SET maintenance_work_mem = '1GB'")
        await connection.execute(
            f"CREATE INDEX {_INDEX} ON v_voice_chunks USING hnsw ((embedding::vector(384)) vector_cosine_ops) "
            "WHERE vector_dims(embedding) = 384",
            timeout=1800,
        )
        await connection.execute("VACUUM ANALYZE v_voice_chunks", timeout=600)
        await connection.execute("VACUUM ANALYZE v_voice_documents", timeout=600)
    return filled


async def _fill_one(
    connection: Any, domain_uuid: UUID, chunks: int, text_of: Callable[[], str], embeddings: Embeddings
) -> tuple[str, ...]:
    some: list[str] = []
    made: list[UUID] = []
    for start in range(0, chunks, _BATCH):
        texts = [text_of() for _ in range(min(_BATCH, chunks - start))]
        vectors = await embeddings.embed(texts)
        some += texts[: max(1, 200 * len(texts) // chunks)]
        count = -(-len(texts) // _CHUNKS_A_DOCUMENT)
        made = [uuid4() for _ in range(count)]
        await connection.executemany(
            "INSERT INTO v_voice_documents (voice_document_uuid, domain_uuid, document_name, document_status, "
            "insert_date) VALUES ($1, $2, $3, 'ready', now())",
            [(document, domain_uuid, f"{document}.txt") for document in made],
        )
        await connection.copy_records_to_table(
            "v_voice_chunks",
            columns=[
                "voice_chunk_uuid", "domain_uuid", "voice_document_uuid", "chunk_text", "chunk_language",
                "embedding_model", "embedding", "chunk_index", "document_version",
            ],
            records=_records(domain_uuid, made, texts, vectors, embeddings.model),
        )  # fmt: skip
    return tuple(some)


def _records(
    domain_uuid: UUID,
    made: Sequence[UUID],
    texts: Sequence[str],
    vectors: Sequence[Sequence[float]],
    model: str,
) -> list[tuple[object, ...]]:
    return [
        (uuid4(), domain_uuid, made[at // _CHUNKS_A_DOCUMENT], text, _LANGUAGE, model, vector, at, 1)
        for at, (text, vector) in enumerate(zip(texts, vectors, strict=True))
    ]


def _asked(text: str, random: Random) -> str:
    """Seven words of a chunk, its first among them, which is its topic."""
    spoken = text.split()
    return " ".join((spoken[0], *random.sample(spoken[1:], 6)))


def _texts(random: Random) -> Callable[[], str]:
    """Chunks of words as often as texts have them (Zipf), with many rare ones beside the corpus's own."""
    common = sorted(
        {word for chunks in documents(_LANGUAGE).values() for one in chunks for word in words(one.text)}
    )
    random.shuffle(common)
    syllables = [a + b for a in "bcdfglmnprstv" for b in ("a", "e", "i", "o", "u", "ar", "em", "ol")]
    rare = ["".join(random.choices(syllables, k=random.randint(2, 4))) for _ in range(_RARE_WORDS)]
    vocabulary = common + rare
    weights, total = [], 0.0
    for rank in range(1, len(vocabulary) + 1):
        total += 1.0 / (rank + 5)
        weights.append(total)
    return lambda: " ".join(random.choices(vocabulary, cum_weights=weights, k=_WORDS_A_CHUNK))
