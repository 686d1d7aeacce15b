"""Business hours: a weekly table, exceptions and public holidays in a time zone. Pure."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _known_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("a time zone of the IANA database, such as America/Sao_Paulo")
    return value


TimeZoneName = Annotated[str, AfterValidator(_known_zone)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Opening(_Frozen):
    """Local wall-clock times; `closes` earlier than or equal to `opens` means after midnight."""

    opens: time
    closes: time


class DayException(_Frozen):
    """A date that differs from the week: closed all day, or other openings."""

    day: date
    openings: tuple[Opening, ...] = ()
    name: str = ""


class BusinessHours(_Frozen):
    """
    Attributes:
        always_open: No table at all; everything else must then be empty.
        week: Openings per weekday; a day that is missing is closed.
        time_zone: None takes the tenant's.
        holidays_country: ISO 3166 code for `holidays`; None ignores public holidays.
        holidays_subdivision: State or province, such as SP.
    """

    always_open: bool = False
    week: dict[Weekday, tuple[Opening, ...]] = Field(default_factory=dict)
    exceptions: tuple[DayException, ...] = ()
    time_zone: TimeZoneName | None = None
    holidays_country: str | None = None
    holidays_subdivision: str | None = None

    @model_validator(mode="after")
    def _consistent(self) -> BusinessHours:
        if self.always_open and (self.week or self.exceptions or self.holidays_country):
            raise ValueError("hours.always_open: contradicts a weekly table; keep one of them")
        return self

    def is_open(self, at: datetime, default_zone: str) -> bool:
        """Whether the business is open at an instant.

        Args:
            at: Timezone-aware.
            default_zone: IANA name used when the table has none.
        """
        raise NotImplementedError

    def zone(self, default_zone: str) -> ZoneInfo:
        return ZoneInfo(self.time_zone or default_zone)
