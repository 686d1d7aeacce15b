from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.unit.calls.tables import NEW_YORK, SAO_PAULO, TABLES, WORKDAYS, table
from voice_ai_service.calls.hours import WEEKDAYS, BusinessHours


def local(text: str, zone: str = SAO_PAULO, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


OFFICE = table({day: [("08:00", "12:00"), ("13:30", "18:00")] for day in WORKDAYS}, holidays_country="BR")


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-03-02T07:59:59", False),
        ("2026-03-02T08:00:00", True),
        ("2026-03-02T11:59:59", True),
        ("2026-03-02T12:00:00", False),
        ("2026-03-02T13:30:00", True),
        ("2026-03-02T18:00:00", False),
        ("2026-03-01T10:00:00", False),  # Sunday
        ("2026-05-01T10:00:00", False),  # Labour day, a Friday
        ("2026-12-25T10:00:00", False),
    ],
)
def test_an_office_week(at: str, is_open: bool) -> None:
    assert OFFICE.is_open(local(at), SAO_PAULO) is is_open


def test_the_instant_counts_and_not_the_zone_it_is_written_in() -> None:
    at = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)  # 08:00 in São Paulo
    assert OFFICE.is_open(at, SAO_PAULO)
    assert not OFFICE.is_open(at, "America/Los_Angeles")
    assert not OFFICE.model_copy(update={"time_zone": "Asia/Tokyo"}).is_open(at, SAO_PAULO)


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        OFFICE.is_open(datetime(2026, 3, 2, 9, 0), SAO_PAULO)  # noqa: DTZ001
    with pytest.raises(ValueError, match="time zone"):
        OFFICE.next_opening(datetime(2026, 3, 2, 9, 0), SAO_PAULO)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-03-06T18:00", True),
        ("2026-03-06T23:59", True),
        ("2026-03-07T01:59", True),  # Saturday, of Friday's opening
        ("2026-03-07T02:00", False),
        ("2026-03-06T01:00", False),  # Thursday has none
    ],
)
def test_an_opening_past_midnight_belongs_to_the_day_it_began(at: str, is_open: bool) -> None:
    assert table({"fri": [("18:00", "02:00")]}).is_open(local(at), SAO_PAULO) is is_open


def test_equal_times_are_a_whole_day() -> None:
    day = table({"sat": [("00:00", "00:00")]})
    assert day.is_open(local("2026-03-07T00:00"), SAO_PAULO)
    assert day.is_open(local("2026-03-07T23:59"), SAO_PAULO)
    assert not day.is_open(local("2026-03-08T00:00"), SAO_PAULO)


def test_exceptions_override_week_and_holidays() -> None:
    hours = table(
        {day: [("08:00", "18:00")] for day in WORKDAYS},
        holidays_country="BR",
        exceptions=[
            {"day": "2026-03-03", "name": "Inventory"},
            {"day": "2026-05-01", "openings": [{"opens": "09:00", "closes": "10:00"}]},
            {"day": "2026-03-08", "openings": [{"opens": "22:00", "closes": "01:00"}]},
        ],
    )
    assert not hours.is_open(local("2026-03-03T10:00"), SAO_PAULO)
    assert hours.is_open(local("2026-05-01T09:30"), SAO_PAULO)
    assert not hours.is_open(local("2026-05-01T10:30"), SAO_PAULO)
    assert hours.is_open(local("2026-03-09T00:30"), SAO_PAULO)


def test_a_states_holiday_is_one_only_there() -> None:
    week = {day: [("08:00", "18:00")] for day in WEEKDAYS}
    at = local("2026-07-09T10:00")  # Revolução Constitucionalista, São Paulo
    assert table(week, holidays_country="BR").is_open(at, SAO_PAULO)
    state = table(week, holidays_country="BR", holidays_subdivision="SP")
    assert not state.is_open(at, SAO_PAULO)
    assert state.holiday_name(date(2026, 7, 9))


def test_nothing_configured_is_closed() -> None:
    assert not table().is_open(local("2026-03-02T10:00"), SAO_PAULO)
    assert table().next_opening(local("2026-03-02T10:00"), SAO_PAULO) is None


def test_always_open() -> None:
    hours = BusinessHours(always_open=True)
    at = local("2026-12-25T03:00")
    assert hours.is_open(at, SAO_PAULO)
    assert hours.next_opening(at, SAO_PAULO) == at


# Daylight saving: New York skips 02:00-03:00 on 2026-03-08 and repeats 01:00-02:00 on 2026-11-01.


