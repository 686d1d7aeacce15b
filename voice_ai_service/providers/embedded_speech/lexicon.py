"""How words sound to an English acoustic model: espeak-ng's IPA phonemes as the model's ARPAbet phones.

No Portuguese acoustic model can be had as a package, so Portuguese words are spelled in the nearest English
phones. That is good enough for a menu of phrases and for nothing more.
"""

from __future__ import annotations

from typing import Final

from voice_ai_service.text.languages import base_language

MAX_ALTERNATES: Final = 10

_COMMON: Final[dict[str, tuple[str, ...]]] = {
    "b": ("B",), "d": ("D",), "dʒ": ("JH",), "f": ("F",), "h": ("HH",), "j": ("Y",), "k": ("K",), "l": ("L",),
    "m": ("M",), "n": ("N",), "p": ("P",), "s": ("S",), "t": ("T",), "tʃ": ("CH",), "v": ("V",), "w": ("W",),
    "z": ("Z",), "ŋ": ("NG",), "ɡ": ("G",), "g": ("G",), "ʃ": ("SH",), "ʒ": ("ZH",), "θ": ("TH",),
    "ð": ("DH",),
    "x": ("HH",), "ʔ": ("",), "ɲ": ("N Y",), "ʎ": ("L Y",), "ɣ": ("G",), "β": ("B",),
    "i": ("IY",), "ɪ": ("IH",), "ɛ": ("EH",), "ə": ("AH",), "ɔ": ("AO",), "ʊ": ("UH",), "u": ("UW",),
    "ɑ": ("AA",),
    "aɪ": ("AY",), "aʊ": ("AW",), "eɪ": ("EY",), "oʊ": ("OW",), "ɔɪ": ("OY",), "oɪ": ("OY",), "ɑɪ": ("AY",),
}  # fmt: skip

_ENGLISH: Final[dict[str, tuple[str, ...]]] = {
    **_COMMON,
    "æ": ("AE",), "a": ("AE",), "ɐ": ("AH",), "ʌ": ("AH",), "e": ("EH",), "o": ("OW",), "ɒ": ("AA",),
    "ᵻ": ("IH",),
    "ɜ": ("ER",), "ɚ": ("ER",), "ɝ": ("ER",), "r": ("R",), "ɹ": ("R",), "ɾ": ("T", "D"), "əl": ("AH L",),
    "n̩": ("AH N",), "m̩": ("AH M",), "ɔɹ": ("AO R",), "oɹ": ("AO R",), "ɑɹ": ("AA R",), "ɛɹ": ("EH R",),
    "ɪɹ": ("IH R",), "ʊɹ": ("UH R",), "aɪɚ": ("AY ER",), "aɪə": ("AY AH",), "iə": ("IY AH",),
    "juː": ("Y UW",),
}  # fmt: skip

_PORTUGUESE: Final[dict[str, tuple[str, ...]]] = {
    **_COMMON,
    "a": ("AA", "AH"), "æ": ("AH", "AA"), "ɐ": ("AH",), "e": ("EY", "EH"), "o": ("OW",), "y": ("IY", "IH"),
    "ʊ": ("UW", "OW"), "ɾ": ("R", "D"), "r": ("R", "HH"), "ʁ": ("HH",), "ŋ": ("N", "NG"),
    "eʊ": ("EH UW", "OW"),
    "p": ("P", "B"), "t": ("T", "D"), "k": ("K", "G"), "ə": ("", "AH"), "iʊ": ("IY UW",), "ɛʊ": ("EH UW",),
    "ɔʊ": ("AO UW",), "uɪ": ("UW IY",), "ɔɪ": ("OY",), "ɛɪ": ("EH IY",),
    "ɐ̃": ("AH",), "ẽ": ("EY",), "ĩ": ("IY",), "õ": ("OW",), "ũ": ("UW",), "ɐ̃ʊ̃": ("AW N", "AW"),
    "ɐ̃ɪ̃": ("AY N",), "ẽɪ̃": ("EY N",), "õɪ̃": ("OY N",), "ũɪ̃": ("UW IY N",), "eɪ̃": ("EY N",),
}  # fmt: skip

_ONE_LETTER: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "pt": {"a": ("AH", "AA"), "à": ("AA",), "e": ("IY",), "é": ("EH",), "o": ("UW", "OW"), "ó": ("AO",)},
    "en": {"a": ("AH", "EY"), "i": ("AY",)},
}
"""espeak-ng reads a word of one letter as the letter's name."""

_MARKS: Final = str.maketrans("", "", "ˈˌː:ˑ‿.,-'()\u200d͡")
_NASAL: Final = "\u0303"


def arpabet(word: str, phonemes: str, language: str) -> tuple[str, ...]:
    """ARPAbet pronunciations of a word, likeliest first; empty when espeak-ng had no sound for it.

    Args:
        phonemes: Its IPA phonemes separated by underscores, as EmbeddedTts.pronounce gives them.
        language: BCP-47 tag.
    """
    base = base_language(language)
    if (known := _ONE_LETTER.get(base, {}).get(word)) is not None:
        return known
    table = _PORTUGUESE if base == "pt" else _ENGLISH
    sounds = [_sound(phoneme, table) for phoneme in phonemes.split("_")]
    spellings = [_spell([options[0] for options in sounds])]
    for rank in range(1, MAX_ALTERNATES):
        spellings += [_spell([options[rank % len(options)] for options in sounds])]
    spellings += [_spell(_one_changed(sounds, at)) for at, options in enumerate(sounds) if len(options) > 1]
    return tuple(dict.fromkeys(filter(None, spellings)))[:MAX_ALTERNATES]


def _one_changed(sounds: list[tuple[str, ...]], at: int) -> list[str]:
    return [options[index == at] for index, options in enumerate(sounds)]


def _sound(phoneme: str, table: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    bare = phoneme.translate(_MARKS)
    if bare in table:
        return table[bare]
    plain = bare.replace(_NASAL, "")
    if plain in table:
        return table[plain]
    parts = [table[letter][0] for letter in plain if letter in table]
    return (" ".join(parts),)


def _spell(phones: list[str]) -> str:
    joined = f" {' '.join(filter(None, phones))} "
    return joined.replace(" T SH ", " CH ").replace(" D ZH ", " JH ").strip()
