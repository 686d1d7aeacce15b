from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from voice_ai_service.crm.backoff import JITTER, LONGEST_WAIT_S, REFUSED_TRIES, SCHEDULE_S, next_pause_s

seeds = st.integers(0, 2**32)
DAY_S = 24 * 3600


def pauses(random: Random, *, refused: bool = False) -> list[float]:
    found: list[float] = []
    while (pause_s := next_pause_s(len(found) + 1, random, refused=refused)) is not None:
        found.append(pause_s)
    return found


@given(seeds)
def test_an_event_is_tried_for_about_a_day_and_then_dies(seed: int) -> None:
    found = pauses(Random(seed))
    assert len(found) == len(SCHEDULE_S)
    assert DAY_S * 0.8 < sum(found) < DAY_S * 1.2
    assert found[0] < 10
    assert found == sorted(found)


@given(seeds)
def test_every_pause_is_at_least_the_schedules_and_at_most_a_fifth_more(seed: int) -> None:
    for pause_s, scheduled_s in zip(pauses(Random(seed)), SCHEDULE_S, strict=True):
        assert scheduled_s <= pause_s <= scheduled_s * (1 + JITTER)


@given(seeds)
def test_a_refusal_is_tried_a_few_times_only(seed: int) -> None:
    assert len(pauses(Random(seed), refused=True)) == REFUSED_TRIES - 1


@given(st.integers(1, 30), seeds, st.booleans(), st.floats(0, 10 * DAY_S))
def test_what_the_receiver_asks_for_lengthens_a_pause_within_reason(
    tries: int, seed: int, refused: bool, asked_s: float
) -> None:
    without = next_pause_s(tries, Random(seed), refused=refused)
    asked = next_pause_s(tries, Random(seed), refused=refused, retry_after_s=asked_s)
    if without is None:
        assert asked is None
    else:
        assert asked == max(without, min(asked_s, LONGEST_WAIT_S))


def test_not_everyone_comes_back_at_the_same_moment() -> None:
    assert len({next_pause_s(3, Random(seed)) for seed in range(50)}) == 50
