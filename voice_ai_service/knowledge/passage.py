"""A piece of the tenant's documents, as the dialogue uses it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Passage:
    """`score` compares passages of one query only.

    Attributes:
        answer: At most two sentences of `text` that say most of what was asked; empty where nobody looked for them.
    """

    text: str
    source_id: str
    score: float
    answer: str = ""
