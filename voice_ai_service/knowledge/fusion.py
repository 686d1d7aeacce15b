"""One order from two: what the words say and what the vectors say. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from voice_ai_service.knowledge.ranking import Match


@dataclass(frozen=True, slots=True)
class Blend:
    """How much a model's vectors say.

    Attributes:
        vector_weight: Of the order; the rest is the words'.
        unrelated, same: Cosines of this model between texts that have nothing in common, and that say the same.
        vector_confidence: Whether a high cosine alone may carry a passage over the threshold.
    """

    vector_weight: float
    unrelated: float
    same: float
    vector_confidence: bool


HASHING = Blend(vector_weight=0.15, unrelated=0.1, same=0.6, vector_confidence=False)
SEMANTIC = Blend(vector_weight=0.5, unrelated=0.2, same=0.7, vector_confidence=True)


@dataclass(frozen=True, slots=True)
class Fused:
    """
    Attributes:
        score: 0 to 1; comparable between questions.
        order: What sorts the hits of one question.
    """

    chunk_uuid: UUID
    score: float
    order: float
    match: Match
    similarity: float | None
    lexical_rank: int | None
    vector_rank: int | None


def fuse(matches: Mapping[UUID, Match], similarities: Mapping[UUID, float], blend: Blend) -> list[Fused]:
    """All candidates of both methods, best first."""
    strongest = max((found.strength for found in matches.values()), default=0.0) or 1.0
    lexical = _ranks({key: found.strength for key, found in matches.items() if found.strength > 0})
    near = _ranks(similarities)
    fused = []
    for key in matches.keys() | similarities.keys():
        found = matches.get(key, Match())
        similarity = similarities.get(key)
        closeness = 0.0
        if similarity is not None:
            closeness = min(1.0, max(0.0, (similarity - blend.unrelated) / (blend.same - blend.unrelated)))
        words = 0.5 * found.strength / strongest + 0.5 * found.coverage
        score = found.coverage
        if blend.vector_confidence:
            score = max(score, (found.coverage + closeness) / 2, closeness * 0.9)
        order = (1 - blend.vector_weight) * words + blend.vector_weight * closeness
        fused.append(Fused(key, score, order, found, similarity, lexical.get(key), near.get(key)))
    return sorted(fused, key=lambda one: (-one.order, one.chunk_uuid))


def _ranks(scores: Mapping[UUID, float]) -> dict[UUID, int]:
    order = sorted(scores, key=lambda key: (-scores[key], key))
    return {key: rank for rank, key in enumerate(order, start=1)}
