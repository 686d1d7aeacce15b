"""Gladia's live sessions (v2) after the models of its OpenAPI schema: a POST opens one, its WebSocket is elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.http11 import Request

from tests.fakes import http_server
from tests.fakes.http_server import Answer, Received, json_answer
from tests.fakes.recogniser_vendor import VENDOR_WORDS, FakeRecogniser, Manners, timed
from tests.fakes.websocket_vendor import Talk, serving

KEY = "gladia-correct"
_SESSION = "45463597-20b7-4af7-b3b3-f5fb778203ab"
_AT = {"session_id": _SESSION, "created_at": "2026-01-01T00:00:00.000Z"}


class FakeGladia(FakeRecogniser):
    """
    Attributes:
        elsewhere: The session's address, instead of its own.
    """

    def __init__(self, manners: Manners | None = None) -> None:
        super().__init__(manners)
        self.session: dict[str, Any] = {}
        self.elsewhere: str | None = None
        self.sessions_url = ""
        self._number = 0
        self._at_s = 0.0

    async def begin(self, request: Received) -> Answer:
        """POST /v2/live."""
        if self.wire.gate is not None:
            await self.wire.gate.wait()
        if self.wire.status is not None:
            return json_answer({"message": VENDOR_WORDS}, self.wire.status, self.wire.headers)
        if request.headers.get("x-gladia-key") != KEY:
            return json_answer({"statusCode": 401, "message": VENDOR_WORDS}, 401)
        asked = self.session = request.json
        one_language = len(asked["language_config"]["languages"]) == 1
        known = (asked["encoding"], asked["bit_depth"], asked["channels"]) == ("wav/pcm", 16, 1)
        if not one_language or not known or asked["sample_rate"] not in (8000, 16000, 32000, 44100, 48000):
            return json_answer({"statusCode": 422, "message": VENDOR_WORDS}, 422)
        url = self.elsewhere or self.sessions_url.replace("http", "ws") + "/v2/live?token=4a39145c"
        return json_answer({"id": _SESSION, "created_at": _AT["created_at"], "url": url}, 201)

    def refuses(self, request: Request) -> tuple[int, str] | None:
        has_key = "x-gladia-key" in request.headers
        return None if request.path == "/v2/live?token=4a39145c" and not has_key else (401, VENDOR_WORDS)

    async def greet(self, talk: Talk) -> None:
        if not self.wire.mute:
            await talk.send({"type": "start_session", **_AT})
            await talk.send({"type": "start_recording", **_AT})

    async def hear(self, talk: Talk, message: dict[str, Any]) -> None:
        assert message == {"type": "stop_recording"}
        await self.end(talk)

    async def partial(self, talk: Talk, text: str) -> None:
        await talk.send(self._transcript(text, final=False))

    async def segment(self, talk: Talk, text: str, *, last: bool) -> None:
        if text:
            await talk.send(self._transcript(text, final=True))
        self._number += 1
        self._at_s += 0.25 * len(text.split())

    async def goodbye(self, talk: Talk) -> None:
        await talk.send({"type": "end_recording", **_AT, "data": {"recording_duration": 1.0}})
        await talk.send({"type": "end_session", **_AT})
        await talk.close(1000)

    async def failure(self, talk: Talk) -> None:
        await talk.close(4500, VENDOR_WORDS)

    def _transcript(self, text: str, *, final: bool) -> dict[str, Any]:
        spoken = [
            {**one, "word": f" {one['word']}", "confidence": 0.9} for one in timed(text, start_s=self._at_s)
        ]
        utterance = {"text": f" {text}", "start": 0.0, "end": 1.0, "language": "pt", "confidence": 0.9}
        data = {"id": f"00_0000000{self._number}", "is_final": final}
        return {
            "type": "transcript",
            **_AT,
            "data": {**data, "utterance": {**utterance, "channel": 0, "words": spoken}},
        }


@asynccontextmanager
async def fake_gladia(manners: Manners | None = None) -> AsyncIterator[FakeGladia]:
    fake = FakeGladia(manners)
    async with serving(fake), http_server.serving(fake.begin) as address:
        fake.sessions_url, fake.base_url = fake.base_url, address
        yield fake
