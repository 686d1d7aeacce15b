"""How well a chunk answers the concepts of a question. Pure.

Two figures: `strength` orders chunks (BM25 over concepts instead of words), `coverage` says how much of the question
the chunk has close together, on a scale that compares questions: below a threshold nothing is better than something.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from voice_ai_service.knowledge.concepts import Concept, Variant

_K1: Final = 1.2
_B: Final = 0.5
_HEADING: Final = 2.0
_WINDOW: Final = 45
"""Words that a caller would take for one answer: two or three sentences."""
_NEAR: Final = 4
_IN_WINDOW: Final = 0.7


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Where a stem stands in a chunk, as word numbers; which of these lie in the heading."""

    positions: tuple[int, ...]
    in_heading: bool = False


@dataclass(frozen=True, slots=True)
class ChunkWords:
    """
    Attributes:
        size: Different stems in the chunk.
        stems: Only those that the question may mean.
    """

    size: int
    stems: Mapping[str, Occurrence]


@dataclass(frozen=True, slots=True)
class Match:
    """
    Attributes:
        matched: What was said to the stems that stood for it.
    """

    strength: float = 0.0
    coverage: float = 0.0
    matched: Mapping[str, str] = field(default_factory=dict)


def match(concepts: Sequence[Concept], chunk: ChunkWords, average_size: float) -> Match:
    """One chunk against one question."""
    total = sum(concept.weight for concept in concepts)
    if total <= 0:
        return Match()
    strength = everywhere = heading_only = 0.0
    matched: dict[str, str] = {}
    events: list[tuple[int, int, float]] = []
    for number, concept in enumerate(concepts):
        frequency = best = in_heading = 0.0
        for variant in concept.variants:
            places, heading = _places(variant, chunk)
            if not places:
                continue
            frequency += variant.likeness * (len(places) + (_HEADING if heading else 0.0))
            events += [(place, number, variant.likeness) for place in places]
            in_heading = max(in_heading, variant.likeness if heading else 0.0)
            if variant.likeness > best:
                best = variant.likeness
                matched[concept.said] = " ".join(variant.stems)
        if not best:
            continue
        share = concept.weight / total
        everywhere += share * best
        heading_only += share * in_heading
        norm = _K1 * (1 - _B + _B * chunk.size / max(average_size, 1.0))
        strength += concept.weight * best * frequency * (_K1 + 1) / (frequency + norm)
    window = max(_best_window(events, concepts, total), heading_only)
    return Match(strength, _IN_WINDOW * window + (1 - _IN_WINDOW) * everywhere, matched)


def _places(variant: Variant, chunk: ChunkWords) -> tuple[tuple[int, ...], bool]:
    found = [chunk.stems.get(stem) for stem in variant.stems]
    if any(one is None for one in found):
        return (), False
    present = [one for one in found if one is not None]
    if len(present) == 1:
        return present[0].positions, present[0].in_heading
    first, *others = present
    together = tuple(
        place
        for place in first.positions
        if all(any(0 < abs(other - place) <= _NEAR for other in one.positions) for one in others)
    )
    return together, bool(together) and all(one.in_heading for one in present)


def _best_window(events: list[tuple[int, int, float]], concepts: Sequence[Concept], total: float) -> float:
    """The largest share of the question that stands within `_WINDOW` words."""
    events.sort()
    best = 0.0
    inside: dict[int, list[float]] = {}
    start = 0
    for place, number, likeness in events:
        inside.setdefault(number, []).append(likeness)
        while events[start][0] < place - _WINDOW:
            _, gone, was = events[start]
            inside[gone].remove(was)
            if not inside[gone]:
                del inside[gone]
            start += 1
        covered = sum(concepts[index].weight * max(found) for index, found in inside.items())
        best = max(best, covered / total)
    return best
