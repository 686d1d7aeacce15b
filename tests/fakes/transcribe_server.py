"""Amazon Transcribe's streaming WebSocket: a signed address, and AWS's event stream in both directions."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from websockets.http11 import Request

from tests.fakes.recogniser_vendor import VENDOR_WORDS, FakeRecogniser, Manners
from tests.fakes.websocket_vendor import Talk, serving
from voice_ai_service.net.aws_event_stream import EventStreamParser, encode_message

KEY_ID = "AKIDEXAMPLE"
SECRET = "correct/K7MDENG+bPxRfiCYEXAMPLEKEY"
KEY = f"{KEY_ID}:{SECRET}"


class FakeTranscribe(FakeRecogniser):
    def __init__(self, manners: Manners | None = None) -> None:
        super().__init__(manners)
        self.query: dict[str, str] = {}
        self._at_s = 0.0

    def refuses(self, request: Request) -> tuple[int, str] | None:
        parts = urlsplit(request.path)
        self.query = dict(parse_qsl(parts.query))
        if parts.path != "/stream-transcription-websocket":
            return 404, VENDOR_WORDS
        if not signed(parts.path, self.query, request.headers["Host"]):
            return 403, VENDOR_WORDS
        known = self.query["media-encoding"] == "pcm" and self.query["language-code"] == "pt-BR"
        return None if known else (400, VENDOR_WORDS)

    async def binary(self, talk: Talk, message: bytes) -> None:
        (event,) = EventStreamParser().feed(message)
        assert event.headers[":event-type"] == "AudioEvent"
        assert event.headers[":message-type"] == "event"
        if event.payload:
            await self.audio(talk, event.payload)
        else:
            await self.end(talk)

    async def partial(self, talk: Talk, text: str) -> None:
        await self._say(talk, text, partial=True)

    async def segment(self, talk: Talk, text: str, *, last: bool) -> None:
        await self._say(talk, text, partial=False)
        self._at_s += 0.25 * len(text.split())

    async def goodbye(self, talk: Talk) -> None:
        await talk.close(1000)

    async def failure(self, talk: Talk) -> None:
        headers = {":message-type": "exception", ":exception-type": "InternalFailureException"}
        await talk.raw(encode_message(headers, json.dumps({"Message": VENDOR_WORDS}).encode()))

    async def _say(self, talk: Talk, text: str, *, partial: bool) -> None:
        results = [self._result(text, partial=partial)] if text else []
        said = {"Transcript": {"Results": results}}
        await talk.raw(message(json.dumps(said).encode()))

    def _result(self, text: str, *, partial: bool) -> dict[str, Any]:
        items: list[dict[str, Any]] = []
        for at, one in enumerate(text.split()):
            start = self._at_s + 0.25 * at
            times = {"StartTime": start, "EndTime": start + 0.2}
            said = {
                "Content": one.strip("."),
                "Type": "pronunciation",
                "Stable": not partial,
                "Confidence": 0.9,
            }
            items.append({**said, **times, "VocabularyFilterMatch": False})
            if one.endswith("."):
                end = {"StartTime": start + 0.2, "EndTime": start + 0.2}
                items.append({"Content": ".", "Type": "punctuation", "Stable": not partial, **end})
        alternative = {"Transcript": text, "Items": items}
        ids = {"ResultId": "4d8d", "StartTime": self._at_s, "EndTime": self._at_s + 1, "ChannelId": "ch_0"}
        return {**ids, "IsPartial": partial, "Alternatives": [alternative]}


def message(payload: bytes) -> bytes:
    """A transcript event with this body."""
    headers = {
        ":message-type": "event",
        ":event-type": "TranscriptEvent",
        ":content-type": "application/json",
    }
    return encode_message(headers, payload)


def signed(path: str, query: dict[str, str], host: str) -> bool:
    """Whether the query holds the signature of all the rest of it, worked out anew (AWS Signature Version 4)."""
    asked = {name: value for name, value in query.items() if name != "X-Amz-Signature"}
    if not asked.get("X-Amz-Credential", "").startswith(f"{KEY_ID}/"):
        return False
    _, day, region, service, _ = asked["X-Amz-Credential"].split("/")
    pairs = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in asked.items())
    canonical = "&".join(f"{name}={value}" for name, value in pairs)
    empty = hashlib.sha256(b"").hexdigest()
    request = f"GET\n{path}\n{canonical}\nhost:{host}\n\nhost\n{empty}"
    scope = f"{day}/{region}/{service}/aws4_request"
    digest = hashlib.sha256(request.encode()).hexdigest()
    key = f"AWS4{SECRET}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    to_sign = f"AWS4-HMAC-SHA256\n{asked['X-Amz-Date']}\n{scope}\n{digest}"
    return hmac.digest(key, to_sign.encode(), "sha256").hex() == query.get("X-Amz-Signature")


@asynccontextmanager
async def fake_transcribe(manners: Manners | None = None) -> AsyncIterator[FakeTranscribe]:
    fake = FakeTranscribe(manners)
    async with serving(fake):
        yield fake
