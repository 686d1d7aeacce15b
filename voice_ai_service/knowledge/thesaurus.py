"""What stands for what: the synonyms that ship and the tenant's own, in the stems of the documents. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from voice_ai_service.knowledge.language_data import MAX_PHRASE_WORDS, LanguageData, Phrase
from voice_ai_service.knowledge.lexicon import Lexicon, make_lexicon

SYNONYM: Final = 0.6
CUE: Final = 0.5
OWN: Final = 0.9
"""The tenant's own synonyms are meant as they are written."""

StemOf = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Thesaurus:
    """
    Attributes:
        meanings: What is said, as keys (a stem, or the word itself where the stemmer drops it), to the stems that
            it may stand for with their likeness.
        words: The single words in it, to recognise them misheard.
    """

    meanings: dict[Phrase, dict[Phrase, float]]
    words: Lexicon

    def in_text(self, keys: Sequence[str]) -> Iterator[tuple[int, int, dict[Phrase, float]]]:
        """Start, number of words and meanings of each term that occurs."""
        for start in range(len(keys)):
            for size in range(min(MAX_PHRASE_WORDS, len(keys) - start), 0, -1):
                found = self.meanings.get(tuple(keys[start : start + size]))
                if found:
                    yield start, size, found


def make_thesaurus(data: LanguageData, own: Sequence[Sequence[Phrase]], stem_of: StemOf) -> Thesaurus:
    """Compile the language's data with the tenant's groups."""
    meanings: dict[Phrase, dict[Phrase, float]] = {}
    for group in data.synonyms:
        _join(meanings, group, group, SYNONYM, stem_of)
    for said, meant in data.cues:
        _join(meanings, (said,), meant, CUE, stem_of)
    for meant_alike in own:
        _join(meanings, meant_alike, meant_alike, OWN, stem_of)
    single = {key[0]: 1 for key in meanings if len(key) == 1 and len(key[0]) > 3}
    return Thesaurus(meanings, make_lexicon(data.language, 1, single))


def _join(
    meanings: dict[Phrase, dict[Phrase, float]],
    said: Sequence[Phrase],
    meant: Sequence[Phrase],
    likeness: float,
    stem_of: StemOf,
) -> None:
    targets = [target for target in (_target(phrase, stem_of) for phrase in meant) if target]
    for phrase in said:
        key = tuple(stem_of(word) or word for word in phrase)
        own = _target(phrase, stem_of)
        here = meanings.setdefault(key, {})
        for target in targets:
            if target != own or len(phrase) > 1:
                here[target] = max(likeness, here.get(target, 0.0))


def _target(phrase: Phrase, stem_of: StemOf) -> Phrase:
    return tuple(stem for stem in (stem_of(word) for word in phrase) if stem)
