"""How much silence ends the utterance, given what the end-of-turn model said about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DEFAULT_THRESHOLDS: Final = (0.8, 0.95)
THRESHOLDS: Final = {"pt-BR": (0.8, 0.95), "en": (0.5, 0.9)}
"""The model's probability up to which a sentence counts as incomplete, and from which as complete, by language."""
COMPLETE_MS: Final = 300
LONGEST_MS: Final = 1500


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
    complete_from: float = DEFAULT_THRESHOLDS[1]
    incomplete_to: float = DEFAULT_THRESHOLDS[0]

    @classmethod
    def of(cls, end_silence_ms: int, language: str) -> Waiting:
        """Languages that nobody calibrated have cautious thresholds."""
        incomplete_to, complete_from = THRESHOLDS.get(language, DEFAULT_THRESHOLDS)
        return cls(
            end_silence_ms=end_silence_ms,
            complete_ms=min(end_silence_ms, COMPLETE_MS),
            incomplete_ms=max(end_silence_ms, min(2 * end_silence_ms, LONGEST_MS)),
            complete_from=complete_from,
            incomplete_to=incomplete_to,
        )

    def silence_ms(self, complete: float | None) -> int:
        """The silence that ends the utterance; `complete` is the model's verdict on it, if there is one."""
        if complete is None:
            return self.end_silence_ms
        if complete >= self.complete_from:
            return self.complete_ms
        return self.incomplete_ms if complete <= self.incomplete_to else self.end_silence_ms
