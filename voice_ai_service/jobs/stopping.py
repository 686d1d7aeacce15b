"""How background work is told to come to its end."""

from __future__ import annotations

import asyncio

from voice_ai_service.clock import Clock


class Stopping:
    """Set once. Whoever loops asks `requested`, and pauses here instead of sleeping."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._event = asyncio.Event()

    @property
    def requested(self) -> bool:
        return self._event.is_set()

    def request(self) -> None:
        self._event.set()

    async def wait(self) -> None:
        await self._event.wait()

    async def pause(self, seconds: float, wake: asyncio.Event | None = None) -> None:
        """Sleep; less, when stopping is requested or `wake` is set."""
        ends = [self._clock.sleep(seconds), self._event.wait()]
        if wake is not None:
            ends.append(wake.wait())
        tasks = [asyncio.ensure_future(end) for end in ends]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
