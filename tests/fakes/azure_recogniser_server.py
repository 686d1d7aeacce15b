"""Azure Speech: the WebSocket as Microsoft's open-source SDK speaks it, and the documented REST API for short audio."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from websockets.http11 import Request

from tests.fakes.http_server import Answer, Received, json_answer
from tests.fakes.recogniser_vendor import VENDOR_WORDS, FakeRecogniser, Manners
from tests.fakes.websocket_vendor import Talk, serving

KEY = "azure-correct"
_PATH = "/speech/recognition/conversation/cognitiveservices/v1"
_TICKS = 10_000_000


class FakeAzure(FakeRecogniser):
    def __init__(self, manners: Manners | None = None) -> None:
        super().__init__(manners)
        self.query: dict[str, str] = {}
        self.config: dict[str, Any] = {}
        self.context: dict[str, Any] = {}
        self.rate_hz = 0
        self._request_id = ""
        self._at_s = 0.0

    def refuses(self, request: Request) -> tuple[int, str] | None:
        parts = urlsplit(request.path)
        if parts.path != _PATH:
            return 404, VENDOR_WORDS
        if request.headers.get("Ocp-Apim-Subscription-Key") != KEY:
            return 401, VENDOR_WORDS
        self.query = dict(parse_qsl(parts.query))
        return None if {"language", "X-ConnectionId"} <= self.query.keys() else (400, VENDOR_WORDS)

    async def text(self, talk: Talk, message: str) -> None:
        head, _, body = message.partition("\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.split("\r\n"))
        assert headers["X-Timestamp"].endswith("Z")
        self._request_id = headers["X-RequestId"]
        assert len(self._request_id) == 32
        talk.received.append(headers)
        match headers["Path"]:
            case "speech.config":
                self.config = json.loads(body)
            case "speech.context":
                assert self.config
                self.context = json.loads(body)

    async def binary(self, talk: Talk, message: bytes) -> None:
        size = int.from_bytes(message[:2], "big")
        head, body = message[2 : 2 + size].decode("ascii"), message[2 + size :]
        headers = dict(line.split(": ", 1) for line in head.removesuffix("\r\n").split("\r\n"))
        assert head.endswith("\r\n")
        assert headers["Path"] == "audio"
        assert headers["X-RequestId"] == self._request_id
        if not self.rate_hz:
            assert headers["Content-Type"] == "audio/x-wav"
            assert (body[:4], body[8:16]) == (b"RIFF", b"WAVEfmt ")
            self.rate_hz = int.from_bytes(body[24:28], "little")
            await self._say(talk, "turn.start", {"context": {"serviceTag": "7e5f"}})
        elif body:
            await self.audio(talk, body)
        else:
            await self.end(talk)
            self.rate_hz = 0

    async def partial(self, talk: Talk, text: str) -> None:
        await self._say(talk, "speech.startDetected", {"Offset": 0})
        await self._say(talk, "speech.hypothesis", {"Text": text, "Offset": 0, "Duration": 1})

    async def segment(self, talk: Talk, text: str, *, last: bool) -> None:
        await self._say(talk, "speech.phrase", detailed(text, self._at_s))
        self._at_s += 0.25 * len(text.split())

    async def goodbye(self, talk: Talk) -> None:
        await self._say(talk, "speech.endDetected", {"Offset": 1})
        await self._say(
            talk, "speech.phrase", {"RecognitionStatus": "EndOfDictation", "Offset": 1, "Duration": 0}
        )
        await self._say(talk, "turn.end", {})

    async def failure(self, talk: Talk) -> None:
        await self._say(talk, "speech.phrase", {"RecognitionStatus": "Error", "DisplayText": VENDOR_WORDS})

    async def _say(self, talk: Talk, path: str, said: dict[str, Any]) -> None:
        head = (
            f"X-RequestId:{self._request_id}\r\nContent-Type:application/json; charset=utf-8\r\nPath:{path}"
        )
        await talk.raw(f"{head}\r\n\r\n{json.dumps(said)}")


def detailed(text: str, start_s: float = 0.0) -> dict[str, Any]:
    """A phrase in the detailed format; silence has none."""
    if not text:
        return {"RecognitionStatus": "NoMatch", "Offset": 0, "Duration": _TICKS}
    listed = [
        {
            "Word": one,
            "Offset": round((start_s + 0.25 * at) * _TICKS),
            "Duration": _TICKS // 5,
        }
        for at, one in enumerate(text.split())
    ]
    lexical = text.lower().strip(".")
    best = {"Confidence": 0.9, "Lexical": lexical, "ITN": lexical, "MaskedITN": lexical, "Display": text}
    return {
        "RecognitionStatus": "Success",
        "Offset": 0,
        "Duration": _TICKS,
        "NBest": [{**best, "Words": listed}],
    }


def recognised(request: Received, text: str) -> Answer:
    if request.headers.get("ocp-apim-subscription-key") != KEY:
        return error(401, "401")
    parts = urlsplit(request.path)
    query = dict(parse_qsl(parts.query))
    kind = "audio/wav; codecs=audio/pcm; samplerate=8000"
    if parts.path != _PATH or query["language"] != "pt-BR" or request.headers["content-type"] != kind:
        return error(400, "BadRequest")
    return json_answer(detailed(text))


def error(status: int, code: str, headers: Mapping[str, str] | None = None) -> Answer:
    return json_answer({"error": {"code": code, "message": VENDOR_WORDS}}, status, headers)


@asynccontextmanager
async def fake_azure(manners: Manners | None = None) -> AsyncIterator[FakeAzure]:
    fake = FakeAzure(manners)
    async with serving(fake):
        yield fake
