"""When a caller's words mean a destination. Whole words, accents and case folded, never a part of a word. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from voice_ai_service.calls.destinations import Destination, TransferRule
from voice_ai_service.text.languages import base_language
from voice_ai_service.text.negation import is_denied
from voice_ai_service.text.words import Clauses, clauses, configured_words, find_sequences, words


@dataclass(frozen=True, slots=True)
class RuleMatch:
    """
    Attributes:
        rule: The rule that fires.
        phrase: The one of its phrases that was said.
    """

    rule: TransferRule
    phrase: str


def match_rule(
    heard: str,
    rules: Iterable[TransferRule],
    *,
    language: str | None,
    secretary_uuid: UUID | None = None,
    immediate_only: bool = False,
) -> RuleMatch | None:
    """The rule that fits best: the longest phrase, then a secretary's own rule, then the lowest priority number.

    Args:
        heard: What the caller said.
        rules: Rules of one domain.
        language: BCP-47 tag of `heard`; rules of another language do not fire. None lets all of them.
        secretary_uuid: Rules of another secretary do not fire.
        immediate_only: Leave out rules that wait for the language model.
    """
    spoken = clauses(heard)
    found: list[tuple[tuple[int, int, int, int], RuleMatch]] = []
    for order, rule in enumerate(rules):
        if not _applies(rule, language, secretary_uuid) or (immediate_only and not rule.immediate):
            continue
        for phrase in rule.phrases:
            wanted = configured_words(phrase)
            if is_asked(spoken, wanted):
                scope = 0 if rule.secretary_uuid is not None else 1
                found.append(((-len(wanted), scope, rule.priority, order), RuleMatch(rule, phrase)))
    return min(found, key=lambda entry: entry[0])[1] if found else None


def is_asked(spoken: Clauses, wanted: Sequence[str]) -> bool:
    """Whether the words stand somewhere in a row without being denied there."""
    return any(not is_denied(spoken, start, len(wanted)) for start in find_sequences(spoken.words, wanted))


def find_destination(name: str, destinations: Iterable[Destination]) -> Destination | None:
    """The destination with this name or alias, folded; names before aliases. Never a near miss."""
    wanted = words(name)
    if not wanted:
        return None
    listed = tuple(destinations)
    by_name = next((one for one in listed if configured_words(one.name) == wanted), None)
    return by_name or next(
        (one for one in listed if any(configured_words(alias) == wanted for alias in one.aliases)), None
    )


@dataclass(frozen=True, slots=True)
class Mention:
    """`called` is the name or alias that was said, as the tenant spells it."""

    destination: Destination
    called: str


def mentioned_destinations(heard: str, destinations: Iterable[Destination]) -> tuple[Mention, ...]:
    """Destinations whose name or alias was said and not denied, the longest mention first."""
    spoken = clauses(heard)
    found: list[tuple[int, int, Mention]] = []
    for order, destination in enumerate(destinations):
        said = [
            name
            for name in (destination.name, *destination.aliases)
            if is_asked(spoken, configured_words(name))
        ]
        if said:
            called = max(said, key=lambda name: len(configured_words(name)))
            found.append((-len(configured_words(called)), order, Mention(destination, called)))
    return tuple(mention for _, _, mention in sorted(found, key=lambda entry: entry[:2]))


def _applies(rule: TransferRule, language: str | None, secretary_uuid: UUID | None) -> bool:
    if rule.secretary_uuid is not None and rule.secretary_uuid != secretary_uuid:
        return False
    return (
        rule.language is None or language is None or base_language(rule.language) == base_language(language)
    )
