"""Everything a secretary can act on without a language model, and what each phrase means.

One table serves the recogniser (its grammar) and the responder (an exact look-up), so whatever the recogniser can
return has a meaning. Sentences that are not in the table, from free dictation, are understood by whole words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from voice_ai_service.calls.call_plan import CallPlan
from voice_ai_service.calls.destinations import Destination
from voice_ai_service.calls.secretary import Fact
from voice_ai_service.calls.transfer_rules import (
    find_destination,
    is_asked,
    match_rule,
    mentioned_destinations,
)
from voice_ai_service.dialogue.intents import Intent, Lexicon, lexicon
from voice_ai_service.dialogue.overlap import content_words, overlap
from voice_ai_service.text.languages import closest
from voice_ai_service.text.words import clauses, find_sequences, words

SURE_OVERLAP: Final = 0.8
"""From here on a fact's question beats a built-in cue: "horário de entrega" is not the opening hours."""
LIKELY_OVERLAP: Final = 0.55
PERSON_INTENTS: Final = frozenset(
    [
        "person",
        "people",
        "human",
        "someone",
        "operator",
        "attendant",
        "reception",
        "pessoa",
        "humano",
        "alguem",
        "atendente",
        "operador",
        "recepcao",
    ]
)
"""Names of a rule's intent that say: its destination is where people are."""


@dataclass(frozen=True, slots=True)
class FactAsked:
    fact: Fact


@dataclass(frozen=True, slots=True)
class DestinationAsked:
    """
    Attributes:
        reason: As in `Transfer`: rule or caller_asked.
        intent: The rule's, or "transfer".
        called: What the caller called it, in the caller's language; the destination's name where a rule fired.
    """

    destination: Destination
    reason: str
    intent: str
    called: str


Meaning = Intent | FactAsked | DestinationAsked


def is_action(meaning: Meaning) -> bool:
    """Whether more is wanted than words."""
    return isinstance(meaning, DestinationAsked) or meaning in (Intent.PERSON, Intent.MESSAGE, Intent.GOODBYE)


@dataclass(frozen=True, slots=True)
class Recognisable:
    text: str
    language: str
    meaning: Meaning


@dataclass(frozen=True, slots=True)
class Understood:
    meaning: Meaning
    language: str


@lru_cache(maxsize=256)
def vocabulary_of(plan: CallPlan) -> Vocabulary:
    """The plan's vocabulary, kept while the plan is in use."""
    return Vocabulary(plan)


class Vocabulary:
    def __init__(self, plan: CallPlan) -> None:
        self._plan = plan
        self._languages = plan.secretary.settings.languages
        unique: dict[tuple[str, tuple[str, ...]], Recognisable] = {}
        for entry in _entries(plan):
            key = (entry.language, words(entry.text))
            if key[1]:  # a phrase without a word cannot be said
                unique.setdefault(key, entry)  # the first meaning of a phrase counts
        self.entries: tuple[Recognisable, ...] = tuple(unique.values())
        self._exact = {key: entry.meaning for key, entry in unique.items()}
        self._questions = {
            language: tuple(_questions(plan, lexicon(language))) for language in self._languages
        }

    def understand(self, heard: str, language: str | None) -> Understood | None:
        """What was meant, in the language it was said in if that can be told; None for nothing known.

        Args:
            heard: The transcript.
            language: BCP-47 tag that the recogniser gave, or the call's.
        """
        first = closest(language, self._languages) or self._languages[0]
        order = (first, *(other for other in self._languages if other != first))
        for candidate in order:
            meaning = self._exactly(heard, candidate)
            if meaning is not None:
                return Understood(meaning, candidate)
        for candidate in order:
            meaning = self._by_words(heard, candidate)
            if meaning is not None:
                return Understood(meaning, candidate)
        return None

    def person(self) -> Destination | None:
        """Where "a person" is: the destination of a rule that says so, else the fallback's."""
        for rule in sorted(self._plan.rules, key=lambda one: one.priority):
            if set(words(rule.intent)) & PERSON_INTENTS:
                return find_destination(rule.destination, self._plan.destinations)
        fallback = self._plan.secretary.settings.fallback
        return (
            find_destination(fallback.destination, self._plan.destinations) if fallback.destination else None
        )

    def _exactly(self, heard: str, language: str) -> Meaning | None:
        spoken = words(heard)
        found = self._exact.get((language, spoken))
        return found or self._exact.get((language, _without_politeness(spoken, lexicon(language))))

    def _by_words(self, heard: str, language: str) -> Meaning | None:
        known = lexicon(language)
        asked = self._destination(heard, language, known)
        if asked is not None:
            return asked
        fact, score = self._best_fact(heard, known)
        if fact is not None and score >= SURE_OVERLAP:
            return FactAsked(fact)
        cue = _longest_cue(heard, known)
        if cue is not None:
            return cue
        return FactAsked(fact) if fact is not None and score >= LIKELY_OVERLAP else None

    def _destination(self, heard: str, language: str, known: Lexicon) -> DestinationAsked | None:
        secretary_uuid = self._plan.secretary.secretary_uuid
        match = match_rule(heard, self._plan.rules, language=language, secretary_uuid=secretary_uuid)
        if match is not None:
            destination = find_destination(match.rule.destination, self._plan.destinations)
            if destination is not None:
                return DestinationAsked(destination, "rule", match.rule.intent, destination.name)
        named = mentioned_destinations(heard, self._plan.destinations)
        if not named:
            return None
        spoken = clauses(heard)
        wished = any(is_asked(spoken, wish) for wish in known.wishes)
        if wished or _is_alone(named[0].destination, spoken.words, known):
            return DestinationAsked(named[0].destination, "caller_asked", "transfer", named[0].called)
        return None

    def _best_fact(self, heard: str, known: Lexicon) -> tuple[Fact | None, float]:
        said = content_words(words(heard), known)
        best: tuple[Fact | None, float] = (None, 0.0)
        for fact, question in self._questions[known.language]:
            score = overlap(question, said)
            if score > best[1]:
                best = (fact, score)
        return best


