"""Portuguese or English, told by the little words that every text is full of. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from voice_ai_service.knowledge.files.blocks import Block

PORTUGUESE: Final = "pt-BR"
ENGLISH: Final = "en"
_ENOUGH_WORDS: Final = 20_000
_WORD: Final = re.compile(r"[^\W\d_]+")
_PORTUGUESE_WORDS: Final = """
    de que não do da em um para é com uma os no se na por mais as dos como mas foi ao ele das tem à seu sua ou ser
    quando muito há nos já está eu também só pelo pela até isso ela entre era depois sem mesmo aos ter seus quem nas
    me esse eles você são às nossa nosso nossos pode deve cada dia dias horas segunda sexta feira após sobre este
    esta
"""
_ENGLISH_WORDS: Final = """
    the of and to in is that for it with as was on are be this by at from or have an they which you we not can all
    were will your our their has been if more when who what there would about up into than its only other any may
    must do does day days hours after before please
"""
_PT: Final = frozenset(_PORTUGUESE_WORDS.split())
_EN: Final = frozenset(_ENGLISH_WORDS.split())
_PT_LETTERS: Final = re.compile(r"[ãõçáéíóúâêôà]", re.I)


class LanguageGuess:
    """Counts words while blocks pass through."""

    def __init__(self) -> None:
        self._portuguese = 0.0
        self._english = 0.0
        self._words = 0

    def watching(self, blocks: Iterable[Block]) -> Iterator[Block]:
        for block in blocks:
            if self._words < _ENOUGH_WORDS:
                self.see(block.text)
            yield block

    def see(self, text: str) -> None:
        for word in _WORD.findall(text.lower()):
            self._words += 1
            self._portuguese += word in _PT
            self._english += word in _EN
            self._portuguese += 0.5 * bool(_PT_LETTERS.search(word))

    @property
    def guess(self) -> str:
        """Portuguese where nothing tells: this platform's first language."""
        return ENGLISH if self._english > self._portuguese else PORTUGUESE


def detected_language(text: str) -> str:
    guess = LanguageGuess()
    guess.see(text)
    return guess.guess
