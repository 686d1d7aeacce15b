from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.clock import VirtualClock
from voice_ai_service.providers.breaker import Admission, Breaker, BreakerPolicy, BreakerState

POLICY = BreakerPolicy(failures=3, window_s=30, open_s=10, max_open_s=35)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(auto=False)


@pytest.fixture
def breaker(clock: VirtualClock) -> Breaker:
    return Breaker(clock, POLICY)


def fail(breaker: Breaker, times: int = 1, retry_after_s: float | None = None) -> None:
    for _ in range(times):
        admission = breaker.enter()
        assert admission is not None
        breaker.failed(admission, retry_after_s)


def trial(breaker: Breaker) -> Admission:
    admission = breaker.enter()
    assert admission is Admission.TRIAL
    return admission


def test_opens_at_the_third_failure_in_the_window(breaker: Breaker) -> None:
    fail(breaker, 2)
    assert breaker.state.value == BreakerState.CLOSED
    fail(breaker)
    assert breaker.state.value == BreakerState.OPEN
    assert breaker.enter() is None
    assert breaker.retry_after_s == 10


def test_failures_that_left_the_window_do_not_count(breaker: Breaker, clock: VirtualClock) -> None:
    fail(breaker, 2)
    clock.tick(31)
    fail(breaker, 2)
    assert breaker.state.value == BreakerState.CLOSED


def test_stays_closed_while_most_requests_succeed(breaker: Breaker) -> None:
    for _ in range(4):
        breaker.succeeded(Admission.ORDINARY)
    fail(breaker, 3)
    assert breaker.state.value == BreakerState.CLOSED
    fail(breaker)
    assert breaker.state.value == BreakerState.OPEN


def test_one_trial_after_the_rest_and_a_success_closes(breaker: Breaker, clock: VirtualClock) -> None:
    fail(breaker, 3)
    clock.tick(10)
    assert breaker.state.value == BreakerState.HALF_OPEN
    admission = trial(breaker)
    assert breaker.enter() is None
    breaker.succeeded(admission)
    assert breaker.state.value == BreakerState.CLOSED
    fail(breaker, 2)
    assert breaker.state.value == BreakerState.CLOSED


def test_failed_trials_lengthen_the_rest_up_to_its_maximum(breaker: Breaker, clock: VirtualClock) -> None:
    fail(breaker, 3)
    rests = []
    for _ in range(3):
        clock.tick(breaker.retry_after_s)
        breaker.failed(trial(breaker))
        rests.append(breaker.retry_after_s)
    assert rests == [20, 35, 35]


def test_an_abandoned_trial_lets_the_next_one_try(breaker: Breaker, clock: VirtualClock) -> None:
    fail(breaker, 3)
    clock.tick(10)
    breaker.abandoned(trial(breaker))
    trial(breaker)


def test_a_success_older_than_the_opening_does_not_close_it(breaker: Breaker) -> None:
    slow = breaker.enter()
    assert slow is not None
    fail(breaker, 3)
    breaker.succeeded(slow)
    assert breaker.state.value == BreakerState.OPEN


def test_retry_after_is_obeyed_at_the_first_busy_answer(breaker: Breaker, clock: VirtualClock) -> None:
    fail(breaker, 1, retry_after_s=7)
    assert breaker.enter() is None
    clock.tick(7)
    assert breaker.enter() is not None


def test_retry_after_of_a_day_is_capped(breaker: Breaker) -> None:
    fail(breaker, 1, retry_after_s=86400)
    assert breaker.retry_after_s == 35


EVENTS = st.lists(
    st.one_of(
        st.sampled_from(["enter", "succeed", "fail", "abandon"]),
        st.floats(min_value=0, max_value=50).map(lambda seconds: ("wait", seconds)),
    ),
    max_size=60,
)


@given(EVENTS)
def test_never_two_trials_and_never_shut_for_ever(events: list[str | tuple[str, float]]) -> None:
    clock = VirtualClock(auto=False)
    breaker = Breaker(clock, POLICY)
    out: list[Admission] = []
    for event in events:
        if isinstance(event, tuple):
            clock.tick(event[1])
        elif event == "enter":
            admission = breaker.enter()
            assert (admission is None) <= (breaker.state is not BreakerState.CLOSED)
            out += [admission] if admission else []
        elif out:
            end = {"succeed": breaker.succeeded, "fail": breaker.failed, "abandon": breaker.abandoned}[event]
            end(out.pop(0))
        assert out.count(Admission.TRIAL) <= 1
        assert breaker.retry_after_s <= POLICY.max_open_s
    for admission in out:
        breaker.abandoned(admission)
    clock.tick(POLICY.max_open_s)
    assert breaker.enter() is not None
