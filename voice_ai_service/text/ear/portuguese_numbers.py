"""Brazilian Portuguese numbers in words, with gender: two euros are "dois", two hours "duas".

Libraries that spell numbers know the masculine only.
"""

from __future__ import annotations

from typing import Final

_UNITS: Final = (
    "zero", "um", "dois", "três", "quatro", "cinco", "seis", "sete", "oito", "nove", "dez", "onze", "doze",
    "treze", "quatorze", "quinze", "dezesseis", "dezessete", "dezoito", "dezenove",
)  # fmt: skip
_TENS: Final = (
    "",
    "",
    "vinte",
    "trinta",
    "quarenta",
    "cinquenta",
    "sessenta",
    "setenta",
    "oitenta",
    "noventa",
)
_HUNDREDS: Final = (
    "", "cento", "duzentos", "trezentos", "quatrocentos", "quinhentos", "seiscentos", "setecentos", "oitocentos",
    "novecentos",
)  # fmt: skip
_SCALES: Final = (
    (10**12, "trilhão", "trilhões"),
    (10**9, "bilhão", "bilhões"),
    (10**6, "milhão", "milhões"),
)
LARGEST: Final = 10**15 - 1
_FEMININE: Final = {"um": "uma", "dois": "duas"}

_ORDINAL_UNITS: Final = (
    "", "primeiro", "segundo", "terceiro", "quarto", "quinto", "sexto", "sétimo", "oitavo", "nono",
)  # fmt: skip
_ORDINAL_TENS: Final = (
    "", "décimo", "vigésimo", "trigésimo", "quadragésimo", "quinquagésimo", "sexagésimo", "septuagésimo",
    "octogésimo", "nonagésimo",
)  # fmt: skip
_ORDINAL_HUNDREDS: Final = (
    "", "centésimo", "ducentésimo", "trecentésimo", "quadringentésimo", "quingentésimo", "sexcentésimo",
    "septingentésimo", "octingentésimo", "nongentésimo",
)  # fmt: skip


def cardinal(number: int, *, feminine: bool = False) -> str:
    """0 to 10^15 - 1. Raises ValueError beyond: such a number is read digit by digit."""
    if not 0 <= number <= LARGEST:
        raise ValueError("too large to be spoken as a number")
    if number == 0:
        return _UNITS[0]
    parts: list[tuple[int, str]] = []
    for size, singular, plural in _SCALES:
        count, number = divmod(number, size)
        if count:
            parts.append((count, f"{_below_thousand(count)} {singular if count == 1 else plural}"))
    thousands, rest = divmod(number, 1000)
    if thousands:
        words = "mil" if thousands == 1 else f"{_below_thousand(thousands, feminine=feminine)} mil"
        parts.append((thousands, words))
    if rest:
        parts.append((rest, _below_thousand(rest, feminine=feminine)))
    text = parts[0][1]
    for at, (value, words) in enumerate(parts[1:], 1):
        last = at == len(parts) - 1
        # "mil e cem", "mil e dez", "mil duzentos e trinta": the "e" stands before a last round group.
        joined = last and (value < 100 or value % 100 == 0)
        text += f" e {words}" if joined else f" {words}"
    return text


def ordinal(number: int, *, feminine: bool = False) -> str:
    """1 to 999. Raises ValueError beyond."""
    if not 1 <= number <= 999:
        raise ValueError("no ordinal that people would use")
    words = [
        _ORDINAL_HUNDREDS[number // 100],
        _ORDINAL_TENS[number // 10 % 10],
        _ORDINAL_UNITS[number % 10],
    ]
    return " ".join(word[:-1] + "a" if feminine else word for word in words if word)


def digits(text: str) -> str:
    """Each digit by itself."""
    return " ".join(_UNITS[int(sign)] for sign in text if sign.isdigit())


def _below_thousand(number: int, *, feminine: bool = False) -> str:
    if number == 100:
        return "cem"
    words = []
    hundreds, rest = divmod(number, 100)
    if hundreds:
        word = _HUNDREDS[hundreds]
        words.append(word[:-2] + "as" if feminine and hundreds > 1 else word)
    if rest >= 20:
        words.append(_TENS[rest // 10])
        rest %= 10
    if rest:
        word = _UNITS[rest]
        words.append(_FEMININE.get(word, word) if feminine else word)
    return " e ".join(words)
