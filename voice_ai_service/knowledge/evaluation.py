"""How often the right document is found: recall at ranks, over questions whose document is known. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from voice_ai_service.errors import InvalidInput

RANKS: Final = (1, 3, 5)


@dataclass(frozen=True, slots=True)
class Question:
    """`document`: a document's name, with or without its ending."""

    question: str
    document: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    Attributes:
        rank: Of the first chunk of the right document among different documents, from 1; None where it is missing.
        found: The documents that came instead, best first.
    """

    question: Question
    rank: int | None
    found: tuple[str, ...]


def read_questions(lines: Iterable[str]) -> tuple[Question, ...]:
    """Questions as JSON lines. Raises InvalidInput with the line's number."""
    questions = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            questions.append(Question(str(row["question"]), str(row["document"])))
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidInput(
                f"Line {number} is not a question",
                field="FILE",
                fix='One object a line: {"question": "…", "document": "prices.md"}',
            ) from error
    if not questions:
        raise InvalidInput("There is no question in the file", field="FILE")
    return tuple(questions)


def outcome_of(question: Question, documents: Sequence[str]) -> Outcome:
    """The rank of the right document; chunks of one document count once."""
    names = tuple(dict.fromkeys(documents))
    wanted = _name(question.document)
    rank = next((at for at, name in enumerate(names, start=1) if _name(name) == wanted), None)
    return Outcome(question, rank, names)


def recall(outcomes: Sequence[Outcome], rank: int) -> float:
    """Share of the questions whose document is among the first `rank`."""
    return sum(one.rank is not None and one.rank <= rank for one in outcomes) / len(outcomes)


def _name(document: str) -> str:
    path = PurePath(document.strip().lower())
    return (
        path.stem if path.suffix in (".md", ".txt", ".pdf", ".docx", ".html", ".htm", ".csv") else path.name
    )
