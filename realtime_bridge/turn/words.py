"""Which of what the recogniser heard are words: "uhum" shows that somebody listens, not that he speaks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

_WORD: Final = re.compile(r"[^\W_]+")
_BACKCHANNELS: Final = (
    *(
        "uhum",
        "uhm",
        "ahum",
        "aham",
        "ahan",
        "arran",
        "uh huh",
        "unhum",
        "hum",
        "hmm",
        "hm",
        "mhm",
        "mm hm",
        "mm",
    ),
    *(
        "ah",
        "eh",
        "oh",
        "uh",
        "um",
        "ha",
        "er",
        "ok",
        "okay",
        "okey",
        "ta",
        "ta bom",
        "certo",
        "entendi",
        "sei",
    ),
    *("i see", "right", "sure", "got it", "all right", "alright", "yeah"),
)
_LETTERS_HELD: Final = re.compile(r"([^\W\d_])\1+")


class Backchannels:
    """Counts words besides the backchannels.

    Upper and lower case, accents and held letters ("hmmmm") make no difference. A backchannel of several words
    counts as one only where they stand together: "certo" alone shows listening, as does "ta certo", but every
    other word makes all of it speech ("certo dia" is two words).
    """

    def __init__(self, more: Iterable[str] = ()) -> None:
        phrases = {tuple(_plain_words(phrase)) for phrase in (*_BACKCHANNELS, *more)} - {()}
        self._phrases = frozenset(phrases)
        self._longest = max(map(len, phrases))

    def words(self, text: str) -> int:
        """How many words of `text` count: none when it is made of backchannels, else all of them."""
        words = _plain_words(text)
        at = 0
        while at < len(words):
            length = self._phrase_at(words, at)
            if not length:
                return len(words)
            at += length
        return 0

    def _phrase_at(self, words: list[str], at: int) -> int:
        for length in range(min(self._longest, len(words) - at), 0, -1):
            if tuple(words[at : at + length]) in self._phrases:
                return length
        return 0


def _plain_words(text: str) -> list[str]:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(one for one in decomposed if not unicodedata.combining(one))
    return [_LETTERS_HELD.sub(r"\1", word) for word in _WORD.findall(bare)]
