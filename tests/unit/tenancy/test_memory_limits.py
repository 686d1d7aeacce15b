"""The rule behind the rate limit, over every pattern of asking."""

from __future__ import annotations

from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.fakes.clock import VirtualClock
from voice_ai_service import errors
from voice_ai_service.tenancy import limits
from voice_ai_service.tenancy.limits import MemoryConcurrencyLimiter, MemoryRateLimiter

DOMAIN = uuid4()


def run(coroutine: object) -> object:
    """Drive a coroutine that never waits: no loop needed."""
    try:
        coroutine.send(None)  # type: ignore[attr-defined]
    except StopIteration as done:
        return done.value
    raise AssertionError("it waited")


@given(st.integers(1, 50), st.lists(st.floats(0, 20), max_size=150))
def test_never_more_than_a_bucket_and_what_flowed_back(per_minute: int, pauses: list[float]) -> None:
    clock = VirtualClock()
    rate = MemoryRateLimiter(clock)
    taken_at: list[float] = []
    waits_s: list[float] = []
    for pause in pauses:
        clock.tick(pause)
        try:
            run(rate.take(DOMAIN, per_minute))
        except errors.LimitReached as full:
            waits_s.append(full.retry_after_s or 0.0)
        else:
            taken_at.append(clock.monotonic())
    assert all(0 < wait_s <= 60 / per_minute + 0.001 for wait_s in waits_s)
    for first in range(len(taken_at)):
        for last in range(first, len(taken_at)):
            flowed_back = (taken_at[last] - taken_at[first]) * per_minute / 60
            assert last - first + 1 <= per_minute + flowed_back + 1e-6


def test_domains_are_forgotten_when_there_are_too_many(monkeypatch: object) -> None:
    clock = VirtualClock()
    rate = MemoryRateLimiter(clock)
    bound, limits.MAX_DOMAINS = limits.MAX_DOMAINS, 3  # type: ignore[misc]
    try:
        for _ in range(10):
            run(rate.take(uuid4(), 1))
        assert len(rate._free_at) == 3
    finally:
        limits.MAX_DOMAINS = bound  # type: ignore[misc]


class Places(RuleBasedStateMachine):
    """The limiter against a model: calls with the moment their lease ends."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = VirtualClock()
        self.limiter = MemoryConcurrencyLimiter(self.clock)
        self.calls = [uuid4() for _ in range(5)]
        self.model: dict[int, float] = {}

    def living(self) -> set[int]:
        return {call for call, until in self.model.items() if until > self.clock.monotonic()}

    @rule(call=st.integers(0, 4), limit=st.integers(0, 4), ttl_s=st.sampled_from([5.0, 30.0]))
    def acquire(self, call: int, limit: int, ttl_s: float) -> None:
        expected = call in self.living() or len(self.living()) < limit
        assert run(self.limiter.acquire(DOMAIN, self.calls[call], limit, ttl_s)) is expected
        if expected:
            self.model[call] = self.clock.monotonic() + ttl_s

    @rule(call=st.integers(0, 4))
    def renew(self, call: int) -> None:
        run(self.limiter.renew(DOMAIN, self.calls[call], 30.0))
        self.model[call] = self.clock.monotonic() + 30.0

    @rule(call=st.integers(0, 4))
    def release(self, call: int) -> None:
        run(self.limiter.release(DOMAIN, self.calls[call]))
        self.model.pop(call, None)

    @rule(seconds=st.sampled_from([1.0, 6.0, 31.0]))
    def wait(self, seconds: float) -> None:
        self.clock.tick(seconds)

    @invariant()
    def counts_the_living(self) -> None:
        assert run(self.limiter.count(DOMAIN)) == len(self.living())


TestPlaces = Places.TestCase
