"""Brazilian Portuguese as it is read aloud."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from voice_ai_service.text.ear.portuguese_numbers import LARGEST, cardinal, digits, ordinal
from voice_ai_service.text.ear.portuguese_words import (
    ABBREVIATIONS,
    BEFORE_NAMES,
    CURRENCIES,
    FEMININE_ENDINGS,
    FEMININE_NOUNS,
    FEMININE_UNITS,
    LETTERS,
    MASCULINE_IN_A,
    MONTHS,
    ROMAN,
    SCALE_WORDS,
    SPELLED_OUT,
    UNITS,
    WEEKDAYS,
)
from voice_ai_service.text.ear.rules import Rule, rule


def is_feminine(noun: str) -> bool:
    """By a list, and by the endings that seldom mislead; a singular in -a may as well be a verb."""
    noun = noun.lower()
    if noun in FEMININE_NOUNS or noun.endswith(FEMININE_ENDINGS):
        return True
    return noun.endswith("as") and noun not in MASCULINE_IN_A and not noun.endswith(("istas", "émas", "emas"))


def _whole(text: str) -> int:
    return int(text.replace(".", "").replace(" ", ""))


def number(text: str, *, feminine: bool = False) -> str:
    """A number as written: "1.234", "2,5", "0012" (digits), "-3"."""
    sign = "menos " if text[0] in "-−" else ""
    text = text.lstrip("-−+")
    whole, comma, fraction = text.partition(",")
    plain = whole.replace(".", "")
    if (len(plain) > 1 and plain[0] == "0") or int(plain) > LARGEST:
        return sign + _grouped_digits(plain)
    words = cardinal(int(plain), feminine=feminine)
    if not comma:
        return sign + words
    # "2,5": dois vírgula cinco; "3,05": três vírgula zero cinco; "1,125": um vírgula cento e vinte e cinco.
    zeros = len(fraction) - len(fraction.lstrip("0"))
    rest = fraction.lstrip("0")
    after = " ".join(["zero"] * zeros + ([cardinal(int(rest))] if rest else []))
    return f"{sign}{cardinal(int(plain))} vírgula {after}"


def _grouped_digits(text: str, size: int = 3) -> str:
    text = re.sub(r"\D", "", text)
    if len(text) <= 5:
        return digits(text)
    groups = [text[at : at + size] for at in range(0, len(text), size)]
    if len(groups[-1]) == 1:
        groups[-2:] = [groups[-2] + groups[-1]]
    return ", ".join(digits(group) for group in groups)


def _money(match: re.Match[str]) -> str:
    one, many, cent, cents = CURRENCIES[match["currency"].upper()]
    scale = match["scale"]
    feminine = one == "libra"
    if scale:
        amount = number(match["amount"] + (f",{match['cents']}" if match["cents"] else ""))
        return f"{amount} {scale} {'' if scale == 'mil' else 'de '}{many}"
    whole, part = _whole(match["amount"]), match["cents"] or ""
    hundredths = int(part.ljust(2, "0")[:2]) if part else 0
    if len(part) > 2:
        return f"{number(match['amount'] + ',' + part)} {many}"
    pieces = []
    if whole or not hundredths:
        of = "de " if whole >= 10**6 and whole % 10**6 == 0 else ""
        pieces.append(f"{cardinal(whole, feminine=feminine)} {of}{one if whole == 1 else many}")
    if hundredths:
        pieces.append(f"{cardinal(hundredths)} {cent if hundredths == 1 else cents}")
    sign = "menos " if match["sign"] else ""
    return sign + " e ".join(pieces)


def _day(day: int) -> str:
    return "primeiro" if day == 1 else cardinal(day)


def _date(match: re.Match[str]) -> str | None:
    day, month = int(match["day"]), int(match["month"])
    year = match["year"]
    try:
        date(2000 if year is None else _full_year(year), month, day)
    except ValueError:
        return None
    words = f"{_day(day)} de {MONTHS[month - 1]}"
    return words if year is None else f"{words} de {cardinal(_full_year(year))}"


def _date_short(match: re.Match[str]) -> str | None:
    day, month = int(match["day"]), int(match["month"])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    return f"{_day(day)} de {MONTHS[month - 1]}"


def _full_year(text: str) -> int:
    return 2000 + int(text) if len(text) == 2 else int(text)


def _written_date(match: re.Match[str]) -> str:
    day = match["day"]
    return f"{_day(int(day))} de {match['month']}" + (
        f" de {cardinal(int(match['year']))}" if match["year"] else ""
    )


def _time(match: re.Match[str]) -> str | None:
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    if hour > 24 or minute > 59:
        return None
    if hour in (0, 24):
        words = "meia-noite"
    elif minute and match["colon"]:
        words = cardinal(hour, feminine=True)
    else:
        words = f"{cardinal(hour, feminine=True)} {'hora' if hour == 1 else 'horas'}"
    return f"{words} e {cardinal(minute)}" if minute else words


def _clock(match: re.Match[str]) -> str | None:
    hour, minute = int(match["hour"]), int(match["minute"])
    if hour > 23 or minute > 59:
        return None
    words = "meia-noite" if hour == 0 else cardinal(hour, feminine=True)
    if not minute:
        return words if hour == 0 else f"{words} {'hora' if hour == 1 else 'horas'}"
    return f"{words} e {cardinal(minute)}"


def _unit(match: re.Match[str]) -> str:
    one, many = UNITS[match["unit"]]
    single = match["number"] in ("1", "-1", "0,5", "1,5") or match["number"].startswith(("0,", "1,"))
    return f"{number(match['number'], feminine=match['unit'] in FEMININE_UNITS)} {one if single else many}"


def _counted(match: re.Match[str]) -> str:
    noun = match["noun"]
    return f"{number(match['number'], feminine=is_feminine(noun))} {noun}"


def _phone(match: re.Match[str]) -> str:
    parts = []
    if match["country"]:
        parts.append(f"mais {digits(match['country'])}")
    if match["area"]:
        parts.append(digits(match["area"]))
    parts += [digits(match["first"]), digits(match["last"])]
    return ", ".join(parts)


def _free_phone(match: re.Match[str]) -> str:
    prefix = {"0800": "zero oitocentos", "0300": "zero trezentos"}.get(
        match["prefix"], digits(match["prefix"])
    )
    return f"{prefix}, {_grouped_digits(match['rest'])}"


def _short_phone(match: re.Match[str]) -> str:
    return f"{digits(match[1])}, {digits(match[2])}"


def _document(match: re.Match[str]) -> str:
    return ", ".join(
        ("barra " if part.startswith("/") else "") + digits(part)
        for part in re.findall(r"/?\d+", match.group())
    )


def _spelled_word(text: str) -> str:
    return {
        "@": "arroba",
        ".": "ponto",
        "-": "hífen",
        "_": "sublinhado",
        "/": "barra",
        "+": "mais",
        "?": "interrogação",
        "=": "igual a",
        "&": "e comercial",
        "%": "por cento",
        "#": "cerquilha",
    }.get(text, text)


def _address_online(match: re.Match[str]) -> str:
    text = re.sub(r"^https?://", "", match.group(), flags=re.IGNORECASE).rstrip("/")
    words = []
    for part in re.findall(r"[^\W\d_]+|\d+|\W|_", text):
        if part.isdigit():
            words.append(cardinal(int(part)) if len(part) < 4 and part[0] != "0" else digits(part))
        elif part.lower() in ("br", "www", "gov", "org", "net"):
            words.append({"gov": "góv", "org": "org", "net": "net"}.get(part.lower(), _letters(part)))
        else:
            words.append(_spelled_word(part))
    return " ".join(words)


def _letters(text: str) -> str:
    return " ".join(LETTERS.get(sign, sign) for sign in text.upper())


def _acronym(match: re.Match[str]) -> str | None:
    text = match.group()
    if text in SPELLED_OUT or not re.search(r"[AEIOU]", text):
        return _letters(text)
    return None


def _code(match: re.Match[str]) -> str:
    parts = re.findall(r"[A-Z]+|\d+", match.group())
    spoken = ""
    for at, part in enumerate(parts):
        after_word = at > 0 and _is_word(parts[at - 1])
        if part.isdigit():
            read = number(part) if after_word and len(part) < 4 else _grouped_digits(part)
        else:
            read = part if _is_word(part) else _letters(part)
        spoken += f"{'' if at == 0 else ' ' if after_word else ', '}{read}"
    return spoken


def _is_word(text: str) -> bool:
    """COVID is said, ABC is spelled."""
    return len(text) > 3 and text.isalpha() and re.search(r"[AEIOU]", text) is not None


def _uuid(match: re.Match[str]) -> str:
    return ", ".join(
        " ".join(digits(sign) if sign.isdigit() else _letters(sign) for sign in part)
        for part in match.group().split("-")
    )


def _payment_line(match: re.Match[str]) -> str:
    """The number of a bank slip, in fives as it is written."""
    return ", ".join(_grouped_digits(part, 5) for part in re.findall(r"\d+", match.group()))


def _days(match: re.Match[str]) -> str | None:
    first, last, month = (int(match[name]) for name in ("first", "last", "month"))
    if not (1 <= first < last <= 31 and 1 <= month <= 12):
        return None
    return f"{_day(first)} a {_day(last)} de {MONTHS[month - 1]}"


def _ordinal(match: re.Match[str]) -> str | None:
    value = int(match["number"])
    if not 1 <= value <= 999:
        return None
    if match["mark"] == "°" and value > 31:
        return f"{cardinal(value)} graus"  # typed for "º" so often that only numbers of no storey are degrees
    return ordinal(value, feminine=match["mark"] in ("ª", "a"))


def _weekday(match: re.Match[str]) -> str:
    return WEEKDAYS[match["day"]] + ("-feira" if match["fair"] else "")


def _weekdays(match: re.Match[str]) -> str:
    return f"{WEEKDAYS[match[1]]} {match[2]} {WEEKDAYS[match[3]]}" + ("-feira" if match[4] else "")


def _short_weekdays(match: re.Match[str]) -> str:
    between = "a" if match[2] in "-–" else match[2]
    return f"{ABBREVIATIONS[match[1].lower()]} {between} {ABBREVIATIONS[match[3].lower()]}"


def _roman_value(text: str) -> int:
    values = [ROMAN[sign] for sign in text]
    return sum(
        -value if at + 1 < len(values) and value < values[at + 1] else value
        for at, value in enumerate(values)
    )


def _roman(match: re.Match[str]) -> str:
    total, word = _roman_value(match["roman"]), match["word"]
    if word.lower().startswith("séc"):
        word = "século" if word.endswith(".") else word
        return f"{word} {ordinal(total) if total <= 10 else cardinal(total)}"
    return f"{word} {cardinal(total)}"


def _ruler(match: re.Match[str]) -> str | None:
    """Pedro Segundo, Bento Dezesseis: ordinals up to ten."""
    total = _roman_value(match["roman"])
    if not 1 <= total <= 30:
        return None
    feminine = match["title"].lower() == "rainha"
    return f"{match['name']} {ordinal(total, feminine=feminine) if total <= 10 else cardinal(total)}"


def _dotted(match: re.Match[str]) -> str | None:
    text = match.group()
    if re.fullmatch(r"[1-9]\d{0,2}(?:\.\d{3})+", text):
        return None
    return " ponto ".join(number(part) for part in text.split("."))


def _slashed(match: re.Match[str]) -> str:
    return " barra ".join(number(part) for part in match.group().split("/"))


def _times(match: re.Match[str]) -> str:
    return f"{number(match[1], feminine=True)} {'vez' if match[1] == '1' else 'vezes'}"


def _said_twice(match: re.Match[str]) -> str | None:
    """ "30 (trinta)" is read once."""
    value = _whole(match[1])
    if value > LARGEST:
        return None
    return match[2] if match[2] in (cardinal(value), cardinal(value, feminine=True)) else None


def _key(match: re.Match[str]) -> str:
    sign = "jogo da velha" if match["sign"] == "#" else "asterisco"
    return f"{match['before']}{sign}"


def _abbreviation(match: re.Match[str]) -> str:
    return ABBREVIATIONS[match[1].lower()]


def _range(match: re.Match[str]) -> str:
    if match[1].isdecimal() and match[2].isdecimal() and len(match[1]) > 3 and int(match[2]) < int(match[1]):
        return f"{_grouped_digits(match[1])}, {digits(match[2])}"  # an account and its check digit
    return f"{number(match[1])} a {number(match[2])}"


def _fraction(match: re.Match[str]) -> str | None:
    top, bottom = int(match[1]), int(match[2])
    names = {2: ("meio", "meios"), 3: ("terço", "terços"), 4: ("quarto", "quartos"), 5: ("quinto", "quintos"),
             10: ("décimo", "décimos")}  # fmt: skip
    if bottom not in names or top >= bottom:
        return None
    if (top, bottom) == (1, 2):
        return "meia" if is_feminine(match["noun"] or "") else "meio"
    return f"{cardinal(top)} {names[bottom][0 if top == 1 else 1]}"


_NUMBER: Final = r"\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+(?:,\d+)?"
_MONTH_NAMES: Final = "|".join(MONTHS)
_UNIT_NAMES: Final = "|".join(re.escape(name) for name in sorted(UNITS, key=len, reverse=True))
_HOUR: Final = r"(?:[01]?\d|2[0-4])\s?(?:h|:[0-5]\d)"
_SHORT_DAYS: Final = "seg|ter|qua|qui|sex|sáb|dom"

RULES: Final[tuple[Rule, ...]] = (
    rule(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", _address_online),
    rule(r"(?i)\b(?:https?://|www\.)[^\s,;)]+[^\s,;).!?]", _address_online),
    rule(
        r"(?i)\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|net|org|gov|edu|br|io|app)(?:\.br)?\b(?!\.\d)(?:/[\w./-]*\w)?",
        _address_online,
    ),
    rule(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", _uuid),
    rule(r"\b\d{5}\.?\d{5}\s\d{5}\.?\d{6}\s\d{5}\.?\d{6}\s\d\s\d{14}\b", _payment_line),
    rule(r"(?<=\d)\s?/\s?(?=(?:mês|ano|dia|hora|semana|pessoa|unidade|noite|aluno|kg)\b)", " por "),
    rule(r"(?<!\w)p/\s?(?=\w|\()", "para "),
    rule(r"(?<!\w)c/\s?(?=\w)", "com "),
    rule(r"(?<!\w)0xx\s?(?=\d\d\b)", ""),
    rule(r"\b(?:XV(?=\sde\s[Nn]ov))", "Quinze"),
    rule(r"\b(?:VII|7)(?=\sde\sSetembro\b)", "Sete"),
    rule(r"(?<![\w./-])(?P<first>\d{1,2})\s?[-–]\s?(?P<last>\d{1,2})/(?P<month>[01]\d)(?![\d/])", _days),
    rule(
        rf"(?<![\w.,])({_NUMBER})\s?%\s?a\.?\s?m(?:\.(?!\s*$))?(?!\w)",
        lambda match: f"{number(match[1])} por cento ao mês",
    ),
    rule(
        rf"(?<![\w.,])({_NUMBER})\s?%\s?a\.?\s?a(?:\.(?!\s*$))?(?!\w)",
        lambda match: f"{number(match[1])} por cento ao ano",
    ),
    rule(r"\b\d{3}\.\d{3}\.\d{3}-\d{2}\b|\b\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}\b", _document),
    rule(r"\b\d{2}\.\d{3}\.\d{3}-[\dXx]\b", _document),
    rule(
        r"(?<![\w.,])(?P<sign>[-−]\s?)?(?P<currency>R\$|US\$|U\$|\$|€|£)\s?(?P<amount>\d{1,3}(?:\.\d{3})+|\d+)"
        rf"(?:,(?P<cents>\d+))?(?:\s(?P<scale>{'|'.join(SCALE_WORDS)})\b)?",
        _money,
        re.IGNORECASE,
    ),
    rule(r"(?<!\w)(?P<prefix>0[358]00)[\s.-]?(?P<rest>\d{3}[\s.-]?\d{3,4}|\d{6,7})\b", _free_phone),
    rule(
        r"(?<![\w.,])(?:\+?(?P<country>55)\s?)?(?:\(?0?(?P<area>\d{2})\)?\s)(?P<first>9?\s?\d{4})[\s.-]?(?P<last>\d{4})\b",
        _phone,
    ),
    rule(r"(?<![\w.,/-])\((?P<area>\d{2})\)(?P<country>)(?P<first>9?\d{4})-?(?P<last>\d{4})\b", _phone),
    rule(r"(?<![\w.,+-])\+(?P<country>55)(?P<area>\d{2})(?P<first>9?\d{4})-?(?P<last>\d{4})\b", _phone),
    rule(r"(?<![\w.,/-])(9?\d{4})-(\d{4})\b", _short_phone),
    rule(r"(?<![\w.,/-])(\d{5})-(\d{3})\b", _short_phone),
    rule(r"(?<![\w./-])(?P<day>[0-3]?\d)/(?P<month>[01]?\d)/(?P<year>\d{4}|\d{2})(?![\d/])", _date),
    rule(r"(?<![\w./-])(?P<year>\d{4})-(?P<month>[01]\d)-(?P<day>[0-3]\d)(?![\d-])", _date),
    rule(r"(?<![\w./-])(?P<day>[0-3]\d)/(?P<month>[01]\d)(?P<year>)(?![\d/])", _date_short),
    rule(
        rf"(?i)(?<![\w.,/-])(?P<day>[12]?\d|3[01]|0\d)[º°o]?\s+de\s+(?P<month>{_MONTH_NAMES})(?:\s+de\s+(?P<year>\d{{4}}))?",
        _written_date,
    ),
    rule(rf"(?<=\dh)\s?[-–]\s?(?={_HOUR})|(?<=(?:h|:)[0-5]\d)\s?[-–]\s?(?={_HOUR})", " às "),
    rule(r"(?<![\w.,:])(?<![àÀ]s\s)(?<!até\s)24\s?(?:hs|hrs|h)\b", "vinte e quatro horas"),
    rule(
        r"(?<![\w.,:])(?P<hour>[01]?\d|2[0-4])\s?h(?:s|rs)?\s?(?P<minute>[0-5]\d)(?P<colon>)?(?:\s?(?:min|m))?\b",
        _time,
    ),
    rule(r"(?<![\w.,:])(?P<hour>[01]?\d|2[0-4])\s?h(?:s|rs)?\b(?!\d)(?P<minute>)(?P<colon>)", _time),
    rule(
        r"(?<![\w.,:])(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?::[0-5]\d)?(?:\s?(?:h|hs|hrs|horas))?(?![\d:])\b",
        _clock,
    ),
    rule(r"(?<!\w)([2-6])[ªa]\s?(a|à|e)\s?([2-6])[ªa]([\s-]feiras?)?(?!\w)", _weekdays),
    rule(
        rf"(?i)(?<![\w.])({_SHORT_DAYS})\.?\s?(a|à|e|-|–)\s?({_SHORT_DAYS})(?!\w)(?:\.(?!\s*$))?",
        _short_weekdays,
    ),
    rule(r"(?<!\w)(?P<day>[2-6])[ªa](?P<fair>[\s-]feira)(?!\w)", _weekday),
    rule(r"(?<![\w.,])(?P<number>\d{1,3})\s?(?P<mark>[ºª°])(?!C)", _ordinal),
    rule(
        r"(?<![\w.,])(?P<number>\d{1,3})(?P<mark>[oa])(?=\s(?:andar|lugar|via|vez|parcela|dia|turno|piso|série|fase)\b)",
        _ordinal,
    ),
    rule(rf"(?<![\w.,])([-−]?(?:{_NUMBER}))\s?%", lambda match: f"{number(match[1])} por cento"),
    rule(r"(?i)(?<!\w)(?P<word>século|séc\.|capítulo|volume|tomo)\s(?P<roman>(?-i:[IVXLC]+))\b", _roman),
    rule(
        r"\b(?P<name>(?P<title>Dom|Dona|Papa|Rei|Rainha|Imperador)(?:\s[A-ZÀ-Ú][\wÀ-ú]+){1,3})\s(?P<roman>[IVX]+)\b",
        _ruler,
    ),
    rule(
        r"(?i)(?P<before>\b(?:tecla|tecle|digite|aperte|pressione|disque|ou)\s(?:o\s)?)(?P<sign>[#*])(?![\w*])",
        _key,
    ),
    rule(r"(?<![\w.,])(\d{1,3}(?:\.\d{3})*|\d+)\s\(([a-zà-ú ]+)\)", _said_twice),
    rule(r"(?i)(?<!\w)sr\(a\)\.?", "senhor ou senhora"),
    rule(r"(?i)(?<!\w)dr\(a\)\.?", "doutor ou doutora"),
    rule(r"\bkm\s(?=\d)", "quilômetro "),
    rule(
        r"(?<![\w.,])(\d+)\s?[xX]\s(?=\d+(?:,\d+)?\s?(?:cm|mm|km|m)\b)",
        lambda match: f"{number(match[1])} por ",
    ),
    rule(r"(?<![\w.,])(\d+)\s[xX]\s(?=\d+\b)", lambda match: f"{number(match[1])} a "),
    rule(r"(?<![\w.,])(\d+)[xX](?!\w)", _times),
    rule(r"(?i)\bs/n[º°]?(?!\w)", "sem número"),
    rule(r"\b[Nn][º°]\s?(?=\d)|\b[Nn]\.[º°o]\s?(?=\d)", "número "),
    rule(r"(?i)(?<!\w)e/ou(?!\w)", "e ou"),
    rule(r"(?i)(?<!\w)p\.\s?ex\.", "por exemplo"),
    rule(r"(?i)(?<!\w)s\.\s?a\.?(?!\w)|(?<=\s)S/A(?!\w)", "esse á"),
    rule(r"(?i)(?<!\w)a/c(?!\w)", "aos cuidados de"),
    rule(rf"(?i)(?<![\w.])({BEFORE_NAMES})\.", _abbreviation),
    rule(r"(?<![\w.])([Rr])\.(?=\s(?:d[aeo]s?\s)?[A-ZÀ-Ú\U000f0000-\U000ffffd])", _abbreviation),
    rule(r"(?<![\w.])(D)\.(?=\s[A-ZÀ-Ú][a-zà-ú])", _abbreviation),
    rule(r"(?i)(?<![\w.])(ltda|cia|etc)\.?(?!\w)", _abbreviation),
    rule(r"(?i)(?<![\w.])(and)\.(?!\s*$)", _abbreviation),
    rule(r"(?i)(?<![\w.])(and)(?=\.\s*$)", _abbreviation),
    rule(r"(?i)(?<=\d\sde\s)(jan|fev|mar|abr|jun|jul|ago|set|out|nov|dez)\.(?!\s*$)", _abbreviation),
    rule(r"(?i)(?<=\d\s)(jan|fev|mar|abr|jun|jul|ago|set|out|nov|dez)\.(?!\s*$)", _abbreviation),
    rule(r"(?i)(?<![\w.])(seg|qua|qui|sex|sáb)\.(?!\s*$)", _abbreviation),
    rule(rf"(?<![\w.,])(?P<number>[-−]?(?:{_NUMBER}))\s?(?P<unit>{_UNIT_NAMES})(?![\w²³/])", _unit),
    rule(r"(?<![\w.,/-])(\d)/(\d{1,2})(?![\w/])(?=\s(?P<noun>[^\W\d_]+)|)", _fraction),
    rule(r"(?<![\w.,/-])\d+(?:/\d+)+(?![\w/])", _slashed),
    rule(rf"(?<![\w.,-])({_NUMBER})\s?[-–]\s?({_NUMBER})(?![\w-])", _range),
    rule(
        r"(?i)(?P<before>\b(?:protocolo|código|senha|matrícula|token|pin|chamado|ticket|pedido)(?:\s(?:número|nº|é|n[uú]mero\sé))?"
        r":?\s)(?P<digits>\d{4,})(?![\w.,/-]?\d)",
        lambda match: f"{match['before']}{_grouped_digits(match['digits'])}",
    ),
    rule(r"(?<![\w.,])\d{7,}(?!\w|,\d)", lambda match: _grouped_digits(match.group())),
    rule(r"(?<!\w)(?=[A-Z0-9-]*\d)(?=[A-Z0-9-]*[A-Z])[A-Z0-9]+(?:-[A-Z0-9]+)*(?!\w)", _code),
    rule(r"(?<![\w.,])\d+(?:\.\d+)+(?!\w|,\d)", _dotted),
    rule(rf"(?<![\w.,])(?P<number>[-−]?(?:{_NUMBER}))\s(?P<noun>[^\W\d_]+)", _counted),
    rule(rf"(?<![\w.,])[-−]?(?:{_NUMBER})(?!\w)", lambda match: number(match.group())),
    rule(r"\d+", lambda match: number(match.group())),
    rule(r"(?<!\w)[A-Z]{2,5}(?!\w)", _acronym),
    rule(r"\s?&\s?", " e "),
    rule(r"(?<=\s)\+(?=\s)", "mais"),
    rule(r"(?<=\s)=(?=\s)", "igual a"),
    rule(r"§\s?", "parágrafo "),
    rule(r"(?<=\w)\s?/\s?(?=\w)", " ou "),
)
