from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.figures import BenchmarkError, Figure, as_table, percentile


@given(st.lists(st.floats(0, 1e6), min_size=1), st.sampled_from([0.5, 0.95, 1.0]))
def test_a_percentile_is_a_measured_value_that_so_many_do_not_pass(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) < share * len(values)


def test_nothing_measured_has_no_percentile() -> None:
    with pytest.raises(BenchmarkError):
        percentile([], 0.5)


@pytest.mark.parametrize(
    ("figure", "met"),
    [
        (Figure("a", 8.0, "ms", 8.0), True),
        (Figure("a", 8.1, "ms", 8.0), False),
        (Figure("a", 199.0, "turns/s", 200.0, "higher"), False),
        (Figure("a", 200.0, "turns/s", 200.0, "higher"), True),
        (Figure("a", 1.0, "ms"), None),
    ],
)
def test_a_target_is_met_or_missed_in_its_direction(figure: Figure, met: bool | None) -> None:
    assert figure.met is met
    assert json.loads(figure.as_json()).get("met") is met


def test_the_table_tells_a_missed_target_and_the_conditions() -> None:
    table = as_table([Figure("slow.p95", 50.0, "ms", 40.0, note="50 calls"), Figure("slow.rss", 90.0, "MB")])
    assert "≤ 40 ms" in table
    assert "MISSED" in table
    assert "slow.p95: 50 calls" in table
