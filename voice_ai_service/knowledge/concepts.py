"""A question becomes concepts: each thing that was asked for, with everything that may stand for it in a document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from voice_ai_service.knowledge.language_data import LanguageData, Phrase, without_fillers
from voice_ai_service.knowledge.lexicon import Lexicon
from voice_ai_service.knowledge.thesaurus import StemOf, Thesaurus
from voice_ai_service.text.words import words

MAX_CONCEPTS: Final = 16
"""Of a long utterance the first ones count: a query's time must not grow with what a caller tells."""
_MAX_VARIANTS: Final = 24
_MAX_LOOKED_AT: Final = 1500
_WEAK: Final = 0.4
_CUE: Final = 0.4
_JOINED: Final = 0.8
_SURE: Final = 0.8


@dataclass(frozen=True, slots=True)
class Variant:
    """Stems that must all be near each other; one for most. `likeness`: how surely they mean the concept, 0 to 1."""

    stems: Phrase
    likeness: float


@dataclass(frozen=True, slots=True)
class Concept:
    """
    Attributes:
        said: The words as heard, folded.
        weight: How much of the question it is.
        variants: The likeliest first; those that the documents have. Empty: the documents have nothing like it.
    """

    said: str
    weight: float
    variants: tuple[Variant, ...]


@dataclass(frozen=True, slots=True)
class LanguageSense:
    """All that is known of one language for one tenant."""

    data: LanguageData
    lexicon: Lexicon
    thesaurus: Thesaurus
    stem_of: StemOf


def question_words(text: str, data: LanguageData) -> tuple[str, ...]:
    """The folded words without what callers say around a question; all of them where nothing else is left."""
    spoken = words(text)
    return without_fillers(spoken, data.fillers) or spoken


def concepts_of(spoken: Sequence[str], sense: LanguageSense) -> tuple[Concept, ...]:
    """The concepts of a question's words."""
    keys = [sense.stem_of(word) or word for word in spoken]
    content = [_is_content(word, sense) for word in spoken]
    likeness: list[dict[Phrase, float]] = [{} for _ in spoken]
    for at, key in enumerate(keys):
        if content[at]:
            _add_forms(likeness[at], key, sense)
            _add_joined(likeness, keys, at, sense.lexicon)
    cues: list[Concept] = []
    for start, size, meanings in sense.thesaurus.in_text(keys):
        inside = [at for at in range(start, start + size) if content[at]]
        for at in inside:
            _merge(likeness[at], meanings)
        if inside:
            continue
        cues.append(_concept(" ".join(spoken[start : start + size]), _CUE, dict(meanings), sense.lexicon))
    found = [
        _concept(word, _WEAK if word in sense.data.weak_words else 1.0, likeness[at], sense.lexicon)
        for at, word in enumerate(spoken)
        if content[at]
    ]
    return (*found[:MAX_CONCEPTS], *(cue for cue in cues[:4] if cue.variants))


def most_telling(
    concepts: Sequence[Concept], lexicon: Lexicon, chunks: int
) -> tuple[list[Concept], list[Concept]]:
    """The rarest concepts, as many as stand in few enough chunks to be looked up within a turn; and the others.

    The others are looked up where the rarest stands too. At least one is looked up alone.
    """
    expected = {
        concept.said: chunks
        * min(1.0, sum(_frequency(variant, lexicon) for variant in concept.variants) / max(1, lexicon.chunks))
        for concept in concepts
    }
    by_rarity = sorted(concepts, key=lambda concept: expected[concept.said])
    looked_at = 0.0
    for number, concept in enumerate(by_rarity):
        looked_at += expected[concept.said]
        if number and looked_at > _MAX_LOOKED_AT:
            return by_rarity[:number], by_rarity[number:]
    return by_rarity, []


def _frequency(variant: Variant, lexicon: Lexicon) -> int:
    return min(lexicon.counts.get(stem, 0) for stem in variant.stems)


def _is_content(word: str, sense: LanguageSense) -> bool:
    if word in sense.data.stop_words or (len(word) < 2 and not word.isdigit()):
        return False
    return sense.stem_of(word) is not None


def _add_forms(here: dict[Phrase, float], key: str, sense: LanguageSense) -> None:
    """The word's relatives in the documents, and what a word that it was misheard from stands for."""
    is_word = (key,) in sense.thesaurus.meanings
    relatives = sense.lexicon.relatives(key, is_word=is_word)
    _merge(here, {(stem,): how for stem, how in relatives.items()})
    if is_word or any(how >= _SURE for how in relatives.values()):
        return
    known = sense.thesaurus.words.relatives(key)
    for stem, how in known.items():
        if stem != key:
            meanings = sense.thesaurus.meanings.get((stem,), {})
            _merge(here, {target: how * likeness for target, likeness in meanings.items()})


def _add_joined(likeness: list[dict[Phrase, float]], keys: Sequence[str], at: int, lexicon: Lexicon) -> None:
    """Words that were heard apart ("check in") or together ("wifi")."""
    if at + 1 < len(keys):
        joined = keys[at] + keys[at + 1]
        if joined in lexicon.counts:
            likeness[at][(joined,)] = _JOINED
    word = keys[at]
    if word in lexicon.counts or len(word) < 4:
        return
    for cut in range(2, len(word) - 1):
        if word[:cut] in lexicon.counts and word[cut:] in lexicon.counts:
            likeness[at].setdefault((word[:cut], word[cut:]), _JOINED - 0.2)


def _merge(here: dict[Phrase, float], more: dict[Phrase, float]) -> None:
    for stems, how in more.items():
        if how > here.get(stems, 0.0):
            here[stems] = how


def _concept(said: str, share: float, likeness: dict[Phrase, float], lexicon: Lexicon) -> Concept:
    known = [
        Variant(stems, how)
        for stems, how in likeness.items()
        if stems and all(stem in lexicon.counts for stem in stems)
    ]
    known.sort(key=lambda variant: (-variant.likeness, variant.stems))
    variants = tuple(known[:_MAX_VARIANTS])
    return Concept(said, share * _rarity(variants, lexicon), variants)


def _rarity(variants: tuple[Variant, ...], lexicon: Lexicon) -> float:
    """Of the likeliest reading; of a word that no document has, nearly the highest."""
    if not variants:
        return 0.8 * lexicon.highest_rarity
    best = variants[0]
    return max(lexicon.rarity(stem) for stem in best.stems)
