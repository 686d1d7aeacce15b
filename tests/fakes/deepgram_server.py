"""Deepgram's `/v1/listen` as its public reference describes it: the WebSocket, and the answer to a POST."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from websockets.http11 import Request

from tests.fakes.http_server import Answer, Received, json_answer
from tests.fakes.recogniser_vendor import VENDOR_WORDS, FakeRecogniser, Manners, timed
from tests.fakes.websocket_vendor import Talk, serving

KEY = "dg-correct"
_METADATA = {
    "request_id": "8c8ebea9-dbec-45fa-a035-e4632cb05b5f",
    "model_info": {"name": "nova-3", "version": "2025", "arch": "nova-3"},
    "model_uuid": "1dbdfb4d",
}


class FakeDeepgram(FakeRecogniser):
    def __init__(self, manners: Manners | None = None) -> None:
        super().__init__(manners)
        self.query: list[tuple[str, str]] = []
        self._at_s = 0.0

    def refuses(self, request: Request) -> tuple[int, str] | None:
        parts = urlsplit(request.path)
        if parts.path != "/v1/listen":
            return 404, VENDOR_WORDS
        if request.headers.get("Authorization") != f"Token {KEY}":
            return 401, f'{{"err_code": "INVALID_AUTH", "err_msg": "{VENDOR_WORDS}"}}'
        self.query = parse_qsl(parts.query)
        asked = dict(self.query)
        known = asked.get("encoding") == "linear16" and asked.get("language") not in (None, "multi")
        if not known or int(asked["sample_rate"]) < 8000 or asked.get("channels") != "1":
            return 400, VENDOR_WORDS
        return None

    async def hear(self, talk: Talk, message: dict[str, Any]) -> None:
        match message["type"]:
            case "KeepAlive":
                self.kept_alive += 1
            case "Finalize":
                await self.end(talk)
            case "CloseStream":
                if not self.manners.stalls and self.manners.nonsense is None:
                    summary = {
                        "transaction_key": "deprecated",
                        "sha256": "e3b0",
                        "duration": 1.0,
                        "channels": 1,
                    }
                    created = {"request_id": _METADATA["request_id"], "created": "2026-01-01T00:00:00.000Z"}
                    await talk.send({"type": "Metadata", **summary, **created})
                    await talk.close(1000)

    async def partial(self, talk: Talk, text: str) -> None:
        await talk.send(self._results(text, final=False))

    async def segment(self, talk: Talk, text: str, *, last: bool) -> None:
        await talk.send({**self._results(text, final=True), "speech_final": True, "from_finalize": last})
        self._at_s += 0.25 * len(text.split())

    async def failure(self, talk: Talk) -> None:
        await talk.close(1011, "NET-0000 " + VENDOR_WORDS)

    def _results(self, text: str, *, final: bool) -> dict[str, Any]:
        return {
            "type": "Results",
            "channel_index": [0, 1],
            "duration": 1.0,
            "start": self._at_s,
            "is_final": final,
            "speech_final": False,
            "from_finalize": False,
            "channel": {"alternatives": [alternative(text, self._at_s)]},
            "metadata": _METADATA,
        }


def alternative(text: str, start_s: float = 0.0) -> dict[str, Any]:
    listed = [
        {**one, "word": one["word"].strip(".,").lower(), "punctuated_word": one["word"], "confidence": 0.9}
        for one in timed(text, start_s=start_s)
    ]
    return {"transcript": text, "confidence": 0.9, "words": listed}


def listened(request: Received, text: str) -> Answer:
    """The answer to a POST of a whole utterance."""
    if request.headers.get("authorization") != f"Token {KEY}":
        return error(401, "INVALID_AUTH")
    if request.headers.get("content-type") != "audio/wav" or request.body[:4] != b"RIFF":
        return error(400, "BAD_AUDIO")
    channel = {"alternatives": [alternative(text)]}
    return json_answer({"metadata": {**_METADATA, "duration": 1.0}, "results": {"channels": [channel]}})


def error(status: int, code: str, headers: Mapping[str, str] | None = None) -> Answer:
    body = {"err_code": code, "err_msg": VENDOR_WORDS, "request_id": _METADATA["request_id"]}
    return json_answer(body, status, headers)


@asynccontextmanager
async def fake_deepgram(manners: Manners | None = None) -> AsyncIterator[FakeDeepgram]:
    fake = FakeDeepgram(manners)
    async with serving(fake):
        yield fake
