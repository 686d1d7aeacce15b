"""A small cache inside the process: values that are good for a few seconds."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

from voice_ai_service.clock import Clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Expiring(Generic[K, V]):
    """At most `max_items`, the least recently used go first; each is forgotten `ttl_s` seconds after
    `put`."""

    def __init__(self, clock: Clock, *, ttl_s: float, max_items: int = 10_000) -> None:
        self._clock = clock
        self._ttl_s = ttl_s
        self._max_items = max_items
        self._items: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def get(self, key: K) -> V | None:
        item = self._items.get(key)
        if item is None:
            return None
        good_until, value = item
        if good_until <= self._clock.monotonic():
            del self._items[key]
            return None
        self._items.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> None:
        self._items[key] = (self._clock.monotonic() + self._ttl_s, value)
        self._items.move_to_end(key)
        while len(self._items) > self._max_items:
            self._items.popitem(last=False)

    def forget(self, key: K) -> None:
        self._items.pop(key, None)

    def __len__(self) -> int:
        return len(self._items)
