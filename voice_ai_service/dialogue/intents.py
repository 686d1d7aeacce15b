"""The built-in intents' phrases, as data per language (`intents.<language>.json`).

The recogniser's grammar and the embedded responder read the same lists, so they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field, model_validator

from voice_ai_service.calls.secretary import LANGUAGES
from voice_ai_service.text.words import words


class Intent(StrEnum):
    """What a caller may want of any secretary."""

    GREETING = "greeting"
    HOURS = "hours"
    PERSON = "person"
    MESSAGE = "message"
    YES = "yes"
    NO = "no"
    REPEAT = "repeat"
    HELP = "help"
    THANKS = "thanks"
    GOODBYE = "goodbye"


class _IntentPhrases(BaseModel):
    """`phrases` are recognised whole; `cues` mean the intent wherever they stand in a longer sentence."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    phrases: tuple[str, ...] = Field(min_length=1)
    cues: tuple[str, ...]


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    intents: dict[Intent, _IntentPhrases]
    carriers: tuple[str, ...]
    wishes: tuple[str, ...]
    polite: tuple[str, ...]
    noise: tuple[str, ...]
    stop_words: tuple[str, ...]

    @model_validator(mode="after")
    def _complete(self) -> _File:
        missing = [intent.value for intent in Intent if intent not in self.intents]
        if missing:
            raise ValueError(f"intents: {', '.join(missing)} missing")
        if any(carrier.count("{}") != 1 for carrier in self.carriers):
            raise ValueError("carriers: each has {} once, where the destination's name goes")
        seen: dict[tuple[str, ...], Intent] = {}
        for intent, entry in self.intents.items():
            for phrase in entry.phrases:
                other = seen.setdefault(words(phrase), intent)
                if other is not intent:
                    raise ValueError(f"intents: {phrase!r} means {other.value} and {intent.value}")
        return self


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One language's built-in words, folded where they are only compared.

    Attributes:
        phrases: Spellings per intent, for the recogniser.
        cues: Folded word sequences per intent.
        carriers: Sentences around a destination's name, `{}` where it goes.
        wishes: Sequences that say a caller wants to be put through.
        polite: Sequences that mean nothing.
        noise: What recognisers hear in silence and noise, as whole utterances: other people's subtitles.
        stop_words: Words without a meaning of their own.
    """

    language: str
    phrases: Mapping[Intent, tuple[str, ...]]
    cues: Mapping[Intent, tuple[tuple[str, ...], ...]]
    carriers: tuple[str, ...]
    wishes: tuple[tuple[str, ...], ...]
    polite: tuple[tuple[str, ...], ...]
    noise: frozenset[tuple[str, ...]]
    stop_words: frozenset[str]


@cache
def lexicon(language: str) -> Lexicon:
    """The built-in words of one of `LANGUAGES`.

    Raises:
        FileNotFoundError: Another language.
    """
    source = resources.files(__package__) / f"intents.{language}.json"
    data = _File.model_validate_json(source.read_text(encoding="utf-8"))
    return Lexicon(
        language=language,
        phrases=MappingProxyType({intent: entry.phrases for intent, entry in data.intents.items()}),
        cues=MappingProxyType(
            {i: tuple(words(cue) for cue in entry.cues) for i, entry in data.intents.items()}
        ),
        carriers=data.carriers,
        wishes=tuple(words(wish) for wish in data.wishes),
        polite=tuple(sorted((words(phrase) for phrase in data.polite), key=len, reverse=True)),
        noise=frozenset(words(phrase) for phrase in data.noise),
        stop_words=frozenset(word for entry in data.stop_words for word in words(entry)),
    )


for _language in LANGUAGES:  # read at import, so that a broken file stops the start and no call
    lexicon(_language)
del _language
