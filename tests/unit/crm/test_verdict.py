from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.crm.verdict import Verdict, judge, retry_after

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Verdict.DELIVERED),
        (201, Verdict.DELIVERED),
        (204, Verdict.DELIVERED),
        (301, Verdict.REFUSED),
        (302, Verdict.REFUSED),
        (307, Verdict.REFUSED),
        (400, Verdict.REFUSED),
        (401, Verdict.REFUSED),
        (404, Verdict.REFUSED),
        (408, Verdict.FAILED),
        (410, Verdict.GONE),
        (413, Verdict.REFUSED),
        (425, Verdict.FAILED),
        (429, Verdict.FAILED),
        (500, Verdict.FAILED),
        (503, Verdict.FAILED),
        (599, Verdict.FAILED),
    ],
)
def test_what_a_status_means(status: int, verdict: Verdict) -> None:
    answer = judge(status, {}, NOW)
    assert answer.verdict is verdict
    assert answer.status_code == status


@given(st.integers(100, 999))
def test_only_success_is_delivered(status: int) -> None:
    assert (judge(status, {}, NOW).verdict is Verdict.DELIVERED) == (200 <= status < 300)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("Mon, 02 Mar 2026 12:01:00 GMT", 60.0),
        ("Mon, 02 Mar 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        ("", None),
        ("9" * 400, 999999999.0),
    ],
)
def test_what_retry_after_asks_for(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


@given(st.text())
def test_any_retry_after_is_understood_or_left_alone(value: str) -> None:
    found = retry_after(value, NOW)
    assert found is None or found >= 0


def test_a_busy_receiver_says_when_to_come_back() -> None:
    assert judge(503, {"retry-after": "30"}, NOW).retry_after_s == 30.0
