"""What a tenant's documents say about a question: full-text search and vectors, fused, with a score that may refuse."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol
from uuid import UUID

import structlog

from voice_ai_service.db import queries
from voice_ai_service.db.pool import Connection, Database
from voice_ai_service.errors import NotFound, ProviderError
from voice_ai_service.knowledge.answers import answer_in, passage_in
from voice_ai_service.knowledge.concepts import (
    Concept,
    LanguageSense,
    concepts_of,
    most_telling,
    question_words,
)
from voice_ai_service.knowledge.fusion import Fused, Matched, blend_of, fuse
from voice_ai_service.knowledge.passage import Passage
from voice_ai_service.knowledge.ranking import ChunkWords, Occurrence, match
from voice_ai_service.knowledge.senses import TenantSense, TenantSenses
from voice_ai_service.knowledge.vector_index import VectorsUnavailable
from voice_ai_service.knowledge.vectors import Near, VectorStore, Wanted
from voice_ai_service.providers.embeddings.seam import Purpose
from voice_ai_service.tenancy.tenant import Tenant
from voice_ai_service.text.languages import closest
from voice_ai_service.text.words import words

MIN_SCORE: Final = 0.5
"""Under it a passage is worse than "I don't know"; from `benchmarks/data/knowledge`, see docs/knowledge.md."""
MAX_HITS: Final = 50
MAX_QUESTION_CHARS: Final = 2000
_CANDIDATES: Final = 60
_NEAREST: Final = 30
_LARGE: Final = 3000
_EMBED_TIMEOUT_S: Final = 1.0

_SQL = queries.load(__package__, "search.sql")
_log = structlog.get_logger()


class Embedded(Protocol):
    """Unit-length vectors and the model that made them."""

    @property
    def value(self) -> list[list[float]]: ...
    @property
    def model(self) -> str | None: ...


class EmbeddingModel(Protocol):
    async def embed(self, texts: Sequence[str], model: str | None = None, /, *, purpose: Purpose) -> Embedded:
        """With this model; None: the preferred one. Raises ProviderError, NotFound where nobody has the model."""
        ...


class EmbeddingModels(Protocol):
    """The tenants' embeddings: `providers.factory.ProviderFactory`."""

    async def embeddings(self, domain_uuid: UUID, /) -> EmbeddingModel:
        """Raises Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Hit:
    """
    Attributes:
        score: 0 to 1, comparable between questions; under `MIN_SCORE` it is not good enough to be said.
        coverage: How much of the question the chunk has close together, 0 to 1.
        similarity: Cosine of the vectors; None where the chunk is not among the nearest.
        matched: What was said to the stems in the chunk that stood for it.
    """

    chunk_uuid: UUID
    document_uuid: UUID
    document_name: str
    text: str
    heading: str | None
    page: int | None
    language: str
    score: float
    coverage: float
    similarity: float | None
    lexical_rank: int | None
    vector_rank: int | None
    matched: Mapping[str, str] = field(default_factory=dict)

    @property
    def good_enough(self) -> bool:
        return self.score >= MIN_SCORE


@dataclass(frozen=True, slots=True)
class SearchResult:
    """
    Attributes:
        hits: Best first, also those that are not good enough to be said.
        not_found: Words of the question that no document has, nor anything like them.
        model: The embedding model that was asked; None where none answered.
    """

    question: str
    hits: tuple[Hit, ...]
    not_found: tuple[str, ...]
    model: str | None


@dataclass(frozen=True, slots=True)
class _Wanted:
    question: str
    languages: tuple[str, ...]
    secretary_uuid: UUID | None


@dataclass(frozen=True, slots=True)
class _Words:
    """`concepts`: by language."""

    matched: tuple[Matched, ...]
    concepts: Mapping[str, tuple[Concept, ...]]


@dataclass(frozen=True, slots=True)
class _Looked:
    question: str
    fused: list[Fused]
    concepts: Mapping[str, tuple[Concept, ...]]
    model: str | None

    @property
    def not_found(self) -> tuple[str, ...]:
        """In no language: a word that one has is known."""
        missing = [
            {concept.said for concept in concepts if not concept.variants}
            for concepts in self.concepts.values()
        ]
        return tuple(sorted(set.intersection(*missing))) if missing else ()


class KnowledgeSearch:
    """One for the process.

    Args:
        store, models: None searches by words alone.
    """

    def __init__(self, db: Database, store: VectorStore | None, models: EmbeddingModels | None) -> None:
        self._db = db
        self._store = store
        self._models = models
        self._senses = TenantSenses(db)

    async def aclose(self) -> None:
        await self._senses.aclose()

    async def find(
        self,
        tenant: Tenant,
        query: str,
        languages: tuple[str, ...],
        limit: int,
        *,
        secretary_uuid: UUID | None = None,
    ) -> tuple[Passage, ...]:
        """What the dialogue asks: see `dialogue.turn.PassageSource`."""
        looked = await self._look(tenant, query, languages, secretary_uuid)
        sure = [one for one in looked.fused if one.score >= MIN_SCORE][: min(limit, MAX_HITS)]
        return tuple([await self._passage(hit, looked.concepts) for hit in await self._hits(tenant, sure)])

    async def has_documents(self, tenant: Tenant) -> bool:
        """Whether there is anything to find. Raises Unavailable."""
        return bool((await self._senses.of(tenant.domain_uuid)).chunks)

    async def search(
        self,
        tenant: Tenant,
        question: str,
        *,
        languages: Sequence[str] = (),
        secretary_uuid: UUID | None = None,
        limit: int = 5,
    ) -> SearchResult:
        """The chunks that answer best, those under the threshold too.

        Args:
            languages: What the secretary speaks; documents in them come first among equals.
            secretary_uuid: Documents of this secretary and those of all; None: of every one.
            limit: At most `MAX_HITS`.

        Raises:
            Unavailable: No database. Embeddings that fail cost the vectors only.
        """
        looked = await self._look(tenant, question, languages, secretary_uuid)
        hits = await self._hits(tenant, looked.fused[: min(limit, MAX_HITS)])
        return SearchResult(looked.question, hits, looked.not_found, looked.model)

    async def _look(
        self, tenant: Tenant, question: str, languages: Sequence[str], secretary_uuid: UUID | None
    ) -> _Looked:
        question = question[:MAX_QUESTION_CHARS].strip()
        wanted = _Wanted(question, tuple(languages), secretary_uuid)
        sense = await self._senses.of(tenant.domain_uuid)
        if not question or not sense.chunks:
            return _Looked(question, [], {}, None)
        try:
            async with asyncio.TaskGroup() as methods:
                words_task = methods.create_task(self._by_words(tenant.domain_uuid, sense, wanted))
                vectors_task = methods.create_task(
                    self._by_vectors(tenant.domain_uuid, sense, wanted, words_task)
                )
        except ExceptionGroup as failed:  # whoever asks expects the error itself
            raise failed.exceptions[0] from failed
        by_words, (model, near) = words_task.result(), vectors_task.result()
        return _Looked(question, fuse(by_words.matched, near, blend_of(model)), by_words.concepts, model)

    async def _passage(self, hit: Hit, concepts: Mapping[str, tuple[Concept, ...]]) -> Passage:
        stems = self._senses.stems
        unknown = stems.unknown(hit.language, words(hit.text))
        if unknown:
            async with self._db.open() as connection:
                await stems.learn(connection, hit.language, unknown)
        answer = answer_in(
            hit.text, concepts.get(hit.language, ()), lambda word: stems.stem_of(hit.language, word)
        )
        text = passage_in(hit.text, answer)
        return Passage(text, f"{hit.document_uuid}#{hit.chunk_uuid}", hit.score, answer)

    async def _by_words(self, domain_uuid: UUID, tenant: TenantSense, wanted: _Wanted) -> _Words:
        matched: list[Matched] = []
        by_language: dict[str, tuple[Concept, ...]] = {}
        async with self._db.tenant(domain_uuid) as connection:
            for language in _languages(tenant, wanted.languages):
                concepts = await self._concepts(
                    connection, tenant.senses[language], language, wanted.question
                )
                matched += await self._match(connection, concepts, (language, tenant), wanted)
                by_language[language] = concepts
        return _Words(tuple(matched), by_language)

    async def _concepts(
        self, connection: Connection, sense: LanguageSense, language: str, question: str
    ) -> tuple[Concept, ...]:
        spoken = question_words(question, sense.data)
        await self._senses.stems.learn(connection, language, spoken)
        return concepts_of(spoken, sense)

    async def _match(
        self,
        connection: Connection,
        concepts: Sequence[Concept],
        where: tuple[str, TenantSense],
        wanted: _Wanted,
    ) -> list[Matched]:
        language, tenant = where
        known = [concept for concept in concepts if concept.variants]
        if not known:
            return []
        telling, others = most_telling(known, tenant.senses[language].lexicon, tenant.chunks[language])
        rarest = _as_tsquery(telling[0])
        rows = await connection.fetch(
            _SQL.match_chunks,
            [
                *(_as_tsquery(concept) for concept in telling),
                *(f"({rarest}) & ({_as_tsquery(concept)})" for concept in others),
            ],
            [concept.weight * concept.variants[0].likeness for concept in (*telling, *others)],
            wanted.secretary_uuid,
            _CANDIDATES,
        )
        stems = sorted({stem for concept in known for variant in concept.variants for stem in variant.stems})
        found = await connection.fetch(
            _SQL.occurrences, [row["voice_chunk_uuid"] for row in rows], language, stems
        )
        chunks: dict[tuple[UUID, UUID], tuple[int, dict[str, Occurrence]]] = {}
        for row in found:
            key = UUID(int=row["voice_chunk_uuid"].int), UUID(int=row["voice_document_uuid"].int)
            _, stems_here = chunks.setdefault(key, (row["size"], {}))
            stems_here[row["lexeme"]] = Occurrence(tuple(row["positions"] or ()), bool(row["in_heading"]))
        average = tenant.average_size[language]
        return [
            Matched(*key, match(concepts, ChunkWords(size, here), average))
            for key, (size, here) in chunks.items()
        ]

    async def _by_vectors(
        self, domain_uuid: UUID, tenant: TenantSense, wanted: _Wanted, words_task: asyncio.Task[_Words]
    ) -> tuple[str | None, tuple[Near, ...]]:
        embedded = await self._embedded(domain_uuid, wanted.question, tenant.models)
        if embedded is None or self._store is None:
            return None, ()
        model = embedded.model or ""
        asked = Wanted(embedded.value[0], model, _NEAREST, wanted.secretary_uuid)
        try:
            return model, await self._near(self._store, domain_uuid, tenant, asked, words_task)
        except VectorsUnavailable as error:
            _log.warning("searching without vectors", domain_uuid=str(domain_uuid), reason=error.code)
            return None, ()

    async def _near(
        self,
        store: VectorStore,
        domain_uuid: UUID,
        tenant: TenantSense,
        asked: Wanted,
        words_task: asyncio.Task[_Words],
    ) -> tuple[Near, ...]:
        near: tuple[Near, ...] = ()
        if blend_of(asked.model).discovers or sum(tenant.chunks.values()) <= _LARGE:
            near = await store.nearest(domain_uuid, asked)
        # What words found is compared too: a chunk that is not among the nearest is not therefore far.
        known = {one.chunk_uuid for one in near}
        others = [one.chunk_uuid for one in (await words_task).matched if one.chunk_uuid not in known]
        if others:
            near += await store.nearest(domain_uuid, replace(asked, limit=len(others), among=others))
        return near

    async def _embedded(self, domain_uuid: UUID, question: str, models: Sequence[str]) -> Embedded | None:
        """With the model of most documents where it can still be asked: while another takes over, the old answers."""
        if self._models is None:
            return None
        try:
            async with asyncio.timeout(_EMBED_TIMEOUT_S):
                chain = await self._models.embeddings(domain_uuid)
                for model in models:
                    with contextlib.suppress(NotFound):
                        return await chain.embed([question], model, purpose=Purpose.QUESTION)
                return await chain.embed([question], purpose=Purpose.QUESTION)
        except (ProviderError, NotFound, TimeoutError) as error:
            _log.warning(
                "searching without vectors", domain_uuid=str(domain_uuid), reason=type(error).__name__
            )
            return None

    async def _hits(self, tenant: Tenant, fused: Sequence[Fused]) -> tuple[Hit, ...]:
        if not fused:
            return ()
        async with self._db.tenant(tenant.domain_uuid) as connection:
            rows = await connection.fetch(_SQL.chunks, [one.chunk_uuid for one in fused])
        by_uuid = {row["voice_chunk_uuid"]: row for row in rows}
        hits = []
        for one in fused:
            row = by_uuid.get(one.chunk_uuid)
            if row is None:  # deleted meanwhile
                continue
            hits.append(
                Hit(
                    chunk_uuid=one.chunk_uuid,
                    document_uuid=UUID(int=row["voice_document_uuid"].int),
                    document_name=row["document_name"],
                    text=row["chunk_text"],
                    heading=row["chunk_heading"],
                    page=None if row["chunk_page"] is None else int(row["chunk_page"]),
                    language=row["language"],
                    score=one.score,
                    coverage=one.match.coverage,
                    similarity=one.similarity,
                    lexical_rank=one.lexical_rank,
                    vector_rank=one.vector_rank,
                    matched=one.match.matched,
                )
            )
        return tuple(hits)


def _languages(tenant: TenantSense, asked: Sequence[str]) -> list[str]:
    """The documents' languages, those that the secretary speaks first."""
    return sorted(tenant.chunks, key=lambda tag: (closest(tag, asked) is None, -tenant.chunks[tag]))


def _as_tsquery(concept: Concept) -> str:
    return " | ".join(
        "(" + " & ".join(f"'{stem}'" for stem in variant.stems) + ")" for variant in concept.variants
    )
