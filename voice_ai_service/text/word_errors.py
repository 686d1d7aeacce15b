"""How far a transcript is from what was said. Pure."""

from __future__ import annotations

from voice_ai_service.text.words import words


def word_error_rate(reference: str, heard: str) -> float | None:
    """Words put in, left out or mistaken, a word of the reference; above 1 where much was invented.

    Case, accents and punctuation do not count (`text.words`). None: the reference has no words.
    """
    wanted, found = words(reference), words(heard)
    if not wanted:
        return None
    before = list(range(len(found) + 1))
    for row, word in enumerate(wanted, 1):
        after = [row]
        for column, other in enumerate(found, 1):
            replaced = before[column - 1] + (word != other)
            after.append(min(replaced, before[column] + 1, after[-1] + 1))
        before = after
    return round(before[-1] / len(wanted), 4)