def _longest_cue(heard: str, known: Lexicon) -> Intent | None:
    """The built-in intent whose cue has most words; of equals the first in the file."""
    spoken = clauses(heard)
    found = [
        (len(cue), -order, intent)
        for order, (intent, cues) in enumerate(known.cues.items())
        for cue in cues
        if is_asked(spoken, cue)
    ]
    return max(found)[2] if found else None


def _entries(plan: CallPlan) -> Iterator[Recognisable]:
    settings = plan.secretary.settings
    for language in settings.languages:
        known = lexicon(language)
        for rule in sorted(plan.rules, key=lambda one: one.priority):
            destination = find_destination(rule.destination, plan.destinations)
            if destination is not None and closest(rule.language or language, (language,)):
                for phrase in rule.phrases:
                    yield Recognisable(
                        phrase, language, DestinationAsked(destination, "rule", rule.intent, destination.name)
                    )
        for destination in plan.destinations:
            for name in (destination.name, *destination.aliases):
                for carrier in known.carriers:
                    text = carrier.format(name)
                    yield Recognisable(
                        text, language, DestinationAsked(destination, "caller_asked", "transfer", name)
                    )
        for fact in settings.facts:
            for question in _fact_questions(fact, language, settings.languages[0]):
                yield Recognisable(question, language, FactAsked(fact))
        for intent, phrases in known.phrases.items():
            for phrase in phrases:
                yield Recognisable(phrase, language, intent)


def _fact_questions(fact: Fact, language: str, first_language: str) -> tuple[str, ...]:
    """A fact that nobody wrote questions for is asked for by its topic, in the secretary's first language."""
    asked = fact.questions.get(language, ())
    return asked or ((fact.topic,) if language == first_language else ())


def _questions(plan: CallPlan, known: Lexicon) -> Iterator[tuple[Fact, frozenset[str]]]:
    settings = plan.secretary.settings
    for fact in settings.facts:
        for question in _fact_questions(fact, known.language, settings.languages[0]):
            yield fact, content_words(words(question), known)


def _without_politeness(spoken: tuple[str, ...], known: Lexicon) -> tuple[str, ...]:
    for phrase in known.polite:
        for start in reversed(find_sequences(spoken, phrase)):
            spoken = spoken[:start] + spoken[start + len(phrase) :]
    return spoken


def _is_alone(destination: Destination, spoken: tuple[str, ...], known: Lexicon) -> bool:
    """Whether little else was said than the destination's name: "o financeiro por favor"."""
    named = {word for name in (destination.name, *destination.aliases) for word in words(name)}
    return all(word in named or word in known.stop_words for word in _without_politeness(spoken, known))
