"""The words of one tenant's documents in one language: how rare each is, and which of them a heard word may be.

Immutable once made; making one takes CPU and belongs in a thread.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from voice_ai_service.knowledge.sounds import distance, sound_of
from voice_ai_service.text.languages import base_language

_SAME_ROOT: Final = 0.9
_SAME_SOUND: Final = 0.85
_REAL_WORD: Final = 0.35
_LONG_SOUND: Final = 4
_ONE_EDIT: Final = 0.7
_ONE_EDIT_SHORT: Final = 0.5
_TWO_EDITS: Final = 0.45
_SAME_BEGINNING: Final = 0.6
_CANDIDATES: Final = 40
_ROOT_ENDINGS: Final = {
    "pt": re.compile(
        r"(?:ament|iment|aca|uca|ica|aco|ico|aco[ei]?|avel|ivel|ador|idor|edor|ante|ente|ancia|encia|agem|ura|ado|ido|ad|id|"
        r"iv|os|al|eir|ist|[aeiou])$"
    ),
    "en": re.compile(r"(?:ation|ition|ment|ness|able|ible|ance|enc|ant|ent|er|or|al|ic|ful|i|e)$"),
}
_MIN_ROOT: Final = 4


def root_of(stem: str, language: str) -> str:
    """What is left of a stem without the endings that the stemmer keeps where accents are gone ("marcaca", "marc")."""
    endings = _ROOT_ENDINGS.get(base_language(language))
    if endings is None:
        return stem
    shorter = endings.sub("", stem)
    return shorter if len(shorter) >= _MIN_ROOT else stem


@dataclass(frozen=True, slots=True)
class Lexicon:
    """
    Attributes:
        language: The chunks' language tag.
        chunks: How many chunks `counts` was taken from; a sample where the tenant has very many.
        counts: Stem to the number of those chunks that have it.
    """

    language: str
    chunks: int
    counts: Mapping[str, int]
    by_sound: Mapping[str, tuple[str, ...]]
    by_root: Mapping[str, tuple[str, ...]]
    by_pair: Mapping[str, tuple[str, ...]]

    def rarity(self, stem: str) -> float:
        """Inverse document frequency as BM25 has it (Robertson, Zaragoza 2009); highest for a word never seen."""
        count = self.counts.get(stem, 0)
        return math.log(1.0 + (self.chunks - count + 0.5) / (count + 0.5))

    @property
    def highest_rarity(self) -> float:
        return math.log(1.0 + (self.chunks + 0.5) / 0.5)

    def relatives(self, stem: str, *, is_word: bool = False) -> dict[str, float]:
        """Words of the documents that this one may be a form of, each with 0 to 1 for how surely.

        Args:
            is_word: It is a word of the language, so it was hardly meant to be another.
        """
        found: dict[str, float] = {}
        here = stem in self.counts
        if here:
            found[stem] = 1.0
        if len(stem) < 3 or stem.isdigit():
            return found
        for other in self.by_root.get(root_of(stem, self.language), ()):
            found.setdefault(other, _SAME_ROOT)
        sound = sound_of(stem, self.language)
        likeness = _REAL_WORD if here or is_word else _SAME_SOUND if len(sound) >= _LONG_SOUND else _TWO_EDITS
        for other in self.by_sound.get(sound, ()):
            found.setdefault(other, likeness)
        if not here and not is_word and len(stem) >= 4:
            for other, how in self._misspelt(stem, sound).items():
                found.setdefault(other, how)
        return found

    def _misspelt(self, stem: str, sound: str) -> dict[str, float]:
        shared = Counter(word for pair in sorted(pairs(stem)) for word in self.by_pair.get(pair, ()))
        limit = 1 if len(stem) < 8 else 2
        found: dict[str, float] = {}
        for word, _ in shared.most_common(_CANDIDATES):
            other = sound_of(word, self.language)
            if word.isdigit() or len(word) < 3 or other[:1] != sound[:1]:
                continue
            edits = min(distance(stem, word, limit), distance(sound, other, limit))
            if edits == 1:
                found[word] = _ONE_EDIT if len(stem) >= 7 else _ONE_EDIT_SHORT
            elif edits <= limit:
                found[word] = _TWO_EDITS
            elif len(_common_start(stem, word)) >= max(5, 0.75 * max(len(stem), len(word))):
                found[word] = _SAME_BEGINNING
        return found


def make_lexicon(language: str, chunks: int, counts: Mapping[str, int]) -> Lexicon:
    """Index the words by sound, root and pairs of letters."""
    by_sound: defaultdict[str, list[str]] = defaultdict(list)
    by_root: defaultdict[str, list[str]] = defaultdict(list)
    by_pair: defaultdict[str, list[str]] = defaultdict(list)
    for stem in sorted(counts):  # of equals the first counts, and the database's order changes
        if len(stem) < 3 or stem.isdigit():
            continue
        by_sound[sound_of(stem, language)].append(stem)
        by_root[root_of(stem, language)].append(stem)
        for pair in pairs(stem):
            by_pair[pair].append(stem)
    return Lexicon(language, chunks, counts, _frozen(by_sound), _frozen(by_root), _frozen(by_pair))


def pairs(word: str) -> set[str]:
    """Neighbouring letters, the word's borders among them."""
    marked = f"<{word}>"
    return {marked[at : at + 2] for at in range(len(marked) - 1)}


def _common_start(one: str, other: str) -> str:
    size = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        size += 1
    return one[:size]


def _frozen(index: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {key: tuple(words) for key, words in index.items()}
