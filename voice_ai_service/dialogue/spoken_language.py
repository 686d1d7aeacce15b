"""Which language the caller speaks now. One foreign word is no reason for a call to change its own. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from voice_ai_service.dialogue.call_state import CallState
from voice_ai_service.dialogue.intents import lexicon
from voice_ai_service.dialogue.turn import Heard, TurnContext
from voice_ai_service.text.languages import base_language, closest
from voice_ai_service.text.words import words

ENOUGH_WORDS: Final = 3
"""Of a foreign utterance that changes the language by itself: "okay", "bye bye" and "check-in" do not."""
UNSURE: Final = 0.4
"""A recogniser that is less sure than this of the words is not believed about their language."""
_LEAD: Final = 2
"""So many more of a language's little words than of any other's tell it by the text alone."""
_NAMES: Final = {
    "en": ("english", "ingles"),
    "pt": ("portuguese", "portugues"),
    "es": ("spanish", "espanhol", "espanol"),
}
_AROUND: Final = frozenset(
    words(
        "em fala falam falar podemos pode podem posso voce voces o a senhor senhora por favor quero prefiro sim ola oi "
        "in speak can could do does you we i want would like prefer to switch please yes hello hi anybody anyone"
    )
)
"""Words that say nothing but that a language is wanted: "aula em inglês" says more, and changes nothing."""


def settled_language(turn: TurnContext) -> str | None:
    """The language that this turn's words count as, one of the secretary's; None: nobody knows, the call's goes on.

    The call's own, unless the caller asked for another, said enough in it, or spoke it twice in a row.
    """
    spoken = turn.secretary.settings.languages
    current = closest(turn.call.language, spoken) or spoken[0]
    asked = _asked_for(turn.heard.text, spoken)
    if asked is not None:
        return asked
    said = _said_in(turn.heard, spoken)
    if said is None or said == current:
        return said
    if _sure(turn.heard) and len(words(turn.heard.text)) >= ENOUGH_WORDS:
        return said
    return said if _last_heard(turn.call, turn.turn, spoken) == said else current


def _sure(heard: Heard) -> bool:
    return heard.confidence is None or heard.confidence >= UNSURE


def _said_in(heard: Heard, spoken: Sequence[str]) -> str | None:
    """By the text where it is plain: engines that are told one language name it whatever they hear."""
    return _by_text(heard.text, spoken) or closest(heard.language, spoken)


def _by_text(text: str, spoken: Sequence[str]) -> str | None:
    found = words(text)
    little = {language: lexicon(language).stop_words for language in spoken}
    counts: dict[str, int] = {}
    for language, own in little.items():
        others: frozenset[str] = frozenset().union(
            *(theirs for other, theirs in little.items() if base_language(other) != base_language(language))
        )
        counts[language] = sum(word in own and word not in others for word in found)
    order = sorted(spoken, key=lambda language: -counts[language])
    if len(order) < 2 or counts[order[0]] < counts[order[1]] + _LEAD:
        return None
    return order[0]


def _asked_for(text: str, spoken: Sequence[str]) -> str | None:
    """ "In English, please", "o senhor fala inglês?": a language's name, and nothing but a wish around it."""
    found = words(text)
    for base, names in _NAMES.items():
        if any(name in found for name in names) and all(word in _AROUND or word in names for word in found):
            return closest(base, spoken)
    return None


def _last_heard(call: CallState, turn: int, spoken: Sequence[str]) -> str | None:
    for record in reversed(call.turns):
        if record.turn < turn and record.heard:
            heard = Heard(record.heard, record.heard_language, record.heard_confidence)
            return _said_in(heard, spoken)
    return None


def likeliest_first(language: str, spoken: tuple[str, ...]) -> tuple[str, ...]:
    """The languages for a recogniser: the call's before the others."""
    current = closest(language, spoken)
    if current is None:
        return spoken
    return (current, *(other for other in spoken if other != current))
