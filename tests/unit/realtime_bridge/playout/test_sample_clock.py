"""Where a frame belongs on the sender's clock, seen from when it arrives."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from realtime_bridge.playout.sample_clock import SampleClock


def places(arrivals_ms: list[float]) -> tuple[list[int], SampleClock]:
    clock = SampleClock()
    return [clock.arrived(at / 1000) for at in arrivals_ms], clock


@settings(deadline=None)
@given(st.lists(st.floats(0, 39), min_size=2, max_size=400))
def test_jitter_below_two_frames_is_no_gap(jitter_ms: list[float]) -> None:
    arrivals, latest = [], 0.0
    for number, late in enumerate(jitter_ms):
        latest = max(latest, 20 * number + late)
        arrivals.append(latest)
    missing, _ = places(arrivals)
    assert sum(missing) == 0


def test_a_stall_that_is_caught_up_by_a_burst_is_no_gap() -> None:
    before = [20.0 * number for number in range(100)]
    burst = [3500.0 + number * 0.1 for number in range(75)]
    after = [20.0 * number for number in range(175, 400)]
    missing, clock = places(before + burst + after)
    assert sum(missing) == 0
    assert abs(clock.at - 399 * 0.020) < 0.001


def test_frames_that_never_come_are_missing_soon_after() -> None:
    before = [20.0 * number for number in range(100)]
    after = [20.0 * number for number in range(150, 400)]
    missing, clock = places(before + after)
    assert sum(missing) == 50
    assert 100 <= next(at for at, count in enumerate(missing) if count) <= 112
    assert abs(clock.at - 399 * 0.020) < 0.001


def test_single_frames_that_are_lost_now_and_then_do_not_add_up() -> None:
    arrivals = [20.0 * number for number in range(45000) if number % 97]
    missing, clock = places(arrivals)
    length_ms = 20 * (len(arrivals) + sum(missing))
    assert abs(length_ms - 900_000) <= 60
    assert abs(clock.at * 1000 - arrivals[-1]) <= 60


def test_what_waited_at_the_beginning_counts_from_when_it_was_taken() -> None:
    missing, clock = places([1000.0] * 50 + [1000 + 20.0 * number for number in range(1, 100)])
    assert sum(missing) == 0
    assert abs(clock.at - (1.0 + 99 * 0.020)) < 0.001


def test_a_sender_whose_clock_is_a_little_fast_or_slow_is_followed() -> None:
    for ppm in (-200, 200):
        arrivals = [20.0 * number * (1 + ppm / 1e6) for number in range(45000)]
        missing, clock = places(arrivals)
        assert sum(missing) * 20 <= 200
        assert abs(clock.at * 1000 - arrivals[-1]) < 45
