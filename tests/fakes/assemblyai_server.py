"""AssemblyAI's streaming v3 and its synchronous API, after its published message sequence and SDK models."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from websockets.http11 import Request

from tests.fakes.http_server import Answer, Received, json_answer
from tests.fakes.openai_server import parse_form
from tests.fakes.recogniser_vendor import VENDOR_WORDS, FakeRecogniser, Manners, timed
from tests.fakes.websocket_vendor import Talk, serving

KEY = "aai-correct"


class FakeAssemblyAi(FakeRecogniser):
    """Its turns end twice: as they were heard, and with their punctuation."""

    def __init__(self, manners: Manners | None = None) -> None:
        super().__init__(manners)
        self.query: dict[str, str] = {}
        self._turns = 0
        self._at_ms = 0

    def refuses(self, request: Request) -> tuple[int, str] | None:
        parts = urlsplit(request.path)
        if parts.path != "/v3/ws":
            return 404, VENDOR_WORDS
        if request.headers.get("Authorization") != KEY:
            return 401, VENDOR_WORDS
        self.query = dict(parse_qsl(parts.query))
        one_language = len(json.loads(self.query["language_codes"])) == 1
        return None if self.query["encoding"] == "pcm_s16le" and one_language else (400, VENDOR_WORDS)

    async def greet(self, talk: Talk) -> None:
        if not self.wire.mute:
            await talk.send({"type": "Begin", "id": "cfd280c7", "expires_at": 1759796682})

    async def binary(self, talk: Talk, message: bytes) -> None:
        duration_ms = len(message) * 500 // int(self.query["sample_rate"])
        if not 50 <= duration_ms <= 1000:
            await self._error(talk, 3007, f"Input Duration Error: {VENDOR_WORDS}")
            return
        await self.audio(talk, message)

    async def hear(self, talk: Talk, message: dict[str, Any]) -> None:
        match message["type"]:
            case "ForceEndpoint":
                await self.end(talk)
            case "Terminate":
                if not self.manners.stalls and self.manners.nonsense is None:
                    seconds = {"audio_duration_seconds": 1, "session_duration_seconds": 1}
                    await talk.send({"type": "Termination", **seconds})
                    await talk.close(1000)

    async def partial(self, talk: Talk, text: str) -> None:
        await talk.send(self._turn(text, ended=False))

    async def segment(self, talk: Talk, text: str, *, last: bool) -> None:
        await talk.send(self._turn(text.lower().strip("."), ended=True))
        if not last:  # of the last one only the first saying comes before the session's end
            await talk.send({**self._turn(text, ended=True), "turn_is_formatted": True})
        else:
            await talk.send({**self._turn(text, ended=True)})
        self._turns += 1
        self._at_ms += 250 * len(text.split())

    async def failure(self, talk: Talk) -> None:
        await self._error(talk, 3005, VENDOR_WORDS)

    async def _error(self, talk: Talk, code: int, text: str) -> None:
        await talk.send({"type": "Error", "error_code": code, "error": text})
        await talk.close(code, text)

    def _turn(self, text: str, *, ended: bool) -> dict[str, Any]:
        return {
            "type": "Turn",
            "turn_order": self._turns,
            "turn_is_formatted": False,
            "end_of_turn": ended,
            "transcript": text if ended else text.rpartition(" ")[0],
            "end_of_turn_confidence": 0.9,
            "words": [
                {
                    "text": one["text"],
                    "start": self._at_ms + round(one["start"] * 1000),
                    "end": self._at_ms + round(one["end"] * 1000),
                    "confidence": 0.9,
                    "word_is_final": ended,
                }
                for one in timed(text, "text")
            ],
        }


def transcribed(request: Received, text: str) -> Answer:
    if request.headers.get("authorization") != KEY:
        return error(401, "Unauthorized")
    form = parse_form(request)
    config = json.loads(form["config"][0])
    if form["audio"][0][:4] != b"RIFF" or len(config["language_codes"]) != 1:
        return error(400, "Bad Request")
    listed = [
        {
            "text": one["text"],
            "start": round(one["start"] * 1000),
            "end": round(one["end"] * 1000),
            "confidence": 0.9,
        }
        for one in timed(text, "text")
    ]
    ids = {"session_id": "7f1e", "audio_duration_ms": 1000, "request_time_ms": 120.0}
    return json_answer({"text": text, "words": listed, "confidence": 0.9, **ids})


def error(status: int, title: str, headers: Mapping[str, str] | None = None) -> Answer:
    return json_answer({"status": status, "title": title, "detail": VENDOR_WORDS}, status, headers)


@asynccontextmanager
async def fake_assemblyai(manners: Manners | None = None) -> AsyncIterator[FakeAssemblyAi]:
    fake = FakeAssemblyAi(manners)
    async with serving(fake):
        yield fake
