"""A set of phrases as a JSGF grammar of made-up tokens, and the way back from tokens to a phrase.

Tokens instead of words, because the same spelling sounds different in two languages, and because the
decoder's dictionary takes no accents.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from voice_ai_service.providers.embedded_speech.messages import LoadGrammar
from voice_ai_service.providers.stt.seam import Phrase
from voice_ai_service.text.languages import base_language

MAX_PHRASES: Final = 500
MAX_WORDS_IN_PHRASE: Final = 16

Tokens = tuple[str, ...]

_BEFORE: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "pt": (
        ("olá", "oi", "alô", "bom dia", "boa tarde", "boa noite", "por favor", "é"),
        (
            "eu quero",
            "quero",
            "eu queria",
            "queria",
            "eu gostaria de",
            "gostaria de",
            "eu preciso",
            "preciso",
        ),
        ("o", "a"),
    ),
    "en": (
        ("hello", "hi", "good morning", "good afternoon", "please", "yes", "um"),
        (
            "i want to",
            "i would like to",
            "i'd like to",
            "i need to",
            "can you",
            "could you",
            "can you tell me",
            "can i",
        ),
        ("the",),
    ),
}
"""What people say before the thing itself: at most one of each group, in this order."""
_AFTER: Final[Mapping[str, tuple[str, ...]]] = {
    "pt": ("por favor", "por gentileza", "obrigado", "obrigada"),
    "en": ("please", "thank you", "thanks"),
}
_CARRIER_WEIGHT: Final = 0.1
_LANGUAGE_WEIGHTS: Final = (1.0, 0.3)
"""Of the languages in their order: what callers speak first is likelier to be spoken."""
_TOKEN: Final = re.compile(r"\b[pc][0-9a-f]{12}\b")
_NOT_IN_WORDS: Final = re.compile(r"[^\w'’-]+")


@dataclass(frozen=True, slots=True, order=True)
class SpokenWord:
    text: str
    language: str


def words_of(text: str) -> tuple[str, ...]:
    """The words as they are spoken: folded to lower case, without punctuation."""
    folded = unicodedata.normalize("NFC", text).lower()
    return tuple(word.strip("'’-_") for word in _NOT_IN_WORDS.sub(" ", folded).split() if word.strip("'’-_"))


class PhraseSet:
    """The phrases of one recognition, without those that have no words and without doubles.

    Args:
        phrases: The most important first; beyond MAX_PHRASES none is kept.
        languages: BCP-47 tags, likeliest first; phrases in other languages are left out. A tag stands for its
            primary language.

    Attributes:
        spoken: Language and words of each phrase.
        languages: Those that have phrases, in order.
        name: The same for the same phrases in any order.
    """

    def __init__(self, phrases: Iterable[Phrase], languages: Sequence[str]) -> None:
        order = list(dict.fromkeys(map(base_language, languages)))
        wanted = (phrase for phrase in phrases if base_language(phrase.language) in order)
        spoken: dict[tuple[str, Tokens], Phrase] = {}
        for phrase in wanted:
            words = words_of(phrase.text)[:MAX_WORDS_IN_PHRASE]
            if words and len(spoken) < MAX_PHRASES:
                spoken.setdefault((phrase.language, words), phrase)
        self.spoken = dict(sorted(spoken.items()))
        found = {language for language, _ in spoken}
        self.languages = tuple(sorted(found, key=lambda tag: (order.index(base_language(tag)), tag)))
        lines = [
            " ".join(self.languages),
            *(f"{language}\t{' '.join(words)}" for language, words in self.spoken),
        ]
        self.name = "g" + hashlib.sha256("\n".join(lines).encode()).hexdigest()[:24]

    def vocabulary(self) -> tuple[SpokenWord, ...]:
        """Every word whose sound must be known, those of the carrier phrases included."""
        found = {SpokenWord(word, language) for language, words in self.spoken for word in words}
        for language in self.languages:
            groups = (*_BEFORE.get(base_language(language), ()), _AFTER.get(base_language(language), ()))
            found |= {
                SpokenWord(word, language) for group in groups for said in group for word in said.split()
            }
        return tuple(sorted(found))


class Grammar:
    """A phrase set in the two forms that the decoder loads.

    Carrier words around the phrases let foreign sentences through and win over phrases that are not clearly said,
    so they are only tried when the phrases alone do not fit.

    Args:
        sounds: ARPAbet pronunciations of the set's vocabulary. A phrase with a word that has none is left out.

    Attributes:
        exact: Nothing but one of the phrases.
        polite: A phrase with what people say around it.
    """

    def __init__(self, phrases: PhraseSet, sounds: Mapping[SpokenWord, Sequence[str]]) -> None:
        self._sounds = sounds
        self._phrases: dict[Tokens, Phrase] = {}
        by_language: dict[str, list[Tokens]] = {language: [] for language in phrases.languages}
        for (language, words), phrase in phrases.spoken.items():
            tokens = self._tokens_of("p", language, words)
            if tokens:
                self._phrases[tokens] = phrase
                by_language[language].append(tokens)
        known = {language: found for language, found in by_language.items() if found}
        self.exact = self._load(phrases.name, known, polite=False)
        self.polite = self._load(f"{phrases.name}polite", known, polite=True)

    @property
    def empty(self) -> bool:
        return not self._phrases

    def phrase_of(self, tokens: Sequence[str]) -> tuple[Phrase, slice] | None:
        """The phrase among heard tokens and where it stands, carrier words left out."""
        at = [index for index, token in enumerate(tokens) if token.startswith("p")]
        if not at:
            return None
        phrase = self._phrases.get(tuple(tokens[index] for index in at))
        return (phrase, slice(at[0], at[-1] + 1)) if phrase else None

    def _tokens_of(self, prefix: str, language: str, words: Iterable[str]) -> Tokens:
        """Empty when a word has no sound."""
        spoken = [SpokenWord(word, language) for word in words]
        return tuple(_token(prefix, word) for word in spoken) if all(map(self._sounds.get, spoken)) else ()

    def _load(self, name: str, by_language: Mapping[str, Sequence[Tokens]], *, polite: bool) -> LoadGrammar:
        jsgf = self._write(name, by_language, polite=polite)
        written = set(_TOKEN.findall(jsgf))
        candidates = ((_token(prefix, word), word) for word in self._sounds for prefix in ("p", "c"))
        used = {token: word for token, word in candidates if token in written}
        pronunciations = [[token, phones] for token, word in used.items() for phones in self._sounds[word]]
        spellings = [
            [token, word.text] for token, word in used.items() if base_language(word.language) == "en"
        ]
        return LoadGrammar(name, jsgf, pronunciations, spellings)

    def _write(self, name: str, by_language: Mapping[str, Sequence[Tokens]], *, polite: bool) -> str:
        """The said phrase is one of a language's; languages weigh what their order says."""
        rules = ["#JSGF V1.0;", f"grammar {name};"]
        choices = []
        for rank, (language, phrases) in enumerate(by_language.items()):
            said = _prefix_tree(phrases)
            rules.append(f"<said{rank}> = {self._with_carriers(language, said) if polite else said};")
            choices.append(f"/{_LANGUAGE_WEIGHTS[min(rank, len(_LANGUAGE_WEIGHTS) - 1)]}/ <said{rank}>")
        return "\n".join([*rules, f"public <said> = {' | '.join(choices)};"])

    def _with_carriers(self, language: str, said: str) -> str:
        base = base_language(language)
        before = [self._any_or_none(language, group) for group in _BEFORE.get(base, ())]
        after = self._any_or_none(language, _AFTER.get(base, ()))
        return " ".join(filter(None, [*before, said, after]))

    def _any_or_none(self, language: str, carriers: Iterable[str]) -> str:
        spoken = [self._tokens_of("c", language, carrier.split()) for carrier in carriers]
        known = [" ".join(tokens) for tokens in spoken if tokens]
        if not known:
            return ""
        return f"( /{1 - _CARRIER_WEIGHT:.4f}/ <NULL> | /{_CARRIER_WEIGHT}/ ( {' | '.join(known)} ) )"


def _token(prefix: str, word: SpokenWord) -> str:
    """The same word gets the same token in every grammar, so that the dictionary grows with words, not grammars."""
    return prefix + hashlib.sha256(f"{word.language}\t{word.text}".encode()).hexdigest()[:12]


def _prefix_tree(phrases: Sequence[Tokens]) -> str:
    """Alternatives that share their beginnings: a fraction of the decoder's work, and every phrase as likely.

    The weight of a branch is the number of phrases behind it.
    """
    if list(phrases) == [()]:
        return ""
    branches: dict[str, list[Tokens]] = {}
    for tokens in phrases:
        if tokens:
            branches.setdefault(tokens[0], []).append(tokens[1:])
    ends = sum(1 for tokens in phrases if not tokens)
    options = [(len(rest), f"{token} {_prefix_tree(rest)}".strip()) for token, rest in branches.items()]
    if ends:
        options.append((ends, "<NULL>"))
    if len(options) == 1:
        return options[0][1]
    weighted = (f"/{count / len(phrases):.6f}/ {spelled}" for count, spelled in options)
    return f"( {' | '.join(weighted)} )"
