"""Weekly tables, written short and drawn at random."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import time
from typing import Any

from hypothesis import strategies as st

from voice_ai_service.calls.hours import WEEKDAYS, BusinessHours

SAO_PAULO = "America/Sao_Paulo"
NEW_YORK = "America/New_York"
WORKDAYS = ("mon", "tue", "wed", "thu", "fri")


def table(week: Mapping[Any, Sequence[tuple[str, str]]] | None = None, **changes: Any) -> BusinessHours:
    days = {day: [{"opens": a, "closes": b} for a, b in times] for day, times in (week or {}).items()}
    return BusinessHours.model_validate({"week": days} | changes)


TIMES = st.times(min_value=time(0), max_value=time(23, 59)).map(
    lambda at: at.replace(second=0, microsecond=0)
)
OPENINGS = st.lists(st.fixed_dictionaries({"opens": TIMES, "closes": TIMES}), max_size=3)
TABLES = st.fixed_dictionaries(
    {
        "week": st.dictionaries(st.sampled_from(WEEKDAYS), OPENINGS, max_size=7),
        "time_zone": st.sampled_from(
            [None, SAO_PAULO, NEW_YORK, "Asia/Kolkata", "Pacific/Apia", "Australia/Lord_Howe", "UTC"]
        ),
        "holidays_country": st.sampled_from([None, "BR", "US"]),
    }
)
