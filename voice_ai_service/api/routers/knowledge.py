"""What the tenant's documents would answer, and why: for whoever looks after them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from voice_ai_service.api.admission import Reader
from voice_ai_service.api.service import Parts
from voice_ai_service.knowledge.search import MAX_HITS, MIN_SCORE, Hit

router = APIRouter(prefix="/knowledge", tags=["knowledge"])


class SearchRequest(BaseModel):
    """`secretary_uuid`: documents of this secretary and those of all; null: of every one."""

    model_config = ConfigDict(extra="forbid")
    question: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
    languages: list[Annotated[str, StringConstraints(max_length=35)]] = Field(
        default_factory=list, max_length=10
    )
    secretary_uuid: UUID | None = None
    limit: int = Field(5, ge=1, le=MAX_HITS)


class Why(BaseModel):
    """
    `coverage`: how much of the question stands close together, 0 to 1. `similarity`: cosine of the vectors. Ranks
    are by each method alone, from 1; null where it did not find the chunk. `matched`: words as asked to the stems in
    the chunk that stood for them.
    """

    coverage: float
    similarity: float | None
    lexical_rank: int | None
    vector_rank: int | None
    matched: dict[str, str]


class HitAnswer(BaseModel):
    """`good_enough`: whether a caller would be answered from it."""

    chunk_uuid: UUID
    document_uuid: UUID
    document_name: str
    heading: str | None
    page: int | None
    language: str
    text: str
    score: float
    good_enough: bool
    why: Why


class SearchAnswer(BaseModel):
    """`not_found`: words that no document has, nor anything like them."""

    question: str
    min_score: float
    not_found: list[str]
    embedding_model: str | None
    hits: list[HitAnswer]


@router.post("/search", summary="What would be found for a question, with scores and why")
async def search(asked: SearchRequest, tenant: Reader, parts: Parts) -> SearchAnswer:
    result = await parts.knowledge.search(
        tenant,
        asked.question,
        languages=asked.languages,
        secretary_uuid=asked.secretary_uuid,
        limit=asked.limit,
    )
    return SearchAnswer(
        question=result.question,
        min_score=MIN_SCORE,
        not_found=list(result.not_found),
        embedding_model=result.model,
        hits=[_answer(hit) for hit in result.hits],
    )


def _answer(hit: Hit) -> HitAnswer:
    return HitAnswer(
        chunk_uuid=hit.chunk_uuid,
        document_uuid=hit.document_uuid,
        document_name=hit.document_name,
        heading=hit.heading,
        page=hit.page,
        language=hit.language,
        text=hit.text,
        score=round(hit.score, 4),
        good_enough=hit.good_enough,
        why=Why(
            coverage=round(hit.coverage, 4),
            similarity=None if hit.similarity is None else round(hit.similarity, 4),
            lexical_rank=hit.lexical_rank,
            vector_rank=hit.vector_rank,
            matched=dict(hit.matched),
        ),
    )
