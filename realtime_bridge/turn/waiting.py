"""How much silence ends the utterance, given what the end-of-turn model said about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DEFAULT_COMPLETE_FROM: Final = 0.9
COMPLETE_FROM: Final = {"pt-BR": 0.9, "en": 0.9}
"""The model's probability from which a sentence counts as complete, by language."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """
    Attributes:
        end_silence_ms: Without a verdict, or with an unsure one.
        complete_ms: After a sentence that is complete; never longer than `end_silence_ms`.
        incomplete_ms: In the middle of one: the hard limit of the model's say.
        complete_from, incomplete_to: The model's probabilities.
    """

    end_silence_ms: int
    complete_ms: int
    incomplete_ms: int
    complete_from: float = DEFAULT_COMPLETE_FROM
    incomplete_to: float = 0.5

    @classmethod
    def of(cls, end_silence_ms: int, language: str) -> Waiting:
        return cls(
            end_silence_ms=end_silence_ms,
            complete_ms=min(end_silence_ms, 240),
            incomplete_ms=max(end_silence_ms, min(2 * end_silence_ms, 1500)),
            complete_from=COMPLETE_FROM.get(language, DEFAULT_COMPLETE_FROM),
        )

    def silence_ms(self, complete: float | None) -> int:
        """The silence that ends the utterance; `complete` is the model's verdict on it, if there is one."""
        if complete is None:
            return self.end_silence_ms
        if complete >= self.complete_from:
            return self.complete_ms
        return self.incomplete_ms if complete <= self.incomplete_to else self.end_silence_ms
