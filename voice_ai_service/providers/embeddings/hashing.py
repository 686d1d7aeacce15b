"""Embeddings without a model: character n-grams hashed to a vector. Local, deterministic, any language.

It finds texts that share word parts ("boleto", "boletos"), not texts that mean the same. Measured on
Portuguese paraphrases it equals an English sentence model; full-text search is better and comes first.
"""

from __future__ import annotations

import asyncio
import re
import unicodedata
import zlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Literal

import numpy as np

from voice_ai_service.providers.embeddings.seam import Purpose
from voice_ai_service.providers.entry import ProviderContext, ProviderSettings

MODEL: Final = "hashing-384"
DIMENSION: Final = 384

_GRAMS: Final = (3, 4, 5)
_WORD: Final = re.compile(r"\w+")
_CACHED_WORDS: Final = 20_000


class HashingEmbeddings:
    """Weighs a text's n-grams by 1 + log(count), the sign of each taken from its hash, so that clashes cancel
    out.
    """

    @property
    def model(self) -> str:
        return MODEL

    @property
    def dimension(self) -> int:
        return DIMENSION

    async def embed(self, texts: Sequence[str], purpose: Purpose = Purpose.PASSAGE) -> list[list[float]]:
        """One unit-length vector a text; a text without letters or digits gets the first axis."""
        return await asyncio.to_thread(lambda: [_vector(text) for text in texts])

    async def aclose(self) -> None:
        """Nothing to close."""


class HashingSettings(ProviderSettings):
    model: Literal["hashing-384"] = MODEL


async def build(context: ProviderContext, settings: HashingSettings, secret: str | None) -> HashingEmbeddings:
    return HashingEmbeddings()


def fold(text: str) -> str:
    """Case and accents away: callers' transcripts have them or not."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def _vector(text: str) -> list[float]:
    counts = np.zeros(DIMENSION)
    hashes = [np.frombuffer(_word_hashes(word), dtype="<u4") for word in _WORD.findall(fold(text))]
    if hashes:
        grams, times = np.unique(np.concatenate(hashes), return_counts=True)
        sign = np.where(grams >> 31 == 1, -1.0, 1.0)
        np.add.at(counts, (grams & 0x7FFFFFFF) % DIMENSION, sign * (1.0 + np.log(times)))
    length = float(np.linalg.norm(counts))
    if length == 0.0:
        counts[0] = length = 1.0
    return [float(value) for value in counts / length]


@lru_cache(maxsize=_CACHED_WORDS)
def _word_hashes(word: str) -> bytes:
    """CRC-32 of each n-gram of the word with its borders marked, as little-endian 32-bit numbers."""
    marked = f"<{word}>"
    grams = {marked[at : at + size] for size in _GRAMS for at in range(max(1, len(marked) - size + 1))}
    return np.array(sorted(zlib.crc32(gram.encode()) for gram in grams), dtype="<u4").tobytes()
