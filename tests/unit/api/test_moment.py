from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from voice_ai_service.api.moment import Moment

READ = TypeAdapter(Moment)


offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(timezones=offsets))
def test_what_is_accepted_can_be_shifted_to_any_zone(value: datetime) -> None:
    try:
        read = READ.validate_python(value)
    except ValidationError:
        assert not 1901 <= value.year <= 2998
    else:
        assert read.astimezone(UTC) == value
        assert 1899 <= read.astimezone(UTC).year <= 3000


@pytest.mark.parametrize(
    "text", ["2026-01-01T00:00:00", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", ""]
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        READ.validate_python(text)