def test_an_opening_inside_the_skipped_hour_begins_after_the_jump() -> None:
    hours = table({"sun": [("02:30", "06:00")]})
    assert not hours.is_open(datetime(2026, 3, 8, 7, 29, tzinfo=UTC), NEW_YORK)  # 03:29 EDT
    assert hours.is_open(datetime(2026, 3, 8, 7, 30, tzinfo=UTC), NEW_YORK)  # 03:30 EDT
    assert not hours.is_open(datetime(2026, 3, 8, 10, 0, tzinfo=UTC), NEW_YORK)  # 06:00 EDT


def test_an_opening_across_the_skipped_hour_is_one_hour_shorter() -> None:
    hours = table({"sat": [("22:00", "04:00")]})
    opens, closes = datetime(2026, 3, 8, 3, 0, tzinfo=UTC), datetime(2026, 3, 8, 8, 0, tzinfo=UTC)
    assert hours.is_open(opens, NEW_YORK)
    assert not hours.is_open(opens - timedelta(minutes=1), NEW_YORK)
    assert hours.is_open(closes - timedelta(minutes=1), NEW_YORK)
    assert not hours.is_open(closes, NEW_YORK)


def test_an_opening_in_the_repeated_hour_stays_one_opening() -> None:
    hours = table({"sun": [("01:15", "01:45")]})
    states = [
        hours.is_open(datetime(2026, 11, 1, 5, 0, tzinfo=UTC) + timedelta(minutes=minute), NEW_YORK)
        for minute in range(0, 125, 5)
    ]
    assert states.index(True) == 3  # 01:15 EDT
    assert [index for index, one in enumerate(states) if one] == list(range(3, 21))  # to 01:45 EST


def test_the_next_opening() -> None:
    cases = {
        "2026-03-02T10:00": "2026-03-02T10:00",  # open: now
        "2026-03-02T12:30": "2026-03-02T13:30",
        "2026-03-06T19:00": "2026-03-09T08:00",
        "2026-04-30T19:00": "2026-05-04T08:00",  # over the holiday and the week-end
    }
    for at, expected in cases.items():
        assert OFFICE.next_opening(local(at), SAO_PAULO) == local(expected), at


def test_the_next_opening_sees_overlapping_openings_and_a_year() -> None:
    hours = table({}, exceptions=[{"day": "2026-12-01", "openings": [{"opens": "09:00", "closes": "10:00"}]}])
    assert hours.next_opening(local("2026-03-02T10:00"), SAO_PAULO) == local("2026-12-01T09:00")
    assert hours.next_opening(local("2026-12-01T10:00"), SAO_PAULO) is None


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"always_open": True, "week": {"mon": []}}, "always_open"),
        ({"holidays_country": "XX"}, "holidays_country"),
        ({"holidays_country": "BR", "holidays_subdivision": "ZZ"}, "holidays_subdivision"),
        ({"holidays_subdivision": "SP"}, "holidays_subdivision"),
        ({"exceptions": [{"day": "2026-01-01"}, {"day": "2026-01-01"}]}, "exceptions"),
        ({"week": {"funday": []}}, "week.funday"),
        ({"week": {"mon": [{"opens": "25:00", "closes": "26:00"}]}}, "week.mon.0.opens"),
        ({"week": {"mon": [{"opens": "08:00+03:00", "closes": "09:00"}]}}, "week.mon.0"),
    ],
)
def test_what_contradicts_itself_is_refused_with_its_field(raw: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        BusinessHours.model_validate(raw)
    first = caught.value.errors()[0]
    path = ".".join(str(part) for part in first["loc"] if part != "[key]")
    assert path == field or first["msg"].removeprefix("Value error, ").startswith(f"{field}:")


INSTANTS = st.datetimes(
    min_value=datetime.fromisoformat("2005-01-01"),
    max_value=datetime.fromisoformat("2035-01-01"),
    timezones=st.just(UTC),
)


@given(TABLES, INSTANTS)
def test_the_next_opening_is_open_and_nothing_before_it_is(raw: dict[str, Any], at: datetime) -> None:
    hours = BusinessHours.model_validate(raw)
    opens = hours.next_opening(at, SAO_PAULO)
    if opens is None:
        assert not hours.is_open(at, SAO_PAULO)
        return
    assert opens >= at
    assert hours.is_open(opens, SAO_PAULO)
    assert hours.is_open(at, SAO_PAULO) == (opens == at)
    if opens > at:
        assert not hours.is_open(opens - timedelta(seconds=1), SAO_PAULO)
        assert not hours.is_open(at + (opens - at) / 2, SAO_PAULO)
