"""What is known of a language without any document: fillers, stop words, everyday synonyms (`language.<tag>.json`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from pydantic import BaseModel, ConfigDict

from voice_ai_service.text.languages import closest
from voice_ai_service.text.words import words

LANGUAGES: Final = ("pt-BR", "en")
MAX_PHRASE_WORDS: Final = 4

Phrase = tuple[str, ...]


class _File(BaseModel):
    """
    Attributes:
        fillers: What callers say around a question; cut out before anything else.
        stop_words: Carry no meaning in a question.
        weak_words: Carry a little: they count for less than others.
        synonyms: Groups; each member stands for every other.
        cues: What is said to what it asks for, one way: "quanto" asks for a price, a price is not "quanto".
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    fillers: list[str]
    stop_words: list[str]
    weak_words: list[str]
    synonyms: list[list[str]]
    cues: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class LanguageData:
    """The same, folded. `groups` are (what is said, what it stands for)."""

    language: str
    fillers: tuple[Phrase, ...]
    stop_words: frozenset[str]
    weak_words: frozenset[str]
    synonyms: tuple[tuple[Phrase, ...], ...]
    cues: tuple[tuple[Phrase, tuple[Phrase, ...]], ...]


@cache
def language_data(language: str) -> LanguageData:
    """A language's data; of one that we know nothing of, empty."""
    tag = closest(language, LANGUAGES)
    if tag is None:
        return LanguageData(language, (), frozenset(), frozenset(), (), ())
    text = resources.files(__package__).joinpath(f"language.{tag}.json").read_text(encoding="utf-8")
    read = _File.model_validate_json(text)
    return LanguageData(
        language=tag,
        fillers=tuple(sorted(phrases(read.fillers), key=len, reverse=True)),
        stop_words=frozenset(word for one in read.stop_words for word in words(one)),
        weak_words=frozenset(word for one in read.weak_words for word in words(one)),
        synonyms=tuple(phrases(group) for group in read.synonyms),
        cues=tuple((words(said), phrases(meant)) for said, meant in read.cues.items()),
    )


def phrases(texts: Iterable[str]) -> tuple[Phrase, ...]:
    """Folded, without those that are empty or too long to be a term."""
    folded = (words(text) for text in texts)
    return tuple(dict.fromkeys(phrase for phrase in folded if 0 < len(phrase) <= MAX_PHRASE_WORDS))


def without_fillers(spoken: Sequence[str], fillers: Sequence[Phrase]) -> tuple[str, ...]:
    """The words that are left when each filler, the longest first, is cut out."""
    kept = list(spoken)
    at = 0
    while at < len(kept):
        filler = next((one for one in fillers if tuple(kept[at : at + len(one)]) == one), None)
        if filler is None:
            at += 1
        else:
            del kept[at : at + len(filler)]
    return tuple(kept)
