"""Business hours as a person says them on the telephone, in Brazilian Portuguese and English. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final, Protocol

from voice_ai_service.calls.hours import WEEKDAYS, BusinessHours, Opening

_PT_DAYS: Final = ("segunda", "terça", "quarta", "quinta", "sexta", "sábado", "domingo")
_EN_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_PT_MONTHS: Final = [
    "janeiro",
    "fevereiro",
    "março",
    "abril",
    "maio",
    "junho",
    "julho",
    "agosto",
    "setembro",
    "outubro",
    "novembro",
    "dezembro",
]
_EN_MONTHS: Final = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_MIDNIGHT: Final = time(0)
_NOON: Final = time(12)


class _Tongue(Protocol):
    """One language's grammar of days and times."""

    @property
    def closed(self) -> str: ...
    @property
    def always(self) -> str: ...
    @property
    def all_day(self) -> str: ...
    def days(self, first: int, last: int) -> str: ...
    def opening(self, opening: Opening) -> str: ...
    def join(self, parts: Sequence[str]) -> str: ...
    def moment(self, at: datetime, today: date) -> str: ...


@dataclass(frozen=True, slots=True)
class _Portuguese:
    closed: str = "fechado todos os dias"
    always: str = "24 horas por dia, todos os dias"
    all_day: str = "o dia inteiro"

    def days(self, first: int, last: int) -> str:
        if first == 0 and last == 6:
            return "todos os dias"
        if first == last:
            return _PT_DAYS[first]
        middle = " e " if last == first + 1 else " a "
        return ("de " if middle == " a " else "") + _PT_DAYS[first] + middle + _PT_DAYS[last]

    def opening(self, opening: Opening) -> str:
        opens, closes = opening.opens, opening.closes
        return f"{self._from(opens)} {self._to(closes, self._time(closes, unit=True))}"

    def join(self, parts: Sequence[str]) -> str:
        return _joined(parts, " e ")

    def moment(self, at: datetime, today: date) -> str:
        clock = self._to(at.time(), self._time(at.time(), unit=True))
        return f"{self._day(at.date(), today)} {clock}"

    def _day(self, day: date, today: date) -> str:
        ahead = (day - today).days
        if ahead in (0, 1):
            return ("hoje", "amanhã")[ahead]
        if 1 < ahead < 7:
            return ("no " if day.weekday() > 4 else "na ") + _PT_DAYS[day.weekday()]
        return f"no dia {'primeiro' if day.day == 1 else day.day} de {_PT_MONTHS[day.month - 1]}"

    def _time(self, at: time, *, unit: bool) -> str:
        if at in (_MIDNIGHT, _NOON):
            return "meia-noite" if at == _MIDNIGHT else "meio-dia"
        if at.minute:
            return f"{at.hour} e {'meia' if at.minute == 30 else at.minute}"
        return f"{at.hour}" + ((" horas" if at.hour > 1 else " hora") if unit else "")

    def _from(self, at: time) -> str:
        article = "do" if at == _NOON else "da" if _is_singular(at) else "das"
        return f"{article} {self._time(at, unit=False)}"

    def _to(self, at: time, spoken: str) -> str:
        article = "ao" if at == _NOON else "à" if _is_singular(at) else "às"
        return f"{article} {spoken}"


@dataclass(frozen=True, slots=True)
class _English:
    closed: str = "closed every day"
    always: str = "24 hours a day, every day"
    all_day: str = "all day"

    def days(self, first: int, last: int) -> str:
        if first == 0 and last == 6:
            return "every day"
        if first == last:
            return _EN_DAYS[first]
        middle = " and " if last == first + 1 else " to "
        return _EN_DAYS[first] + middle + _EN_DAYS[last]

    def opening(self, opening: Opening) -> str:
        return f"from {self._time(opening.opens)} to {self._time(opening.closes)}"

    def join(self, parts: Sequence[str]) -> str:
        return _joined(parts, " and ")

    def moment(self, at: datetime, today: date) -> str:
        return f"{self._day(at.date(), today)} at {self._time(at.time())}"

    def _day(self, day: date, today: date) -> str:
        ahead = (day - today).days
        if ahead in (0, 1):
            return ("today", "tomorrow")[ahead]
        if 1 < ahead < 7:
            return f"on {_EN_DAYS[day.weekday()]}"
        return f"on {_EN_MONTHS[day.month - 1]} {day.day}"

    def _time(self, at: time) -> str:
        if at in (_MIDNIGHT, _NOON):
            return "midnight" if at == _MIDNIGHT else "noon"
        minutes = f":{at.minute:02}" if at.minute else ""
        return f"{at.hour % 12 or 12}{minutes} {'AM' if at.hour < 12 else 'PM'}"


_TONGUES: Final[dict[str, _Tongue]] = {"pt-BR": _Portuguese(), "en": _English()}


def spoken_week(hours: BusinessHours, language: str) -> str:
    """The weekly table in words: "de segunda a sexta das 8 às 18 horas e sábado das 9 ao meio-dia".

    Raises:
        KeyError: A language that secretaries do not speak.
    """
    tongue = _TONGUES[language]
    if hours.always_open:
        return tongue.always
    groups = _groups([tuple(sorted(hours.week.get(day, ()), key=lambda one: one.opens)) for day in WEEKDAYS])
    if not groups:
        return tongue.closed
    return tongue.join(
        [f"{tongue.days(first, last)} {_day_in_words(day, tongue)}" for first, last, day in groups]
    )


def spoken_moment(at: datetime, now: datetime, language: str) -> str:
    """A coming instant as seen from now, in the time zone of `at`: "amanhã às 8 horas", "on Monday at 9 AM".

    Raises:
        KeyError: A language that secretaries do not speak.
    """
    return _TONGUES[language].moment(at, now.astimezone(at.tzinfo).date())


def _groups(week: Sequence[tuple[Opening, ...]]) -> list[tuple[int, int, tuple[Opening, ...]]]:
    """Runs of neighbouring weekdays with the same openings; closed days are left out."""
    groups: list[tuple[int, int, tuple[Opening, ...]]] = []
    for index, openings in enumerate(week):
        if not openings:
            continue
        if groups and groups[-1][1] == index - 1 and groups[-1][2] == openings:
            groups[-1] = (groups[-1][0], index, openings)
        else:
            groups.append((index, index, openings))
    return groups


def _day_in_words(openings: Sequence[Opening], tongue: _Tongue) -> str:
    if any(opening.opens == opening.closes for opening in openings):
        return tongue.all_day
    return tongue.join([tongue.opening(opening) for opening in openings])


def _joined(parts: Sequence[str], last: str) -> str:
    """A part that has an "and" of its own is kept apart by a comma, so that the ear hears where it ends."""
    if len(parts) < 2:
        return "".join(parts)
    if any(last in part for part in parts):
        return ", ".join(parts[:-1]) + "," + last + parts[-1]
    return ", ".join(parts[:-1]) + last + parts[-1]


def _is_singular(at: time) -> bool:
    return at.hour == 1 or at == _MIDNIGHT or (at.hour == 0 and at.minute > 0)
