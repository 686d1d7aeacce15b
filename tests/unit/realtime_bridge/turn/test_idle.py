from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime_bridge.turn.idle import IdlePolicy, IdleVerdict

ASK, GIVE_UP = IdleVerdict


def silent(policy: IdlePolicy, ms: int, **during: bool) -> list[tuple[int, IdleVerdict]]:
    """What it says, and after how many ms."""
    answers = ((at, policy.frame(**during)) for at in range(20, ms + 1, 20))
    return [(at, answer) for at, answer in answers if answer is not None]


def test_asks_twice_then_gives_up_once() -> None:
    policy = IdlePolicy(no_input_ms=10_000, max_no_input=2)
    assert silent(policy, 100_000) == [(10_000, ASK), (20_000, ASK), (30_000, GIVE_UP)]


def test_never_asks_when_told_so() -> None:
    assert silent(IdlePolicy(no_input_ms=3000, max_no_input=0), 10_000) == [(3000, GIVE_UP)]


def test_time_begins_when_the_secretary_is_silent() -> None:
    policy = IdlePolicy(no_input_ms=3000, max_no_input=1)
    assert silent(policy, 2980) == []
    assert silent(policy, 60_000, secretary_speaks=True) == []
    assert silent(policy, 2980) == []
    assert silent(policy, 20) == [(20, ASK)]


def test_on_hold_time_stands_still() -> None:
    policy = IdlePolicy(no_input_ms=3000, max_no_input=1)
    assert silent(policy, 2000) == []
    assert silent(policy, 60_000, suspended=True) == []
    assert silent(policy, 1000) == [(1000, ASK)]


def test_noise_taken_for_speech_only_delays_the_verdict() -> None:
    policy = IdlePolicy(no_input_ms=3000, max_no_input=1)
    for _ in range(20):
        assert silent(policy, 140, caller_speaks=True) == []
    assert silent(policy, 1000) == [(200, ASK)]
    assert silent(policy, 30_000, caller_speaks=True) == []
    assert silent(policy, 20) == [(20, GIVE_UP)]


@pytest.mark.parametrize("asked", [0, 1])
def test_words_begin_anew(asked: int) -> None:
    policy = IdlePolicy(no_input_ms=3000, max_no_input=1)
    silent(policy, 2980 + 3000 * asked)
    policy.caller_acted()
    assert silent(policy, 6000) == [(3000, ASK), (6000, GIVE_UP)]


FRAME = st.fixed_dictionaries(
    {},
    optional={"secretary_speaks": st.booleans(), "caller_speaks": st.booleans(), "suspended": st.booleans()},
)


@given(st.lists(FRAME, max_size=400), st.integers(20, 400), st.integers(0, 3))
def test_whatever_happened_silence_leads_to_the_end(
    before: list[dict[str, bool]], no_input_ms: int, max_no_input: int
) -> None:
    policy = IdlePolicy(no_input_ms=no_input_ms, max_no_input=max_no_input)
    said = [policy.frame(**during) for during in before]
    said += [policy.frame() for _ in range((max_no_input + 1) * (no_input_ms // 20 + 1))]
    assert [one for one in said if one] == [ASK] * max_no_input + [GIVE_UP]
