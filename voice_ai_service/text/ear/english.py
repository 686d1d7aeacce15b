"""English as it is read aloud; of two readings the one of the United States."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from voice_ai_service.text.ear.english_numbers import LARGEST, cardinal, digits, ordinal, year
from voice_ai_service.text.ear.english_words import (
    ABBREVIATIONS,
    BEFORE_NAMES,
    CLOCK,
    CURRENCIES,
    MONTHS,
    ROMAN,
    ROMAN_ALL,
    SHORT_DAYS,
    SHORT_MONTHS,
    SPELLED_OUT,
    UNITS,
    WEEKDAYS,
    YEAR_BEFORE,
)
from voice_ai_service.text.ear.rules import Rule, rule


def _range(match: re.Match[str]) -> str:
    if match[1].isdecimal() and match[2].isdecimal() and len(match[1]) > 3 and int(match[2]) < int(match[1]):
        return f"{_grouped_digits(match[1])}, {digits(match[2])}"  # an account and its check digit
    return f"{number(match[1])} to {number(match[2])}"


def _reais(match: re.Match[str]) -> str:
    """As it is written in Brazil: 1.250,00."""
    whole, cents = int(match["amount"].replace(".", "")), int(match["cents"])
    pieces = []
    if whole or not cents:
        pieces.append(f"{cardinal(whole)} {'real' if whole == 1 else 'reais'}")
    if cents:
        pieces.append(f"{cardinal(cents)} {'centavo' if cents == 1 else 'centavos'}")
    return ("minus " if match["sign"] else "") + " and ".join(pieces)


def _written_days(match: re.Match[str]) -> str:
    name = SHORT_MONTHS[match["month"][:3].lower()]
    return f"{name} {ordinal(int(match['day']))} to {ordinal(int(match['last']))}"


def _house(match: re.Match[str]) -> str:
    return f"{cardinal(int(match[1]))} hundred"


def _short_weekdays(match: re.Match[str]) -> str:
    between = "to" if match[2] in "-–" else match[2]
    return f"{WEEKDAYS[match[1][:3]]} {between} {WEEKDAYS[match[3][:3]]}"


def _ruler(match: re.Match[str]) -> str | None:
    value = ROMAN_ALL.get(match["roman"])
    return None if value is None else f"{match['name']} the {ordinal(value)}"


def _slashed(match: re.Match[str]) -> str:
    parts = match.group().split("/")
    spoken = [cardinal(int(part)) for part in parts[:-1]]
    last = parts[-1]
    is_year = len(last) == 4 and len(parts) == 3
    return " slash ".join([*spoken, year(int(last)) if is_year else cardinal(int(last))])


def _dotted(match: re.Match[str]) -> str:
    return " point ".join(number(part) for part in match.group().split("."))


def _said_twice(match: re.Match[str]) -> str | None:
    """ "30 (thirty)" is read once."""
    value = int(match[1])
    return (
        match[2]
        if value <= LARGEST and match[2].lower().replace(" ", "-") == cardinal(value).replace(" ", "-")
        else None
    )


def number(text: str) -> str:
    """A number as written: "1,234", "2.5", "007" (digits), "-3"."""
    sign = "minus " if text[0] in "-−" else ""
    whole, point, fraction = text.lstrip("-−+").partition(".")
    plain = whole.replace(",", "") or "0"
    if (len(plain) > 1 and plain[0] == "0") or int(plain) > LARGEST:
        return sign + _grouped_digits(plain)
    words = sign + cardinal(int(plain))
    return f"{words} point {digits(fraction)}" if point else words


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
    part, scale = match["cents"] or "", match["scale"]
    sign = "minus " if match["sign"] else ""
    if scale or len(part) > 2:
        amount = number(match["amount"] + (f".{part}" if part else ""))
        scale = {"k": "thousand", "m": "million", "bn": "billion"}.get((scale or "").lower(), scale)
        return f"{sign}{amount} {scale + ' ' if scale else ''}{many}"
    whole = int(match["amount"].replace(",", ""))
    hundredths = int(part.ljust(2, "0")) if part else 0
    pieces = []
    if whole or not hundredths:
        pieces.append(f"{cardinal(whole)} {one if whole == 1 else many}")
    if hundredths:
        pieces.append(f"{cardinal(hundredths)} {cent if hundredths == 1 else cents}")
    return sign + " and ".join(pieces)


def _date(match: re.Match[str]) -> str | None:
    month, day, full = int(match["month"]), int(match["day"]), _full_year(match["year"])
    if month > 12 >= day:  # written the other way round
        month, day = day, month
    try:
        date(full, month, day)
    except ValueError:
        return None
    return f"{MONTHS[month - 1]} {ordinal(day)}, {year(full)}"


def _full_year(text: str) -> int:
    return 2000 + int(text) if len(text) == 2 else int(text)


def _written_date(match: re.Match[str]) -> str:
    name = SHORT_MONTHS[match["month"][:3].lower()]
    after = f", {year(int(match['year']))}" if match["year"] else ""
    return f"{name} {ordinal(int(match['day']))}{after}"


def _day_first(match: re.Match[str]) -> str:
    name = SHORT_MONTHS[match["month"][:3].lower()]
    after = f", {year(int(match['year']))}" if match["year"] else ""
    return f"the {ordinal(int(match['day']))} of {name}{after}"


def _time(match: re.Match[str]) -> str | None:
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    half = match["half"]
    if hour > 23 or minute > 59 or (half and not 1 <= hour <= 12):
        return None
    if half:
        words = cardinal(hour) + ("" if not minute else f" {_minutes(minute)}")
        return f"{words} {' '.join(half.replace('.', '').upper())}"
    if hour == 0:
        return f"midnight {_minutes(minute)}" if minute else "midnight"
    if not minute:
        return f"{cardinal(hour)} o'clock" if hour <= 12 else f"{cardinal(hour)} hundred hours"
    return f"{cardinal(hour)} {_minutes(minute)}"


def _minutes(minute: int) -> str:
    return f"oh {cardinal(minute)}" if minute < 10 else cardinal(minute)


def _phone(match: re.Match[str]) -> str:
    parts = [
        digits(part) for part in (match["country"], match["area"], match["first"], match["last"]) if part
    ]
    plus = "plus " if match.group().startswith("+") else ""
    return plus + ", ".join(parts)


def _free_phone(match: re.Match[str]) -> str:
    area = match["area"]
    spoken = f"{digits(area[0])} hundred" if area.endswith("00") else digits(area)
    one = "one, " if match["one"] else ""
    return f"{one}{spoken}, {digits(match['first'])}, {digits(match['last'])}"


def _document(match: re.Match[str]) -> str:
    return ", ".join(digits(part) for part in re.findall(r"\d+", match.group()))


def _address_online(match: re.Match[str]) -> str:
    text = re.sub(r"^https?://", "", match.group(), flags=re.IGNORECASE).rstrip("/")
    signs = {
        "@": "at",
        ".": "dot",
        "-": "dash",
        "_": "underscore",
        "/": "slash",
        "+": "plus",
        "?": "question mark",
        "=": "equals",
        "&": "and",
        "%": "percent",
        "#": "hash",
    }
    words = []
    for part in re.findall(r"[^\W\d_]+|\d+|\W|_", text):
        if part.isdigit():
            words.append(cardinal(int(part)) if len(part) < 4 and part[0] != "0" else digits(part))
        elif part.lower() in ("www", "io", "br", "uk"):
            words.append(" ".join(part.upper()))
        else:
            words.append(signs.get(part, part))
    return " ".join(words)


def _unit(match: re.Match[str]) -> str:
    one, many = UNITS[match["unit"]]
    return f"{number(match['number'])} {one if match['number'] in ('1', '-1') else many}"


def _ordinal(match: re.Match[str]) -> str:
    return ordinal(int(match[1].replace(",", "")))


def _code(match: re.Match[str]) -> str:
    parts = re.findall(r"[A-Z]+|\d+", match.group())
    spoken = ""
    for at, part in enumerate(parts):
        after_word = at > 0 and _is_word(parts[at - 1])
        if part.isdigit():
            read = number(part) if after_word and len(part) < 4 else _grouped_digits(part)
        else:
            read = part if _is_word(part) else " ".join(part)
        spoken += f"{'' if at == 0 else ' ' if after_word else ', '}{read}"
    return spoken


def _is_word(text: str) -> bool:
    """COVID is said, ABC is spelled."""
    return len(text) > 3 and text.isalpha() and re.search(r"[AEIOU]", text) is not None


def _per(match: re.Match[str]) -> str:
    names = {"mo": "month", "yr": "year", "hr": "hour", "wk": "week"}
    return f" {'an' if match[1] in ('hr', 'hour') else 'a'} {names.get(match[1], match[1])}"


def _acronym(match: re.Match[str]) -> str | None:
    text = match.group()
    return " ".join(text) if text in SPELLED_OUT or not re.search(r"[AEIOUY]", text) else None


def _plural_acronym(match: re.Match[str]) -> str | None:
    text = match[1]
    return f"{' '.join(text)}'s" if text in SPELLED_OUT or not re.search(r"[AEIOUY]", text) else None


def _fraction(match: re.Match[str]) -> str | None:
    top, bottom = int(match["top"]), int(match["bottom"])
    if not top < bottom or bottom > 16:
        return None
    name = {2: "half", 4: "quarter"}.get(bottom) or ordinal(bottom)
    if (top, bottom) == (1, 2):
        return f"{cardinal(int(match['whole']))} and a half" if match["whole"] else "half"
    words = f"{cardinal(top)} {name if top == 1 else name + 's'}"
    return f"{cardinal(int(match['whole']))} and {words}" if match["whole"] else words


def _roman(match: re.Match[str]) -> str | None:
    value = ROMAN.get(match["roman"])
    return None if value is None else f"{match['word']} {cardinal(value)}"


def _decade(match: re.Match[str]) -> str:
    words = year(int(match[1] + "0"))
    return words[:-1] + "ies" if words.endswith("y") else words + "s"


_NUMBER: Final = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_MONTH_NAMES: Final = "|".join(MONTHS) + "|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec"
_UNIT_NAMES: Final = "|".join(re.escape(name) for name in sorted(UNITS, key=len, reverse=True))

RULES: Final[tuple[Rule, ...]] = (
    rule(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", _address_online),
    rule(r"(?i)\b(?:https?://|www\.)[^\s,;)]+[^\s,;).!?]", _address_online),
    rule(
        r"(?i)\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|net|org|gov|edu|io|app)(?:\.(?:br|uk))?\b(?!\.\d)(?:/[\w./-]*\w)?",
        _address_online,
    ),
    rule(
        r"(?<![\w.,])(?P<sign>[-−]\s?)?R\$\s?(?P<amount>\d{1,3}(?:\.\d{3})+|\d+),(?P<cents>\d{2})(?!\d)",
        _reais,
    ),
    rule(
        r"(?<![\w.,])\+(?P<country>55)\s?\(?(?P<area>\d{2})\)?\s?(?P<first>\d{4,5})[-\s]?(?P<last>\d{4})\b",
        _phone,
    ),
    rule(r"(?<![\w.,+])(?P<country>)\((?P<area>\d{2})\)\s?(?P<first>\d{4,5})[-\s]?(?P<last>\d{4})\b", _phone),
    rule(
        r"(?<!\w)(?P<before>(?:ZIP(?:\s[Cc]ode)?|[Zz]ip(?:\scode)?):?\s)(?P<zip>\d{5})(?:-(?P<more>\d{4}))?\b",
        lambda match: (
            match["before"] + ", ".join(digits(part) for part in (match["zip"], match["more"]) if part)
        ),
    ),
    rule(r"(?<![\w.,/-])(\d{5})-(\d{3})\b", lambda match: f"{digits(match[1])}, {digits(match[2])}"),
    rule(r"(?<=\d)/(mo|month|yr|year|hr|hour|wk|week|day|night|person)\b", _per),
    rule(r"(?<!\w)50/50(?!\w)", "fifty-fifty"),
    rule(r"(?<![\w.,])(\d)['′](\d{1,2})[\"″]", lambda match: f"{number(match[1])} foot {number(match[2])}"),
    rule(r"(?i)\bappt\.?(?=\s)", "appointment"),
    rule(r"\b\d{3}-\d{2}-\d{4}\b|\b\d{2}-\d{7}\b", _document),
    rule(r"\b\d{3}\.\d{3}\.\d{3}-\d{2}\b|\b\d{2}\.\d{3}\.\d{3}/\d{4}-\d{2}\b", _document),
    rule(
        r"(?<![\w.,])(?P<sign>[-−]\s?)?(?P<currency>US\$|R\$|\$|€|£)\s?(?P<amount>\d{1,3}(?:,\d{3})+|\d+)"
        r"(?:\.(?P<cents>\d+))?(?:\s?(?P<scale>thousand|million|billion|trillion|[kK]|M|bn)\b)?",
        _money,
    ),
    rule(
        r"(?<![\w.,])(?P<one>1[-\s.])?\(?(?P<area>8(?:00|33|44|55|66|77|88))\)?[-\s.]"
        r"(?P<first>\d{3})[-\s.](?P<last>\d{4})\b",
        _free_phone,
    ),
    rule(
        r"(?<![\w.,])(?:(?P<plus>\+)?(?P<country>1)[-\s.])?\(?(?P<area>\d{3})\)?[-\s.]\s?(?P<first>\d{3})[-\s.](?P<last>\d{4})\b",
        _phone,
    ),
    rule(r"(?<![\w.,/-])(?P<country>)(?P<area>)(?P<first>\d{3})-(?P<last>\d{4})\b", _phone),
    rule(
        r"(?<![\w.,])\+(?P<country>\d{2})\s(?P<area>\d{2})\s(?P<first>\d{4,5})[-\s](?P<last>\d{4})\b", _phone
    ),
    rule(r"(?<![\w./-])(?P<month>[01]?\d|[0-3]\d)/(?P<day>[0-3]?\d)/(?P<year>\d{4}|\d{2})(?![\d/])", _date),
    rule(r"(?<![\w./-])(?P<year>\d{4})-(?P<month>[01]\d)-(?P<day>[0-3]\d)(?![\d-])", _date),
    rule(
        rf"(?<!\w)(?P<month>{_MONTH_NAMES})\.?\s(?P<day>[12]?\d|3[01])\s?[-–]\s?(?P<last>[12]?\d|3[01])(?![\d/-])",
        _written_days,
    ),
    rule(
        rf"(?<!\w)(?P<month>{_MONTH_NAMES})\.?\s(?P<day>[12]?\d|3[01])(?:st|nd|rd|th)?(?!\d)(?:,?\s(?P<year>[12]\d{{3}}))?\b",
        _written_date,
    ),
    rule(
        rf"(?<![\w.,])(?:the\s)?(?P<day>[12]?\d|3[01])(?:st|nd|rd|th)?\s(?:of\s)?(?P<month>{_MONTH_NAMES})\b(?:\.(?=[\s,][a-z\d]))?(?:,?\s(?P<year>[12]\d{{3}})\b)?",
        _day_first,
    ),
    rule(
        rf"(?i)(?<=[ap]m)\s?[-–]\s?(?={CLOCK})|(?<=[ap]\.m\.)\s?[-–]\s?(?={CLOCK})|(?<=:\d\d)\s?[-–]\s?(?={CLOCK})",
        " to ",
    ),
    rule(
        r"(?i)(?<![\w.,:])(?P<hour>[01]?\d)(?::(?P<minute>[0-5]\d))?\s?(?P<half>[ap]\.m(?=\.\s*$)|[ap]\.m\.|am|pm)(?!\w)",
        _time,
    ),
    rule(r"(?<![\w.,:])(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?P<half>)(?![\d:])", _time),
    rule(r"(?<![\w.])(\d{1,3}(?:,\d{3})*|\d+)(?:st|nd|rd|th)\b", _ordinal),
    rule(
        rf"(?<![\w.,-])({_NUMBER})\s?[-–]\s?({_NUMBER})\s?%",
        lambda match: f"{number(match[1])} to {number(match[2])} percent",
    ),
    rule(rf"(?<![\w.,])([-−]?(?:{_NUMBER}))\s?%", lambda match: f"{number(match[1])} percent"),
    rule(r"(?<![\w.,])(1[0-9]{2}|20[0-9])0s\b", _decade),
    rule(r"(?<!\w)['’]([2-9]0)s\b", lambda match: f"{cardinal(int(match[1]))[:-1]}ies"),
    rule(rf"(?<!\w)({SHORT_DAYS})\.?\s?(to|and|-|–)\s?({SHORT_DAYS})(?!\w)(?:\.(?!\s*$))?", _short_weekdays),
    rule(
        r"(?<![\w.,])(?P<first>(?:1[1-9]|20)\d{2})(?P<between>\sto\s|\s?[-–]\s?)(?P<last>(?:1[1-9]|20)\d{2})(?![\w,.]\d|\w)",
        lambda match: f"{year(int(match['first']))} to {year(int(match['last']))}",
    ),
    rule(
        r"\b(?P<name>(?:King|Queen|Pope|Emperor|Prince|Elizabeth)(?:\s[A-Z]\w+){0,3})\s(?P<roman>[IVX]+)\b",
        _ruler,
    ),
    rule(r"(?i)(\b(?:press|dial|hit|or)\s(?:the\s)?)#(?!\w)", lambda match: f"{match[1]}pound"),
    rule(r"(?i)(\b(?:press|dial|hit|or)\s(?:the\s)?)\*(?![\w*])", lambda match: f"{match[1]}star"),
    rule(r"(?<!\w)911(?!\w)", "nine one one"),
    rule(r"(?<![\w.,])(\d+)\s\(([a-z][a-z -]+)\)", _said_twice),
    rule(r"\bP\.\s?O\.\s?(?=Box)", "P O "),
    rule(
        r"(?<![\w.,])(\d+)\s?[xX]\s(?=\d+(?:\.\d+)?\s?(?:cm|mm|in|ft|m)\b)",
        lambda match: f"{number(match[1])} by ",
    ),
    rule(
        r"(?<![\w.,])(\d+)[xX](?!\w)",
        lambda match: f"{number(match[1])} {'time' if match[1] == '1' else 'times'}",
    ),
    rule(
        r"(?<![\w.,/-])(\d{2})00(?=\s[A-Z][a-z]+\s(?:St|Ave|Blvd|Rd|Dr|Ln|Street|Avenue|Road|Drive)\b)",
        _house,
    ),
    rule(
        r"(?i)\b(?P<word>chapter|part|volume|phase|type|section|act|world war)\s(?P<roman>(?-i:[IVX]+))\b",
        _roman,
    ),
    rule(r"(?:\b(?:[Nn]o\.|[Nn]º)|(?<!\w)#)\s?(?=\d|[A-Z]+-?\d)", "number "),
    rule(r"\bDr\.(?=\s[A-Z])", "Doctor"),
    rule(r"(?<=[a-z]\s)Dr\.?(?=,|\s|$|\.)", "Drive"),
    rule(r"\bSt\.(?=\s[A-Z][a-z])", "Saint"),
    rule(r"(?<=[a-z]\s)St\.?(?=,|\s|$)|(?<=\d(?:st|nd|rd|th)\s)St\.?", "Street"),
    rule(r"(?i)(?<!\w)e\.\s?g\.,?", "for example,"),
    rule(r"(?i)(?<!\w)i\.\s?e\.,?", "that is,"),
    rule(r"(?i)(?<!\w)etc\.?(?!\w)", "et cetera"),
    rule(r"(?i)(?<!\w)w/(?=\s)", "with"),
    rule(r"(?i)(?<!\w)and/or(?!\w)", "and or"),
    rule(r"(?i)(?<!\w)24/7(?!\w)", "twenty-four seven"),
    rule(r"(?i)(?<![\w.])(max|min|fl)\.\s(?=\d)", lambda match: ABBREVIATIONS[match[1].lower()] + " "),
    rule(r"(?i)\bext\.\s(?=\d{3,5}\b)(\d+)", lambda match: f"extension {_room(match[1])}"),
    rule(r"(?i)\b(Hwy)\.\s(\d{3})\b", lambda match: f"Highway {_room(match[2])}"),
    rule(rf"(?i)(?<![\w.])({BEFORE_NAMES})\.(?!\w)", lambda match: ABBREVIATIONS[match[1].lower()]),
    rule(r"(?<![\w.])(Co|Sat|Sun)\.(?!\w)", lambda match: ABBREVIATIONS[match[1].lower()]),
    rule(r"(?<=\d\s)(sq\.\sft\.?)", "square feet"),
    rule(rf"(?<![\w.,])(?P<number>[-−]?(?:{_NUMBER}))\s?(?P<unit>{_UNIT_NAMES})(?![\w²/])", _unit),
    rule(r"(?<![\w.,/-])(?:(?P<whole>\d+)\s)?(?P<top>\d{1,2})/(?P<bottom>\d{1,2})(?![\w/])", _fraction),
    rule(r"(?<![\w.,/-])\d+(?:/\d+)+(?![\w/])", _slashed),
    rule(rf"(?<![\w.,-])({_NUMBER})\s?[-–]\s?({_NUMBER})(?![\w-])", _range),
    rule(r"(?<![\w.,])\d+(?:\.\d+){2,}(?!\w|,\d)", _dotted),
    rule(
        r"(?i)(?P<before>\b(?:code|pin|password|confirmation|ticket|case|token|protocol|account)(?:\s(?:number|no\.|is|number\sis))?"
        r":?\s)(?P<digits>\d{4,})(?![\w.,/-]?\d)",
        lambda match: f"{match['before']}{_grouped_digits(match['digits'])}",
    ),
    rule(
        rf"(?i)(?<=\b)({YEAR_BEFORE})\s((?:1[1-9]|20)\d{{2}})(?![\w,.]\d|\w)",
        lambda match: f"{match[1]} {year(int(match[2]))}",
    ),
    rule(
        r"(?i)\b(extension|room|suite|apartment|flight|route|bus)\s(\d{3,5})\b",
        lambda match: f"{match[1]} {_room(match[2])}",
    ),
    rule(r"(?<![\w.,])\d{7,}(?!\w|,\d)", lambda match: _grouped_digits(match.group())),
    rule(r"(?<!\w)(?=[A-Z0-9-]*\d)(?=[A-Z0-9-]*[A-Z])[A-Z0-9]+(?:-[A-Z0-9]+)*(?!\w)", _code),
    rule(rf"(?<![\w.,])[-−]?(?:{_NUMBER})(?!\w)", lambda match: number(match.group())),
    rule(r"\d+", lambda match: number(match.group())),
    rule(r"(?<!\w)([A-Z]{2,5})s(?!\w)", _plural_acronym),
    rule(r"(?<!\w)[A-Z]{2,5}(?!\w)", _acronym),
    rule(r"\s?&\s?", " and "),
    rule(r"(?<=\s)\+(?=\s)", "plus"),
    rule(r"(?<=\s)=(?=\s)", "equals"),
    rule(r"(?<=\w)\s?/\s?(?=\w)", " or "),
)


def _room(text: str) -> str:
    """Three or four digits of a room or an extension: "one oh five", "twenty oh one", "four twelve"."""
    if len(text) == 3 and text[1:] == "00":
        return f"{digits(text[0])} hundred"
    if len(text) == 3 and text[1] == "0":
        return digits(text).replace("zero", "oh")
    if len(text) == 3:
        return f"{cardinal(int(text[0]))} {cardinal(int(text[1:]))}"
    if len(text) == 4 and text[2:] == "00":
        return f"{digits(text[0])} thousand" if text[1] == "0" else f"{cardinal(int(text[:2]))} hundred"
    if len(text) == 4 and text[2] == "0" and "0" not in text[:2]:
        return f"{cardinal(int(text[:2]))} oh {digits(text[3])}"
    if len(text) == 4 and text[2] != "0" and text[0] != "0":
        return f"{cardinal(int(text[:2]))} {cardinal(int(text[2:]))}"
    return digits(text).replace("zero", "oh")
