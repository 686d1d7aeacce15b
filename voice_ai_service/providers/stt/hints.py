"""What callers are likely to say, as recognisers take it: a few short phrases, the likely ones first."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from voice_ai_service.providers.stt.languages import bases
from voice_ai_service.providers.stt.seam import Phrase, SttOptions

_MAX_PHRASES: Final = 60
_KEPT: Final = 64


class KeptPhrases:
    """A secretary's phrases are the same tuple on every turn; going through hundreds of them costs a millisecond.

    Args:
        most: Phrases that a vendor takes.
        longest: Characters that a vendor takes of one; longer phrases are left out.
        total: Characters that it takes of all together.
    """

    def __init__(
        self, most: int = _MAX_PHRASES, *, longest: int | None = None, total: int | None = None
    ) -> None:
        # By identity, which comparing that many phrases would not be cheaper than; the tuple is kept with it.
        self._kept: OrderedDict[tuple[int, tuple[str, ...]], tuple[tuple[Phrase, ...], list[str]]] = (
            OrderedDict()
        )
        self._most = most
        self._longest = longest
        self._total = total

    def __call__(self, options: SttOptions) -> list[str]:
        key = (id(options.phrases), options.languages)
        found = self._kept.get(key)
        if found is None:
            found = self._kept[key] = (options.phrases, self._fitting(_likely(options)))
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found[1]

    def _fitting(self, phrases: list[str]) -> list[str]:
        fitting, left = list[str](), self._total
        for phrase in phrases:
            if len(fitting) == self._most:
                break
            if self._longest is not None and len(phrase) > self._longest:
                continue
            if left is not None:
                left -= len(phrase)
                if left < 0:
                    break
            fitting.append(phrase)
        return fitting


def _likely(options: SttOptions) -> list[str]:
    """Phrases in the caller's first language first."""
    order = {code: place for place, code in enumerate(bases(options.languages))}

    def place(phrase: Phrase) -> int:
        return order.get(bases((phrase.language,))[0], len(order))

    known = [phrase for phrase in options.phrases if place(phrase) < len(order)]
    return list(dict.fromkeys(phrase.text for phrase in sorted(known, key=place)))
