"""Links that several domains share, and that are retired when the last owner lets go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterable
from typing import Any

from voice_ai_service.providers.instances import Instance
from voice_ai_service.providers.link_builder import Links


class LinkPool:
    def __init__(self) -> None:
        self._links: dict[str, Links] = {}
        self._owners: dict[str, set[Hashable]] = {}
        self._retired: set[Instance[Any]] = set()

    def __len__(self) -> int:
        return len(self._links)

    def own(self, key: str, owner: Hashable, make: Callable[[], Links]) -> None:
        """`owner` needs the links of `key`, made now if nobody needed them before."""
        if key not in self._links:
            self._links[key] = make()
        self._owners.setdefault(key, set()).add(owner)

    def get(self, key: str) -> Links:
        return self._links[key]

    def disown(self, keys: Iterable[str], owner: Hashable) -> None:
        """`owner` needs them no more; without owners their instances close after their last lease."""
        for key in keys:
            owners = self._owners[key]
            owners.discard(owner)
            if not owners:
                del self._owners[key]
                self._retire(self._links.pop(key))

    async def aclose(self) -> None:
        """Closes all instances, also those that are lent."""
        instances = {link.instance for links in self._links.values() for link in links} | self._retired
        self._links.clear()
        self._owners.clear()
        await asyncio.gather(*(instance.aclose() for instance in instances))

    def _retire(self, links: Links) -> None:
        # Remembered while they live, so that the end of the process can wait for them.
        self._retired = {instance for instance in self._retired if instance.alive}
        for link in links:
            link.instance.retire()
            self._retired.add(link.instance)
