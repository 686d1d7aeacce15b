"""A stream of text that several providers may read one after the other, without the source noticing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

END = None


class Replay:
    """Remembers what its source gave, so that the next provider begins where the first one began.

    A provider that is cancelled while the source is writing must not cancel the source: the pull is a task of
    this object, and whoever reads next waits for the same one.
    """

    def __init__(self, source: AsyncIterator[str]) -> None:
        self._source = source
        self._seen: list[str] = []
        self._pull: asyncio.Task[str | None] | None = None
        self._ended = False
        self._keep = True
        self.failure: BaseException | None = None
        """What the source raised: not any provider's fault."""

    @property
    def speakable(self) -> bool:
        """Whether anything to be pronounced was read."""
        return any(character.isalnum() for text in self._seen for character in text)

    async def read(self, pause: Callable[[], None], resume: Callable[[], None]) -> AsyncIterator[str]:
        """From the beginning. `pause` and `resume` are called around every wait for the source."""
        at = 0
        while True:
            while at < len(self._seen):
                at += 1
                yield self._seen[at - 1]
            if self._ended:
                return
            pause()
            try:
                await self._more()
            finally:
                resume()

    async def aclose(self) -> None:
        """Stops the source, in the middle of a pull too."""
        pull, self._pull, self._ended = self._pull, None, True
        if pull is not None:
            pull.cancel()
            await asyncio.gather(pull, return_exceptions=True)
        close = getattr(self._source, "aclose", None)
        if close is not None:
            await close()

    async def _more(self) -> None:
        if self._pull is None:
            self._pull = asyncio.create_task(self._next(), name="text for speech")
        pull = self._pull
        try:
            text = await asyncio.shield(pull)
        finally:
            if pull.done() and self._pull is pull:
                self._pull = None
                self._take(pull)
        if text is END:
            self._ended = True

    async def _next(self) -> str | None:
        return await anext(self._source, END)

    def _take(self, pull: asyncio.Task[str | None]) -> None:
        if pull.cancelled():
            return
        self.failure = pull.exception()
        if self.failure is None and (text := pull.result()) is not END:
            self._seen.append(text)
