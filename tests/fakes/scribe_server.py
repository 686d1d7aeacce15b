"""ElevenLabs' speech to text: the realtime WebSocket and the answer to a POST, after its API's public models."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from websockets.http11 import Request

from tests.fakes.http_server import Answer, Received, json_answer
from tests.fakes.openai_server import parse_form
from tests.fakes.recogniser_vendor import VENDOR_WORDS, FakeRecogniser, Manners, timed
from tests.fakes.websocket_vendor import Talk, serving

KEY = "xi-correct"
_FORMATS = {f"pcm_{rate}" for rate in (8000, 16000, 22050, 24000, 44100, 48000)} | {"ulaw_8000"}


class FakeScribe(FakeRecogniser):
    def __init__(self, manners: Manners | None = None) -> None:
        super().__init__(manners)
        self.query: dict[str, str] = {}
        self._at_s = 0.0

    def refuses(self, request: Request) -> tuple[int, str] | None:
        parts = urlsplit(request.path)
        if parts.path != "/v1/speech-to-text/realtime":
            return 404, VENDOR_WORDS
        if request.headers.get("xi-api-key") != KEY:
            return 401, VENDOR_WORDS
        self.query = dict(parse_qsl(parts.query))
        known = self.query["audio_format"] in _FORMATS and self.query["language_code"] == "pt"
        return None if known else (400, VENDOR_WORDS)

    async def greet(self, talk: Talk) -> None:
        if not self.wire.mute:
            config = {"sample_rate": 8000, "audio_format": self.query["audio_format"], "language_code": "pt"}
            await talk.send({"message_type": "session_started", "session_id": "0b0a72b5", "config": config})

    async def hear(self, talk: Talk, message: dict[str, Any]) -> None:
        assert message["message_type"] == "input_audio_chunk"
        assert self.query["audio_format"] == f"pcm_{message['sample_rate']}"
        if samples := base64.b64decode(message["audio_base_64"], validate=True):
            await self.audio(talk, samples)
        if message["commit"]:
            await self.end(talk)

    async def partial(self, talk: Talk, text: str) -> None:
        await talk.send({"message_type": "partial_transcript", "text": text})

    async def segment(self, talk: Talk, text: str, *, last: bool) -> None:
        # Everything that was not committed before is one commit.
        if not last:
            self._before = text
            return
        whole = " ".join(filter(None, (getattr(self, "_before", ""), text)))
        await talk.send({"message_type": "committed_transcript", "text": whole})
        committed = {
            "message_type": "committed_transcript_with_timestamps",
            "text": whole,
            "language_code": "pt",
        }
        await talk.send({**committed, "words": spaced(whole)})

    async def failure(self, talk: Talk) -> None:
        await talk.send({"message_type": "transcriber_error", "error": VENDOR_WORDS})


def spaced(text: str) -> list[dict[str, Any]]:
    """Words, and the spaces between them, as Scribe lists them."""
    listed: list[dict[str, Any]] = []
    for one in timed(text, "text"):
        if listed:
            listed.append({"text": " ", "start": listed[-1]["end"], "end": one["start"], "type": "spacing"})
        listed.append({**one, "type": "word", "logprob": -0.1, "speaker_id": None})
    return listed


def converted(request: Received, text: str) -> Answer:
    if request.headers.get("xi-api-key") != KEY:
        return error(401, "invalid_api_key")
    form = parse_form(request)
    if (
        form["model_id"] != [b"scribe_v2"]
        or form["language_code"] != [b"pt"]
        or form["file"][0][:4] != b"RIFF"
    ):
        return error(422, "invalid_request")
    said = {"language_code": "por", "language_probability": 1.0, "text": text, "words": spaced(text)}
    return json_answer(said)


def error(status: int, code: str, headers: Mapping[str, str] | None = None) -> Answer:
    return json_answer({"detail": {"status": code, "message": VENDOR_WORDS}}, status, headers)


@asynccontextmanager
async def fake_scribe(manners: Manners | None = None) -> AsyncIterator[FakeScribe]:
    fake = FakeScribe(manners)
    async with serving(fake):
        yield fake
