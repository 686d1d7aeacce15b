"""How long a call may last, and how many turns it may have. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class TimeLimit(StrEnum):
    NEAR = "near"
    """Tell the caller."""
    REACHED = "reached"
    """Say goodbye, or hand over."""
    CUT = "cut"
    """Hang up, whatever is being said."""


@dataclass(frozen=True, slots=True)
class Due:
    limit: TimeLimit
    after_s: float
    """Seconds since the call's answer."""


def time_limits(max_duration_s: float, *, near_s: float, cut_s: float) -> Iterator[Due]:
    """In order. A call shorter than twice the warning is not warned: it would begin with it."""
    if max_duration_s >= 2 * near_s:
        yield Due(TimeLimit.NEAR, max_duration_s - near_s)
    yield Due(TimeLimit.REACHED, max_duration_s)
    yield Due(TimeLimit.CUT, max_duration_s + cut_s)
