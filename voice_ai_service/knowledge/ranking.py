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
_FIRM: Final = 0.55


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
    """Shares are of the question's weight, 0 to 1.

    Attributes:
        strength: What orders the chunks.
        window: The share that stands close together.
        everywhere: The share that stands anywhere in the chunk.
        firm: As `window`, without guesses.
        heading: The share that stands in the heading.
        concepts: How many concepts stand in it, without guesses.
        matched: What was said to the stems that stood for it.
    """

    strength: float = 0.0
    window: float = 0.0
    everywhere: float = 0.0
    firm: float = 0.0
    heading: float = 0.0
    concepts: int = 0
    matched: Mapping[str, str] = field(default_factory=dict)

    @property
    def coverage(self) -> float:
        return _IN_WINDOW * self.window + (1 - _IN_WINDOW) * self.everywhere


@dataclass(slots=True)
class _Found:
    """One concept in one chunk."""

    frequency: float = 0.0
    best: float = 0.0
    in_heading: float = 0.0
    stems: str = ""


def match(concepts: Sequence[Concept], chunk: ChunkWords, average_size: float) -> Match:
    """One chunk against one question."""
    total = sum(concept.weight for concept in concepts)
    if total <= 0:
        return Match()
    norm = _K1 * (1 - _B + _B * chunk.size / max(average_size, 1.0))
    events: list[tuple[int, int, float]] = []
    strength = everywhere = heading = 0.0
    matched: dict[str, str] = {}
    firm = 0
    for number, concept in enumerate(concepts):
        found = _find(concept, chunk, number, events)
        if not found.best:
            continue
        share = concept.weight / total
        everywhere += share * found.best
        heading += share * found.in_heading
        firm += found.best >= _FIRM
        strength += concept.weight * found.best * found.frequency * (_K1 + 1) / (found.frequency + norm)
        matched[concept.said] = found.stems
    events.sort()
    window = max(_best_window(events, concepts, total), heading)
    surely = _best_window([event for event in events if event[2] >= _FIRM], concepts, total)
    return Match(strength, window, everywhere, surely, heading, firm, matched)


def _find(concept: Concept, chunk: ChunkWords, number: int, events: list[tuple[int, int, float]]) -> _Found:
    found = _Found()
    for variant in concept.variants:
        places, heading = _places(variant, chunk)
        if not places:
            continue
        found.frequency += variant.likeness * (len(places) + (_HEADING if heading else 0.0))
        events += [(place, number, variant.likeness) for place in places]
        if heading:
            found.in_heading = max(found.in_heading, variant.likeness)
        if variant.likeness > found.best:
            found.best, found.stems = variant.likeness, " ".join(variant.stems)
    return found


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
