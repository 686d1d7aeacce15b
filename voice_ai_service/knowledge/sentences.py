"""Where sentences end, in prose as documents have it. Pure."""

from __future__ import annotations

import re
from typing import Final

_END: Final = re.compile(r"[.!?…]+[\"'”’)\]]*\s+(?=[\"'“‘(\[¿¡]*[A-ZÀ-ÖØ-Þ0-9])")
_ABBREVIATION: Final = re.compile(
    r"\b(?:sr|sra|srs|sras|dr|dra|drs|prof|profa|av|al|pça|pca|trav|rod|km|tel|ramal|art|inc|fls?|pág|pag|p|nº|n|no|"
    r"ex|obs|ltda|cia|cel|gal|sto|sta|mr|mrs|ms|st|ave|rd|ext|fig|vs|approx|dept|jr|e\.g|i\.e|[A-ZÀ-Þ])\.\s+$",
    re.IGNORECASE,
)


def sentences(text: str) -> list[str]:
    """The sentences of a paragraph, in order, without the space between them; no letter is lost."""
    found: list[str] = []
    begin = 0
    for match in _END.finditer(text):
        if _ABBREVIATION.search(text, max(begin, match.end() - 12), match.end()):
            continue
        found.append(text[begin : match.end()].strip())
        begin = match.end()
    found.append(text[begin:].strip())
    return [sentence for sentence in found if sentence]
