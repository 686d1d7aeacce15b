"""vosk-server's WebSocket, as its `asr_server.py` behaves: one answer for every message of audio."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.fakes.recogniser_vendor import PARTIAL_AFTER_BYTES, FakeRecogniser, Manners, timed
from tests.fakes.websocket_vendor import Talk, serving


class FakeVosk(FakeRecogniser):
    """Every message of audio gets the next thing there is to say, an empty partial where there is none."""

    def __init__(self, manners: Manners | None = None) -> None:
        super().__init__(manners)
        self.config: dict[str, Any] = {}
        self._said = 0

    async def text(self, talk: Talk, message: str) -> None:
        if message == '{"eof" : 1}':
            await self.end(talk)
            return
        assert "config" in message
        self.config = json.loads(message)["config"]

    async def binary(self, talk: Talk, message: bytes) -> None:
        self.heard += message
        if len(self.heard) < PARTIAL_AFTER_BYTES or self._said == len(self.manners.partials):
            await talk.send({"partial": ""})
            return
        await talk.send({"partial": self.manners.partials[self._said]})
        self._said += 1
        if self.manners.cuts == "middle":
            talk.cut()

    async def segment(self, talk: Talk, text: str, *, last: bool) -> None:
        if not last:
            self._first = text
            return
        whole = " ".join(filter(None, (getattr(self, "_first", ""), text)))
        await talk.send({"result": [{**one, "conf": 0.9} for one in timed(whole)], "text": whole})

    async def goodbye(self, talk: Talk) -> None:
        await talk.close(1000)

    async def failure(self, talk: Talk) -> None:
        talk.cut()


@asynccontextmanager
async def fake_vosk(manners: Manners | None = None) -> AsyncIterator[FakeVosk]:
    fake = FakeVosk(manners)
    async with serving(fake):
        yield fake
