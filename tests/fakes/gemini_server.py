"""Gemini Live (`BidiGenerateContent`) as its reference describes it. It sends its JSON in binary frames."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

from websockets.http11 import Request

from tests.fakes.tones import level
from tests.fakes.websocket_vendor import VENDOR_WORDS, FakeVendor, Said, Talk, encoded, pieces, serving

KEY = "AIza-correct"
MODEL = "gemini-3.8-live"
RATE_HZ = 24000
_SPEECH_MS = 200
_SILENCE_MS = 200
_LOUD = 0.02


@dataclass
class _Session:
    setup: dict[str, Any] = field(default_factory=dict)
    activity: bool = False
    speech_ms: int = 0
    silence_ms: int = 0
    speaking: bool = False
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    work: set[asyncio.Task[None]] = field(default_factory=set)
    calls: dict[str, asyncio.Future[str]] = field(default_factory=dict)
    turns: list[tuple[str, str]] = field(default_factory=list)
    """What it was told in words: role and text."""

    @property
    def automatic(self) -> bool:
        detection = self.setup.get("realtimeInputConfig", {}).get("automaticActivityDetection", {})
        return not detection.get("disabled", False)


class FakeGemini(FakeVendor):
    """
    Attributes:
        handles: Resumption handles that it still knows.
        violations: What the client did against the contract.
    """

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.handles: list[str] = []
        self.violations: list[str] = []
        self._ids = itertools.count(1)
        self._sessions: dict[int, _Session] = {}

    def session(self, talk: Talk) -> _Session:
        return self._sessions[talk.number]

    def refuses(self, request: Request) -> tuple[int, str] | None:
        if request.headers.get("x-goog-api-key") != KEY:
            return 401, VENDOR_WORDS
        service = "google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
        return None if urlsplit(request.path).path == f"/ws/{service}" else (404, VENDOR_WORDS)

    async def greet(self, talk: Talk) -> None:
        self._sessions[talk.number] = _Session()

    async def tell(self, talk: Talk, message: dict[str, Any]) -> None:
        await talk.raw(json.dumps(message).encode())

    async def hear(self, talk: Talk, message: dict[str, Any]) -> None:
        session = self.session(talk)
        (kind, body), *others = message.items()
        if others:
            self.violations.append("more than one message in one")
        if not session.setup and kind != "setup":
            await talk.close(1007, VENDOR_WORDS)
            return
        match kind:
            case "setup":
                await self._begin(talk, body)
            case "realtimeInput":
                await self._input(talk, body)
            case "clientContent":
                await self._content(talk, body)
            case "toolResponse":
                for answer in body["functionResponses"]:
                    call = session.calls.pop(answer["id"], None)
                    if call is None:
                        self.violations.append("a result that nobody asked for")
                    else:
                        call.set_result(answer["response"]["output"])
            case _:
                await talk.close(1007, VENDOR_WORDS)

    async def _begin(self, talk: Talk, setup: dict[str, Any]) -> None:
        session = self.session(talk)
        if setup["model"] != f"models/{MODEL}":
            await talk.close(1008, f"models/x is not found. {VENDOR_WORDS}")
            return
        handle = setup.get("sessionResumption", {}).get("handle")
        if handle is not None and handle not in self.handles:
            await talk.close(1007, VENDOR_WORDS)
            return
        session.setup = setup
        await self.tell(talk, {"setupComplete": {}})
        handle = f"handle-{next(self._ids)}"
        self.handles.append(handle)
        await self.tell(talk, {"sessionResumptionUpdate": {"newHandle": handle, "resumable": True}})

    async def _input(self, talk: Talk, body: dict[str, Any]) -> None:
        session = self.session(talk)
        if "activityStart" in body or "activityEnd" in body:
            if session.automatic:
                self.violations.append("activity though it detects by itself")
            session.activity = "activityStart" in body
            if session.activity:
                await self._hush(talk)
            else:
                await self._heard(talk)
            return
        if "audio" not in body:
            return
        samples = base64.b64decode(body["audio"]["data"], validate=True)
        talk.audio += samples
        if not session.automatic:
            if not session.activity:
                self.violations.append("audio outside an activity")
            return
        loud = level(samples) > _LOUD
        ms = len(samples) // 32
        session.speech_ms += ms if loud else 0
        session.silence_ms = 0 if loud else session.silence_ms + ms
        if session.speech_ms >= _SPEECH_MS and session.silence_ms >= _SILENCE_MS:
            session.speech_ms = 0
            await self._heard(talk)

    async def _content(self, talk: Talk, body: dict[str, Any]) -> None:
        session = self.session(talk)
        session.turns += [(turn["role"], turn["parts"][0]["text"]) for turn in body["turns"]]
        await self._hush(talk)  # "a message here will interrupt any current model generation"
        if body["turnComplete"]:
            self._answer(talk)

    async def _hush(self, talk: Talk) -> None:
        """The caller's activity stops the model."""
        session = self.session(talk)
        if session.speaking:
            session.stopped.set()
            await asyncio.gather(*session.work)
            await self.tell(talk, {"serverContent": {"interrupted": True}})
            await self.tell(talk, {"serverContent": {"turnComplete": True}})

    async def _heard(self, talk: Talk) -> None:
        await self._hush(talk)
        for piece in pieces(self.hears.encode(), 8):
            await self.tell(talk, {"serverContent": {"inputTranscription": {"text": piece.decode()}}})
        self._answer(talk)

    def _answer(self, talk: Talk) -> None:
        session = self.session(talk)
        session.stopped = asyncio.Event()
        session.speaking = True
        task = asyncio.create_task(self._speak(talk, self.next_reply()), name="a turn of the model")
        session.work.add(task)
        task.add_done_callback(session.work.discard)

    async def _speak(self, talk: Talk, said: Said) -> None:
        session = self.session(talk)
        with contextlib.suppress(ConnectionError, OSError):
            if said.audio_ms and not await self._say(talk, said):
                session.speaking = False
                return
            for name, arguments in said.tools:
                session.speaking = False
                result = await self._call(talk, name, json.loads(arguments))
                session.speaking = True
                await self._say(talk, Said(text=f"Resultado: {result}"))
            await self.tell(talk, {"serverContent": {"generationComplete": True}})
            session.speaking = False
            usage = {"promptTokenCount": 20, "responseTokenCount": 10, "totalTokenCount": 30}
            await self.tell(talk, {"serverContent": {"turnComplete": True}, "usageMetadata": usage})

    async def _say(self, talk: Talk, said: Said) -> bool:
        session = self.session(talk)
        chunks = pieces(said.sound(said.audio_ms, RATE_HZ), RATE_HZ * 2 // 10)
        words = said.text.split(" ")
        for number, chunk in enumerate(chunks):
            if said.hangs_after == number:
                await session.stopped.wait()
            if session.stopped.is_set():
                return False
            start, end = len(words) * number // len(chunks), len(words) * (number + 1) // len(chunks)
            data = {"mimeType": f"audio/pcm;rate={RATE_HZ}", "data": encoded(chunk)}
            turn = {"modelTurn": {"role": "model", "parts": [{"inlineData": data}]}}
            await self.tell(talk, {"serverContent": turn})
            if text := "".join(f"{word} " for word in words[start:end]):
                await self.tell(talk, {"serverContent": {"outputTranscription": {"text": text}}})
            await asyncio.sleep(0)
        return True

    async def _call(self, talk: Talk, name: str, arguments: dict[str, Any]) -> str:
        call_id = f"function-call-{next(self._ids)}"
        result: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.session(talk).calls[call_id] = result
        call = {"id": call_id, "name": name, "args": arguments}
        await self.tell(talk, {"toolCall": {"functionCalls": [call]}})
        return await result

    # What a test makes it do.

    async def goes_away(self, talk: Talk, within: str = "5s") -> None:
        await self.tell(talk, {"goAway": {"timeLeft": within}})

    async def expires(self, talk: Talk) -> None:
        await self.goes_away(talk)


@asynccontextmanager
async def fake_gemini(**more: Any) -> AsyncIterator[FakeGemini]:
    async with serving(FakeGemini(**more)) as server:
        fake = cast(FakeGemini, server)
        try:
            yield fake
        finally:
            work = [task for session in fake._sessions.values() for task in session.work]
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
