"""Business hours: a weekly table, exceptions and public holidays in a time zone. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, available_timezones

import holidays
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

HORIZON_DAYS: Final = 370
"""How far `next_opening` looks: a year, so that a yearly closing does not hide the next opening."""


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _known_zone(value: str) -> str:
    if value not in _zones():
        raise ValueError("not a time zone of the IANA database; one is America/Sao_Paulo")
    return value


TimeZoneName = Annotated[str, AfterValidator(_known_zone)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Opening(_Frozen):
    """Local wall-clock times; `closes` earlier than or equal to `opens` means after midnight."""

    opens: time
    closes: time

    @model_validator(mode="after")
    def _wall_clock(self) -> Opening:
        if self.opens.tzinfo is not None or self.closes.tzinfo is not None:
            raise ValueError("local times without an offset: the time zone belongs to the table")
        return self


class DayException(_Frozen):
    """A date that differs from the week: closed all day, or other openings."""

    day: date
    openings: tuple[Opening, ...] = Field((), max_length=12)
    name: str = Field("", max_length=200)


class BusinessHours(_Frozen):
    """
    Attributes:
        always_open: No table at all; everything else must then be empty.
        week: Openings per weekday; a day that is missing is closed.
        exceptions: Dates that override the week and the public holidays.
        time_zone: None takes the tenant's.
        holidays_country: ISO 3166 code for `holidays`; None ignores public holidays.
        holidays_subdivision: State or province, such as SP.
    """

    always_open: bool = False
    week: dict[Weekday, Annotated[tuple[Opening, ...], Field(max_length=12)]] = Field(default_factory=dict)
    exceptions: tuple[DayException, ...] = Field((), max_length=400)
    time_zone: TimeZoneName | None = None
    holidays_country: str | None = None
    holidays_subdivision: str | None = None

    @model_validator(mode="after")
    def _consistent(self) -> BusinessHours:
        if self.always_open and (self.week or self.exceptions or self.holidays_country):
            raise ValueError("always_open: contradicts a weekly table; keep one of them")
        days = [exception.day for exception in self.exceptions]
        twice = next((day for day in days if days.count(day) > 1), None)
        if twice is not None:
            raise ValueError(f"exceptions: {twice.isoformat()} stands twice")
        return self

    @model_validator(mode="after")
    def _holidays_exist(self) -> BusinessHours:
        if self.holidays_country is None:
            if self.holidays_subdivision is not None:
                raise ValueError("holidays_subdivision: needs holidays_country")
            return self
        supported = holidays.utils.list_supported_countries()
        if self.holidays_country not in supported:
            raise ValueError("holidays_country: not a country whose holidays are known; one is BR")
        if self.holidays_subdivision is None:
            return self
        if self.holidays_subdivision not in supported[self.holidays_country]:
            raise ValueError(
                f"holidays_subdivision: not a part of {self.holidays_country} whose holidays are known"
            )
        return self

    def is_open(self, at: datetime, default_zone: str) -> bool:
        """Whether the business is open at an instant.

        Args:
            at: Timezone-aware.
            default_zone: IANA name used when the table has none.

        Raises:
            ValueError: `at` has no time zone.
        """
        if self.always_open:
            return True
        instant = _instant(at)
        today = instant.astimezone(self.zone(default_zone)).date()
        return any(
            opens <= instant < closes
            for day in (today - timedelta(days=1), today)
            for opens, closes in self._intervals(day, default_zone)
        )

    def next_opening(self, at: datetime, default_zone: str) -> datetime | None:
        """The first instant from `at` on when the business is open: `at` itself while it is.

        Args:
            at: Timezone-aware.
            default_zone: IANA name used when the table has none.

        Returns:
            In the table's time zone; None when nothing opens within `HORIZON_DAYS`.

        Raises:
            ValueError: `at` has no time zone.
        """
        zone = self.zone(default_zone)
        instant = _instant(at)
        if self.always_open:
            return instant.astimezone(zone)
        today = instant.astimezone(zone).date()
        for offset in range(-1, HORIZON_DAYS):
            day = today + timedelta(days=offset)
            starts = [
                max(opens, instant)
                for opens, closes in self._intervals(day, default_zone)
                if closes > instant
            ]
            if starts:
                return min(starts).astimezone(zone)
        return None

    def zone(self, default_zone: str) -> ZoneInfo:
        return ZoneInfo(self.time_zone or default_zone)

    def holiday_name(self, day: date) -> str | None:
        """The public holiday's name in the country's own language, or None."""
        if self.holidays_country is None:
            return None
        return _holidays_of(self.holidays_country, self.holidays_subdivision, day.year).get(day)

    def openings_on(self, day: date) -> tuple[Opening, ...]:
        """The openings that begin on a date: its exception's, none on a public holiday, else its weekday's."""
        for exception in self.exceptions:
            if exception.day == day:
                return exception.openings
        if self.holiday_name(day) is not None:
            return ()
        return self.week.get(WEEKDAYS[day.weekday()], ())

    def _intervals(self, day: date, default_zone: str) -> Iterator[tuple[datetime, datetime]]:
        zone = self.zone(default_zone)
        for opening in self.openings_on(day):
            last_day = day if opening.closes > opening.opens else day + timedelta(days=1)
            opens = _wall_to_instant(datetime.combine(day, opening.opens), zone, last=False)
            yield opens, _wall_to_instant(datetime.combine(last_day, opening.closes), zone, last=True)


def _instant(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return at.astimezone(UTC)


def _wall_to_instant(wall: datetime, zone: ZoneInfo, *, last: bool) -> datetime:
    """UTC of a local wall-clock time.

    A time that the clock skips is read with the offset before the gap (RFC 5545 section 3.3.5). Of a time that
    comes twice, the first is meant for opening and the last for closing, so that one opening stays one.
    """
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if not last:
        return first
    return max(first, wall.replace(tzinfo=zone, fold=1).astimezone(UTC))


@lru_cache(maxsize=512)
def _holidays_of(country: str, subdivision: str | None, year: int) -> dict[date, str]:
    return dict(holidays.country_holidays(country, subdiv=subdivision, years=year))
