"""Keys that belong together, on the audio clock. Pure."""

from __future__ import annotations

from collections.abc import Container
from typing import Final

from voice_ai_service.audio.formats import PTIME_MS

KEYS: Final = frozenset("0123456789*#")
MAX_DIGITS: Final = 32
"""What a turn takes; a longer entry is handed over in pieces."""


class Keypad:
    """Collects keys until none follows for `gap_ms`, `#` ends the entry, or the first key alone means something.

    Args:
        alone: Keys with an action of their own: nobody waits for more after one of them.
    """

    def __init__(self, gap_ms: int, alone: Container[str] = ()) -> None:
        self._gap_ms = gap_ms
        self._alone = alone
        self._digits = ""
        self._since_ms = 0

    @property
    def pending(self) -> bool:
        """Keys were pressed and more may follow."""
        return bool(self._digits)

    def press(self, digit: str) -> str | None:
        """Returns what was entered, when that is known now. What is no key is nothing."""
        if digit not in KEYS:
            return None
        first = not self._digits
        self._digits += digit
        self._since_ms = 0
        if (first and digit in self._alone) or digit == "#" or len(self._digits) >= MAX_DIGITS:
            return self._take()
        return None

    def frame(self) -> str | None:
        """20 ms passed."""
        if not self._digits:
            return None
        self._since_ms += PTIME_MS
        return self._take() if self._since_ms >= self._gap_ms else None

    def _take(self) -> str:
        digits, self._digits = self._digits, ""
        # The final # of an entry says "that was all", unless it is the entry.
        return digits[:-1] if len(digits) > 1 and digits.endswith("#") else digits
