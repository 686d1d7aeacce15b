"""English numbers in words."""

from __future__ import annotations

from typing import Final

_UNITS: Final = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS: Final = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES: Final = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"))
LARGEST: Final = 10**15 - 1
_IRREGULAR: Final = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip


def cardinal(number: int) -> str:
    """0 to 10^15 - 1. Raises ValueError beyond: such a number is read digit by digit."""
    if not 0 <= number <= LARGEST:
        raise ValueError("too large to be spoken as a number")
    if number == 0:
        return _UNITS[0]
    words = []
    for size, name in _SCALES:
        count, number = divmod(number, size)
        if count:
            words.append(f"{_below_thousand(count)} {name}")
    if number:
        words.append(f"and {_below_thousand(number)}" if words and number < 100 else _below_thousand(number))
    return " ".join(words)


def ordinal(number: int) -> str:
    """1 to 10^15 - 1. Raises ValueError beyond."""
    if number < 1:
        raise ValueError("there is no such ordinal")
    head, _, last = cardinal(number).rpartition(" ")
    tens, dash, unit = last.rpartition("-")
    word = _IRREGULAR.get(unit) or (unit[:-1] + "ieth" if unit.endswith("y") else unit + "th")
    return " ".join(filter(None, (head, f"{tens}{dash}{word}")))


def year(number: int) -> str:
    """As years are read: nineteen ninety-nine, two thousand five, twenty twenty-six."""
    century, rest = divmod(number, 100)
    if not 1000 <= number <= 2999 or (rest < 10 and century % 10 == 0):
        return cardinal(number).replace(" and ", " ")
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} oh {_UNITS[rest]}" if rest < 10 else f"{cardinal(century)} {cardinal(rest)}"


def digits(text: str) -> str:
    """Each digit by itself."""
    return " ".join(_UNITS[int(sign)] for sign in text if sign.isdigit())


def _below_thousand(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    words = [f"{_UNITS[hundreds]} hundred"] if hundreds else []
    if rest:
        small = (
            _UNITS[rest] if rest < 20 else _TENS[rest // 10] + (f"-{_UNITS[rest % 10]}" if rest % 10 else "")
        )
        words.append(f"and {small}" if hundreds else small)
    return " ".join(words)
