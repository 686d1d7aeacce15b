"""Phrases that are said again and again (greeting, farewell, "are you still there?"), kept as sound.

Bounded by bytes; the least recently used goes first. One process's memory: a phrase costs one request a
process.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from voice_ai_service.providers.fallback import Used

_LARGEST_SHARE: Final = 8
"""A phrase larger than this part of the cache would only drive the others out."""


@dataclass(frozen=True, slots=True)
class PhraseKey:
    """What makes two sounds the same.

    Attributes:
        engine: Registry name of the provider that is to speak.
        revision: Of its settings and of how text is read (`TtsChain.revision`): another model, voice or pronunciation
            sounds different.
    """

    domain_uuid: UUID
    engine: str
    voice: str | None
    language: str
    sample_rate_hz: int
    speed: float
    text: str
    revision: str = ""


class CacheObserver(Protocol):
    def on_lookup(self, outcome: str) -> None:
        """`outcome`: hit, miss, or joined (somebody else is already making it)."""
        ...


Make = Callable[[], Awaitable[Used[bytes]]]


class PhraseCache:
    """Mono L16 by phrase. Entries are immutable and shared."""

    def __init__(self, max_bytes: int, observer: CacheObserver | None = None) -> None:
        self._max_bytes = max_bytes
        self._observer = observer
        self._kept: OrderedDict[PhraseKey, Used[bytes]] = OrderedDict()
        self._making: dict[PhraseKey, asyncio.Task[Used[bytes]]] = {}
        self._bytes = 0

    @property
    def size_bytes(self) -> int:
        return self._bytes

    def __len__(self) -> int:
        return len(self._kept)

    async def get(self, key: PhraseKey, make: Make) -> Used[bytes]:
        """The phrase's sound, made once however many ask at the same time.

        Making it goes on when whoever asked first is gone. What another engine than `key.engine` spoke (a
        fallback) is given to those who wait, and not kept.

        Raises:
            ProviderError: what `make` raises, to everybody who waits; the next one tries again.
        """
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            self._tell("hit")
            return found
        making = self._making.get(key)
        self._tell("miss" if making is None else "joined")
        if making is None:
            making = asyncio.create_task(self._make(key, make), name="phrase for the cache")
            self._making[key] = making
            making.add_done_callback(lambda task: self._made(key, task))
        return await asyncio.shield(making)

    def peek(self, key: PhraseKey) -> Used[bytes] | None:
        """The phrase's sound where it is kept; nobody makes it. For those who can speak while it is made."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        self._tell("miss" if found is None else "hit")
        return found

    def keep(self, key: PhraseKey, used: Used[bytes]) -> None:
        """A phrase that was spoken anyway, whole; not kept where another engine than `key.engine` spoke."""
        if used.provider == key.engine and key not in self._kept:
            self._keep(key, used)

    def forget(self, domain_uuid: UUID) -> None:
        """Drops a domain's phrases."""
        for key in [key for key in self._kept if key.domain_uuid == domain_uuid]:
            self._bytes -= len(self._kept.pop(key).value)

    async def aclose(self) -> None:
        """Stops what is being made."""
        making = list(self._making.values())
        for task in making:
            task.cancel()
        await asyncio.gather(*making, return_exceptions=True)

    async def _make(self, key: PhraseKey, make: Make) -> Used[bytes]:
        used = await make()
        if used.provider == key.engine:
            self._keep(key, used)
        return used

    def _made(self, key: PhraseKey, task: asyncio.Task[Used[bytes]]) -> None:
        del self._making[key]
        if not task.cancelled():
            task.exception()  # seen, also when everybody who waited is gone

    def _keep(self, key: PhraseKey, used: Used[bytes]) -> None:
        if not used.value or len(used.value) * _LARGEST_SHARE > self._max_bytes:
            return
        self._kept[key] = used
        self._bytes += len(used.value)
        while self._bytes > self._max_bytes:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= len(dropped.value)

    def _tell(self, outcome: str) -> None:
        if self._observer is not None:
            self._observer.on_lookup(outcome)
