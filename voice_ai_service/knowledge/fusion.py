"""One order from two: what the words say and what the vectors say; and how sure that is. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from voice_ai_service.knowledge.ranking import Match
from voice_ai_service.knowledge.vectors import Near

_SAME: Final = 0.6
"""A cosine that counts as full closeness; sentence models rarely give more to a question and its answer."""
_NEIGHBOURS: Final = 3


@dataclass(frozen=True, slots=True)
class Sureness:
    """Weights of a logistic regression: is this passage the answer, or was the question about something else?

    Fitted on the half of `benchmarks/data/knowledge` that tuning may see; `python -m benchmarks.knowledge` prints
    what they do on the other half.
    """

    constant: float
    window: float
    everywhere: float
    firm: float
    heading: float
    concepts: float
    strength: float
    similarity: float
    similar_and_firm: float

    def of(self, found: Match, similarity: float) -> float:
        """0 to 1."""
        total = (
            self.constant
            + self.window * found.window
            + self.everywhere * found.everywhere
            + self.firm * found.firm
            + self.heading * found.heading
            + self.concepts * min(found.concepts, 4) / 4
            + self.strength * math.log1p(found.strength) / 3
            + self.similarity * similarity
            + self.similar_and_firm * similarity * found.firm
        )
        return 1.0 / (1.0 + math.exp(-total))


@dataclass(frozen=True, slots=True)
class Blend:
    """How much a model's vectors say.

    Attributes:
        vectors: Their weight in the order; the rest is the words'.
        discovers: Whether near vectors find what no word does. Where they do not, a large tenant's are compared among
            the chunks that words found, exactly, instead of through an index that misses some.
        neighbours: What the document's next best chunks add to each: a document that is about the question has
            more than one.
    """

    vectors: float
    discovers: bool
    neighbours: float
    sureness: Sureness


HASHING: Final = Blend(
    vectors=0.2,
    discovers=False,
    neighbours=0.2,
    sureness=Sureness(-4.14, 1.33, 1.4, 1.55, 2.04, 2.75, 1.95, 0.41, 0.32),
)
SEMANTIC: Final = Blend(
    vectors=0.5,
    discovers=True,
    neighbours=0.0,
    sureness=Sureness(-3.19, 1.02, 1.02, 0.92, 1.09, 1.51, 0.93, 2.72, 1.07),
)


def blend_of(model: str | None) -> Blend:
    """By the embedding model's name; None where no vectors were asked."""
    return HASHING if model is None or model.startswith("hashing") else SEMANTIC


@dataclass(frozen=True, slots=True)
class Fused:
    """
    Attributes:
        score: How sure it is that this answers, 0 to 1; comparable between questions.
        order: What sorts the hits of one question.
    """

    chunk_uuid: UUID
    score: float
    order: float
    match: Match
    similarity: float | None
    lexical_rank: int | None
    vector_rank: int | None


@dataclass(frozen=True, slots=True)
class Matched:
    """A chunk that shares words with the question."""

    chunk_uuid: UUID
    document_uuid: UUID
    match: Match


def fuse(matched: Sequence[Matched], near: Sequence[Near], blend: Blend) -> list[Fused]:
    """All candidates of both methods, best first."""
    by_words = {one.chunk_uuid: one.match for one in matched}
    cosines = {one.chunk_uuid: one.similarity for one in near}
    document_of = {one.chunk_uuid: one.document_uuid for one in matched}
    document_of |= {one.chunk_uuid: one.document_uuid for one in near}
    order = _order(by_words, cosines, blend)
    bonus = _neighbours(order, document_of, blend.neighbours)
    lexical = _ranks({key: found.strength for key, found in by_words.items() if found.strength > 0})
    vector = _ranks(cosines)
    fused = [
        Fused(
            chunk_uuid=key,
            score=blend.sureness.of(by_words.get(key, Match()), max(0.0, cosines.get(key, 0.0))),
            order=order[key] + bonus[key],
            match=by_words.get(key, Match()),
            similarity=cosines.get(key),
            lexical_rank=lexical.get(key),
            vector_rank=vector.get(key),
        )
        for key in order
    ]
    return sorted(fused, key=lambda one: (-one.order, one.chunk_uuid))


def _order(by_words: Mapping[UUID, Match], cosines: Mapping[UUID, float], blend: Blend) -> dict[UUID, float]:
    strongest = max((found.strength for found in by_words.values()), default=0.0) or 1.0
    order = {}
    for key in by_words.keys() | cosines.keys():
        found = by_words.get(key, Match())
        words = 0.5 * found.strength / strongest + 0.5 * found.coverage
        order[key] = (1 - blend.vectors) * words + blend.vectors * max(0.0, cosines.get(key, 0.0)) / _SAME
    return order


def _neighbours(
    order: Mapping[UUID, float], document_of: Mapping[UUID, UUID], share: float
) -> dict[UUID, float]:
    """What each chunk gets for the others of its document."""
    in_document: defaultdict[UUID, list[float]] = defaultdict(list)
    for key, value in order.items():
        in_document[document_of[key]].append(value)
    best = {
        document: sum(sorted(values, reverse=True)[1 : 1 + _NEIGHBOURS])
        for document, values in in_document.items()
    }
    return {key: share * best[document_of[key]] for key in order}


def _ranks(scores: Mapping[UUID, float]) -> dict[UUID, int]:
    order = sorted(scores, key=lambda key: (-scores[key], key))
    return {key: rank for rank, key in enumerate(order, start=1)}
