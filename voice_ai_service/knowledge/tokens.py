"""How long a text is for a language model, without anybody's tokenizer.

An estimate on purpose: tokenizers are downloads, differ between models, and a chunk's length decides nothing that
a tenth more or less would spoil. One token for each six letters begun of a word, each three digits begun, each
sign, and each character of scripts that are written without spaces. White space is free, so that the count of two
texts with a space between them is the sum of theirs.
"""

from __future__ import annotations

import re
from typing import Final

_PIECE: Final = re.compile(
    r"(?!\s)[\u2e80-\U0010ffff]"  # one by one: Chinese, Japanese, Korean, emoji
    r"|[^\W\d_\u2e80-\U0010ffff]+|[^\D\u2e80-\U0010ffff]+|[^\w\s]|_"
)
_WORD: Final = re.compile(r"\S+")
LETTERS_PER_TOKEN: Final = 6
DIGITS_PER_TOKEN: Final = 3


def count_tokens(text: str) -> int:
    """The estimate; 0 for white space alone."""
    return sum(_tokens_of(piece) for piece in _PIECE.findall(text))


def last_words(text: str, max_tokens: int) -> str:
    """The end of a text, from the beginning of a word, of at most so many tokens; may be empty."""
    left = max_tokens
    start = len(text)
    for word in reversed(list(_WORD.finditer(text))):
        left -= count_tokens(word.group())
        if left < 0:
            break
        start = word.start()
    return text[start:].rstrip()


def split_words(text: str, max_tokens: int) -> list[str]:
    """Pieces of at most so many tokens, cut between words; a single longer word is cut where it must be."""
    pieces: list[str] = []
    begin, end, size = 0, 0, 0
    for word in _WORD.finditer(text):
        tokens = count_tokens(word.group())
        if size and size + tokens > max_tokens:
            pieces.append(text[begin:end])
            begin, size = word.start(), 0
        if tokens > max_tokens:
            *whole, rest = _cut(word.group(), max_tokens)
            pieces += whole
            begin, tokens = word.end() - len(rest), count_tokens(rest)
        elif not size:
            begin = word.start()
        end, size = word.end(), size + tokens
    if size:
        pieces.append(text[begin:end])
    return pieces


def _cut(word: str, max_tokens: int) -> list[str]:
    # One character is never more than one token, whatever it is.
    return [word[start : start + max_tokens] for start in range(0, len(word), max_tokens)]


def _tokens_of(piece: str) -> int:
    size = DIGITS_PER_TOKEN if piece[0].isdecimal() else LETTERS_PER_TOKEN
    return (len(piece) + size - 1) // size
