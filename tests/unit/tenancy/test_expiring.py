from __future__ import annotations

from tests.fakes.clock import VirtualClock
from voice_ai_service.tenancy.expiring import Expiring


def test_good_for_its_time() -> None:
    clock = VirtualClock()
    cache: Expiring[str, int] = Expiring(clock, ttl_s=3)
    cache.put("a", 1)
    clock.tick(2.999)
    assert cache.get("a") == 1
    clock.tick(0.001)
    assert cache.get("a") is None
    assert len(cache) == 0


def test_reading_does_not_make_it_live_longer() -> None:
    clock = VirtualClock()
    cache: Expiring[str, int] = Expiring(clock, ttl_s=3)
    cache.put("a", 1)
    for _ in range(4):
        cache.get("a")
        clock.tick(1)
    assert cache.get("a") is None


def test_the_least_recently_used_goes_first() -> None:
    cache: Expiring[str, int] = Expiring(VirtualClock(), ttl_s=3, max_items=2)
    cache.put("a", 1)
    cache.put("b", 2)
    cache.get("a")
    cache.put("c", 3)
    assert [cache.get(key) for key in "abc"] == [1, None, 3]
    cache.forget("a")
    cache.forget("a")
    assert cache.get("a") is None
