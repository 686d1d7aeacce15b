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

MAX_PHRASES: Final = 500
MAX_WORDS_IN_PHRASE: Final = 16

_BEFORE: Final[Mapping[str, tuple[str, ...]]] = {
    "pt": (
        "eu quero",
        "quero",
        "eu gostaria de",
        "gostaria de",
        "eu preciso",
        "por favor",
        "olá",
        "o",
        "a",
        "é",
    ),
    "en": ("i want", "i would like", "i'd like", "can you", "i need", "please", "hello", "the", "um"),
}
_AFTER: Final[Mapping[str, tuple[str, ...]]] = {
    "pt": ("por favor", "obrigado", "obrigada"),
    "en": ("please", "thank you", "thanks"),
}
_CARRIER_WEIGHT: Final = 0.1
_NOT_IN_WORDS: Final = re.compile(r"[^\w'’-]+")


@dataclass(frozen=True, slots=True, order=True)
class SpokenWord:
    text: str
    language: str


def words_of(text: str) -> tuple[str, ...]:
    """The words as they are spoken: folded to lower case, without punctuation."""
    folded = unicodedata.normalize("NFC", text).lower()
    return tuple(word.strip("'’-_") for word in _NOT_IN_WORDS.sub(" ", folded).split() if word.strip("'’-_"))


def _base(language: str) -> str:
    return language.split("-")[0].lower()


class PhraseSet:
    """The phrases of one recognition, without those that have no words and without doubles.

    Attributes:
        name: The same for the same phrases in any order.
    """

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        spoken: dict[tuple[str, tuple[str, ...]], Phrase] = {}
        for phrase in phrases:
            words = words_of(phrase.text)[:MAX_WORDS_IN_PHRASE]
            if words:
                spoken.setdefault((phrase.language, words), phrase)
        self.spoken = dict(sorted(list(spoken.items())[:MAX_PHRASES]))
        key = "\n".join(f"{language}\t{' '.join(words)}" for language, words in self.spoken)
        self.name = "g" + hashlib.sha256(key.encode()).hexdigest()[:24]

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(sorted({language for language, _ in self.spoken}))

    def vocabulary(self) -> tuple[SpokenWord, ...]:
        """Every word whose sound must be known, those of the carrier phrases included."""
        found = {SpokenWord(word, language) for language, words in self.spoken for word in words}
        for language in self.languages:
            carriers = (*_BEFORE.get(_base(language), ()), *_AFTER.get(_base(language), ()))
            found |= {SpokenWord(word, language) for carrier in carriers for word in carrier.split()}
        return tuple(sorted(found))


class Grammar:
    """A phrase set that the decoder can load.

    Args:
        sounds: ARPAbet pronunciations of the set's vocabulary. Phrases with a word that has none are left
            out.
    """

    def __init__(self, phrases: PhraseSet, sounds: Mapping[SpokenWord, Sequence[str]]) -> None:
        self.name = phrases.name
        self._sounds = sounds
        self._tokens: dict[tuple[str, SpokenWord], str] = {}
        self._phrases: dict[tuple[str, ...], Phrase] = {}
        by_language: dict[str, list[str]] = {language: [] for language in phrases.languages}
        for (language, words), phrase in phrases.spoken.items():
            tokens = self._tokens_of("p", language, words)
            if tokens:
                self._phrases[tokens] = phrase
                by_language[language].append(" ".join(tokens))
        self._jsgf = self._write({key: value for key, value in by_language.items() if value})

    @property
    def empty(self) -> bool:
        return not self._phrases

    def load_message(self) -> LoadGrammar:
        pronunciations = [
            [token, phones] for (_, word), token in self._tokens.items() for phones in self._sounds[word]
        ]
        spellings = [
            [token, word.text] for (_, word), token in self._tokens.items() if _base(word.language) == "en"
        ]
        return LoadGrammar(self.name, self._jsgf, pronunciations, spellings)

    def phrase_of(self, tokens: Sequence[str]) -> tuple[Phrase, slice] | None:
        """The phrase among heard tokens and where it stands, carrier words left out."""
        at = [index for index, token in enumerate(tokens) if token.startswith("p")]
        if not at:
            return None
        phrase = self._phrases.get(tuple(tokens[index] for index in at))
        return (phrase, slice(at[0], at[-1] + 1)) if phrase else None

    def _tokens_of(self, prefix: str, language: str, words: Iterable[str]) -> tuple[str, ...]:
        spoken = [SpokenWord(word, language) for word in words]
        if not all(self._sounds.get(word) for word in spoken):
            return ()
        return tuple(self._token(prefix, word) for word in spoken)

    def _token(self, prefix: str, word: SpokenWord) -> str:
        """The same word gets the same token in every grammar, so that the dictionary grows with words, not
        grammars.
        """
        digest = hashlib.sha256(f"{word.language}\t{word.text}".encode()).hexdigest()[:12]
        return self._tokens.setdefault((prefix, word), prefix + digest)

    def _write(self, by_language: Mapping[str, Sequence[str]]) -> str:
        lines = ["#JSGF V1.0;", f"grammar {self.name};"]
        for number, (language, phrases) in enumerate(by_language.items()):
            before = self._carriers(language, _BEFORE)
            after = self._carriers(language, _AFTER)
            lines.append(f"<phrase{number}> = {' | '.join(phrases)};")
            lines.append(f"<said{number}> = {before} <phrase{number}> {after};")
        lines.append(
            f"public <said> = {' | '.join(f'<said{number}>' for number in range(len(by_language)))};"
        )
        return "\n".join(lines)

    def _carriers(self, language: str, carriers: Mapping[str, tuple[str, ...]]) -> str:
        known = [
            self._tokens_of("c", language, carrier.split()) for carrier in carriers.get(_base(language), ())
        ]
        spelled = [" ".join(tokens) for tokens in known if tokens]
        return f"[ /{_CARRIER_WEIGHT}/ ( {' | '.join(spelled)} ) ]" if spelled else ""
