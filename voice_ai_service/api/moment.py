"""A point in time as clients send it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime

_EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(3000, 1, 1, tzinfo=UTC)


def _within_reach(value: datetime) -> datetime:
    # At the ends of the calendar a shift to another time zone overflows.
    if not _EARLIEST <= value <= _LATEST:
        raise ValueError("between the years 1900 and 3000")
    return value


Moment = Annotated[AwareDatetime, AfterValidator(_within_reach)]
"""With a time zone, within a millennium that every clock and database knows."""
