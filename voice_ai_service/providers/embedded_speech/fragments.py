"""Cutting text that is still being written into pieces that can be spoken at once."""

from __future__ import annotations

import re
from typing import Final

MAX_FRAGMENT: Final = 300
"""Characters: about 25 s of speech. Bounds what one request can make the engine produce."""

_SENTENCE_END: Final = re.compile(r"[.!?…;:]+[\"'”’)\]]*\s+|\n+")
_ABBREVIATION: Final = re.compile(
    r"(?:^|[\s(])(?:av|avda|dra?|dept|depto|etc|ex|mrs?|ms|no|nº|profa?|r|sra?s?|st|tel|vs|[A-ZÀ-Ý])\.\s*$",
    re.IGNORECASE,
)


class Fragments:
    """Text in, in any pieces; sentences out. Longer ones than MAX_FRAGMENT are cut at a comma or a space."""

    def __init__(self) -> None:
        self._rest = ""

    def feed(self, text: str) -> list[str]:
        self._rest += text
        found: list[str] = []
        while (cut := self._next_cut()) is not None:
            found.append(self._rest[:cut].strip())
            self._rest = self._rest[cut:]
        return [fragment for fragment in found if fragment]

    def finish(self) -> list[str]:
        """What is left, when no more text comes."""
        found = [*self.feed("\n"), self._rest.strip()]
        self._rest = ""
        return [fragment for fragment in found if fragment]

    def _next_cut(self) -> int | None:
        for match in _SENTENCE_END.finditer(self._rest, 0, MAX_FRAGMENT):
            if not _ends_in_abbreviation(self._rest[: match.end()]):
                return match.end()
        if len(self._rest) < MAX_FRAGMENT:
            return None
        window = self._rest[:MAX_FRAGMENT]
        return max(window.rfind(", ") + 1, 0) or max(window.rfind(" ") + 1, 0) or MAX_FRAGMENT


def _ends_in_abbreviation(text: str) -> bool:
    return not text.endswith("\n") and _ABBREVIATION.search(text) is not None
