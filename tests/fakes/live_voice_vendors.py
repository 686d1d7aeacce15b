"""ElevenLabs' and Cartesia's live voices as their public references describe them; each sentence is a tone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.http11 import Request

from tests.fakes.voice_vendors import KEY, VENDOR_TEXT, samples_of
from tests.fakes.websocket_vendor import FakeVendor, Talk, Wire, encoded, pieces, serving


@dataclass
class SpeechManners:
    """How it misbehaves.

    Attributes:
        gate: Sound waits for it.
        stalls_after, cuts_after: So many pieces of a sentence; then nothing, or the socket is gone.
        nonsense: Comes instead of a sentence.
        fails: The status of an error instead of a sentence.
        closes: A close frame instead of a sentence.
        lingers: It reads on and never says that a sentence is whole.
    """

    gate: asyncio.Event | None = None
    stalls_after: int | None = None
    cuts_after: int | None = None
    nonsense: str | bytes | None = None
    fails: int | None = None
    closes: tuple[int, str] | None = None
    lingers: bool = False


class LiveVoiceVendor(FakeVendor):
    """
    Attributes:
        said: Sentences, as they came.
        cancelled: Contexts that the client gave up.
    """

    def __init__(self, manners: SpeechManners | None = None, *, wire: Wire | None = None) -> None:
        super().__init__(wire=wire)
        self.manners = manners or SpeechManners()
        self.said: list[str] = []
        self.cancelled: list[str] = []
        self.rate_hz = 8000

    async def sound(self, talk: Talk, piece: str, context: str) -> None:
        raise NotImplementedError

    async def failure(self, talk: Talk, status: int, message: str) -> None:
        raise NotImplementedError

    async def speak(self, talk: Talk, text: str, context: str = "") -> None:
        self.said.append(text)
        manners = self.manners
        if manners.gate is not None:
            await manners.gate.wait()
        if manners.closes is not None:
            await talk.close(*manners.closes)
            return
        if manners.fails is not None:
            await self.failure(talk, manners.fails, VENDOR_TEXT)
            return
        if manners.nonsense is not None:
            await talk.raw(manners.nonsense)
            return
        for number, piece in enumerate(pieces(samples_of(self.rate_hz), 1001)):
            if number == manners.cuts_after:
                talk.cut()
                return
            if number == manners.stalls_after:
                await talk.connection.wait_closed()
                return
            await self.sound(talk, encoded(piece), context)


class ElevenLabsVoices(LiveVoiceVendor):
    def refuses(self, request: Request) -> tuple[int, str] | None:
        parts = urlsplit(request.path)
        query = parse_qs(parts.query)
        found = re.fullmatch(r"/v1/text-to-speech/([^/]+)/stream-input", parts.path)
        if found is None:
            return 404, VENDOR_TEXT
        self.voice = found[1]
        self.key = request.headers.get("xi-api-key")
        rate = re.fullmatch(r"pcm_(8000|16000|22050|24000|44100|48000)", query["output_format"][0])
        if rate is None or query["model_id"] != ["eleven_flash_v2_5"] or query["language_code"] != ["pt"]:
            return 400, VENDOR_TEXT
        self.rate_hz = int(rate[1])
        return None

    async def hear(self, talk: Talk, message: dict[str, Any]) -> None:
        if len(talk.received) == 1:
            assert message["text"] == " "
            if self.key != KEY:
                await self._refuse(talk, "invalid_api_key")
            elif self.voice != "voice1":
                await self._refuse(talk, "voice_id_does_not_exist")
            return
        text = message["text"]
        if text == "":
            await talk.send({"isFinal": True})
            await talk.close(1000)
            return
        assert text.endswith(" ")
        await self.speak(talk, text.strip())

    async def sound(self, talk: Talk, piece: str, context: str) -> None:
        await talk.send({"audio": piece, "isFinal": None, "normalizedAlignment": None, "alignment": None})

    async def failure(self, talk: Talk, status: int, message: str) -> None:
        kinds = {401: "invalid_api_key", 402: "quota_exceeded", 429: "too_many_concurrent_requests"}
        await self._refuse(talk, kinds.get(status, "internal_error"), 1008 if status < 500 else 1011, message)

    async def _refuse(self, talk: Talk, kind: str, code: int = 1008, message: str = VENDOR_TEXT) -> None:
        await talk.send({"message": message, "error": kind, "code": code})
        await talk.close(code, kind)


class CartesiaVoices(LiveVoiceVendor):
    def refuses(self, request: Request) -> tuple[int, str] | None:
        parts = urlsplit(request.path)
        if parts.path != "/tts/websocket" or "cartesia_version" not in parse_qs(parts.query):
            return 404, VENDOR_TEXT
        right = request.headers.get("Authorization") == f"Bearer {KEY}" and request.headers.get(
            "Cartesia-Version"
        )
        return None if right else (401, VENDOR_TEXT)

    async def hear(self, talk: Talk, message: dict[str, Any]) -> None:
        context = message["context_id"]
        if message.get("cancel"):
            self.cancelled.append(context)
            return
        assert not any(one["context_id"] == context for one in talk.received[:-1]), "it may be gone by now"
        fields = {"transcript", "continue", "context_id"}
        wanted = {name: value for name, value in message.items() if name not in fields}
        first = {name: value for name, value in talk.received[0].items() if name not in fields}
        assert wanted == first
        assert message["voice"]["mode"] == "id"
        assert message["language"] in ("pt", "en")
        form = message["output_format"]
        assert (form["container"], form["encoding"]) == ("raw", "pcm_s16le")
        self.rate_hz = form["sample_rate"]
        if message["voice"]["id"] != "voice1":
            await self._fail(talk, 400, "voice_not_found", context)
            return
        if message["transcript"].strip():
            await self.speak(talk, message["transcript"], context)
        if not message["continue"] and not self.manners.lingers:
            await talk.send({"type": "flush_done", "done": False, "flush_done": True, "flush_id": 1, "status_code": 206,
                             "context_id": context})  # fmt: skip
            await talk.send({"type": "done", "done": True, "status_code": 206, "context_id": context})

    async def sound(self, talk: Talk, piece: str, context: str) -> None:
        chunk = {"type": "chunk", "data": piece, "done": False, "status_code": 206, "step_time": 12.0}
        await talk.send({**chunk, "context_id": context})

    async def failure(self, talk: Talk, status: int, message: str) -> None:
        await self._fail(talk, status, "failed", talk.received[0]["context_id"], message)

    async def _fail(
        self, talk: Talk, status: int, code: str, context: str, message: str = VENDOR_TEXT
    ) -> None:
        said = {"type": "error", "done": True, "title": "Failed", "message": message, "error_code": code}
        await talk.send({**said, "status_code": status, "context_id": context})


@asynccontextmanager
async def serving_live(vendor: LiveVoiceVendor) -> AsyncIterator[LiveVoiceVendor]:
    async with serving(vendor):
        yield vendor
