"""An ElevenLabs agent as the public AsyncAPI of its SDK describes it, with the endpoint for signed addresses.

It owns the turns: it hears the caller's sound, and answers when that is followed by silence.
"""

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
from urllib.parse import parse_qs, urlsplit

from websockets.http11 import Request

from tests.fakes.tones import level
from tests.fakes.websocket_vendor import VENDOR_WORDS, FakeVendor, Said, Talk, encoded, pieces, serving
from voice_ai_service.audio.g711 import linear_to_ulaw, ulaw_to_linear

KEY = "xi-correct"
AGENT = "agent_7101"
_SPEECH_MS = 200
_SILENCE_MS = 200
_LOUD = 0.02


@dataclass
class _Session:
    speech_ms: int = 0
    silence_ms: int = 0
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    work: set[asyncio.Task[None]] = field(default_factory=set)
    calls: dict[str, asyncio.Future[str]] = field(default_factory=dict)


class FakeElevenLabs(FakeVendor):
    """
    Attributes:
        formats: Of the caller's and of the agent's audio, as the agent is configured.
        allows: Overrides that the agent's security settings allow.
        announces_end: The agent's client events include `agent_response_complete`.
    """

    def __init__(
        self,
        *,
        formats: tuple[str, str] = ("ulaw_8000", "ulaw_8000"),
        allows: frozenset[str] = frozenset({"prompt", "language", "first_message", "voice"}),
        announces_end: bool = True,
        **more: Any,
    ) -> None:
        super().__init__(**more)
        self.formats = formats
        self.allows = allows
        self.announces_end = announces_end
        self.signed: list[str] = []
        self.elsewhere: str | None = None
        self._ids = itertools.count(1)
        self._sessions: dict[int, _Session] = {}

    def session(self, talk: Talk) -> _Session:
        return self._sessions[talk.number]

    def refuses(self, request: Request) -> tuple[int, str] | None:
        parts = urlsplit(request.path)
        query = parse_qs(parts.query)
        if parts.path == "/v1/convai/conversation":
            token = query.get("conversation_signature", [""])[0]
            if token in self.signed:
                self.signed.remove(token)  # once
            elif request.headers.get("xi-api-key") != KEY:
                return 403, VENDOR_WORDS
        elif parts.path != "/v1/convai/conversation/get-signed-url":
            return 404, VENDOR_WORDS
        elif request.headers.get("xi-api-key") != KEY:
            return 401, VENDOR_WORDS
        return None if query.get("agent_id") == [AGENT] else (404, VENDOR_WORDS)

    async def answer(self, request: Request) -> str | None:
        if urlsplit(request.path).path == "/v1/convai/conversation":
            return None
        token = f"once-{next(self._ids)}"
        self.signed.append(token)
        base = (self.elsewhere or self.base_url).replace("http", "ws", 1)
        url = f"{base}/v1/convai/conversation?agent_id={AGENT}&conversation_signature={token}"
        return json.dumps({"signed_url": url})

    async def greet(self, talk: Talk) -> None:
        self._sessions[talk.number] = _Session()

    async def hear(self, talk: Talk, message: dict[str, Any]) -> None:
        session = self.session(talk)
        if "user_audio_chunk" in message:
            await self._listen(talk, base64.b64decode(message["user_audio_chunk"], validate=True))
            return
        match message["type"]:
            case "conversation_initiation_client_data":
                await self._begin(talk, message.get("conversation_config_override", {}))
            case "user_message":
                self._answer(talk)
            case "client_tool_result":
                call = session.calls.pop(message["tool_call_id"], None)
                if call is not None and not call.done():
                    call.set_result(message["result"])
            case "pong" | "contextual_update" | "user_activity":
                pass
            case kind:
                raise AssertionError(f"no such client event: {kind}")

    async def _begin(self, talk: Talk, override: dict[str, Any]) -> None:
        agent = override.get("agent", {})
        asked = set(agent) | ({"voice"} if "voice_id" in override.get("tts", {}) else set())
        if asked - self.allows:
            await self.fails(talk, 1008, "override_error")
            return
        heard, spoken = self.formats
        await talk.send(
            {
                "type": "conversation_initiation_metadata",
                "conversation_initiation_metadata_event": {
                    "conversation_id": f"conv_{talk.number}",
                    "agent_output_audio_format": spoken,
                    "user_input_audio_format": heard,
                },
            }
        )
        await talk.send({"type": "ping", "ping_event": {"event_id": next(self._ids), "ping_ms": None}})

    async def _listen(self, talk: Talk, coded: bytes) -> None:
        session, heard = self.session(talk), self.formats[0]
        samples = ulaw_to_linear(coded) if heard == "ulaw_8000" else coded
        talk.audio += samples
        ms = len(samples) // (2 * rate_of(heard) // 1000)
        if level(samples) > _LOUD:
            session.speech_ms += ms
            session.silence_ms = 0
        else:
            session.silence_ms += ms
        if session.speech_ms >= _SPEECH_MS and session.silence_ms >= _SILENCE_MS:
            session.speech_ms = 0
            await self.transcript(talk)
            self._answer(talk)

    async def transcript(self, talk: Talk, text: str | None = None) -> None:
        words = self.hears if text is None else text
        for kind, name in (
            ("tentative_user_transcript", "tentative_user_transcription_event"),
            ("user_transcript", "user_transcription_event"),
        ):
            await talk.send({"type": kind, name: {"user_transcript": words, "event_id": next(self._ids)}})

    def _answer(self, talk: Talk) -> None:
        session = self.session(talk)
        session.stopped = asyncio.Event()
        task = asyncio.create_task(self._speak(talk, self.next_reply()), name="a reply")
        session.work.add(task)
        task.add_done_callback(session.work.discard)

    async def _speak(self, talk: Talk, said: Said) -> None:
        with contextlib.suppress(ConnectionError, OSError):
            if said.audio_ms:
                await self._say(talk, said)
            for name, arguments in said.tools:
                result = await self._call(talk, name, json.loads(arguments))
                await self._say(talk, Said(text=f"Resultado: {result}"))

    async def _say(self, talk: Talk, said: Said) -> None:
        session, spoken = self.session(talk), self.formats[1]
        rate_hz = rate_of(spoken)
        samples = said.sound(said.audio_ms, rate_hz)
        coded = linear_to_ulaw(samples) if spoken == "ulaw_8000" else samples
        chunks = pieces(coded, len(coded) // 4 // 2 * 2)
        for number, chunk in enumerate(chunks):
            if said.hangs_after == number:
                await session.stopped.wait()
            if session.stopped.is_set():
                return
            event_id = next(self._ids)
            if number == 0:
                await talk.send(
                    {
                        "type": "agent_response",
                        "agent_response_event": {"agent_response": said.text, "event_id": event_id},
                    }
                )
            await talk.send(
                {"type": "audio", "audio_event": {"audio_base_64": encoded(chunk), "event_id": event_id}}
            )
            await asyncio.sleep(0)
        if self.announces_end:
            await talk.send(
                {
                    "type": "agent_response_complete",
                    "agent_response_complete_event": {"event_id": next(self._ids)},
                }
            )

    async def _call(self, talk: Talk, name: str, arguments: dict[str, Any]) -> str:
        call_id = f"toolu_{next(self._ids)}"
        result: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.session(talk).calls[call_id] = result
        await talk.send(
            {
                "type": "client_tool_call",
                "client_tool_call": {
                    "tool_name": name,
                    "tool_call_id": call_id,
                    "parameters": arguments,
                    "event_id": next(self._ids),
                },
            }
        )
        return await result

    # What a test makes it do.

    async def interrupts(self, talk: Talk) -> None:
        """The agent hears the caller over its own reply; what it had made before still arrives."""
        event_id = next(self._ids)
        self.session(talk).stopped.set()
        await talk.send({"type": "interruption", "interruption_event": {"event_id": event_id}})
        stale = {"audio_base_64": encoded(b"\x10" * 800), "event_id": event_id - 1}
        await talk.send({"type": "audio", "audio_event": stale})

    async def fails(self, talk: Talk, code: int, kind: str) -> None:
        await talk.send(
            {
                "type": "error",
                "error_event": {"code": code, "error_type": kind, "message": VENDOR_WORDS},
            }
        )
        await talk.close(code, VENDOR_WORDS)

    async def expires(self, talk: Talk) -> None:
        await self.fails(talk, 1000, "max_duration_exceeded")


def rate_of(name: str) -> int:
    return int(name.rpartition("_")[2])


@asynccontextmanager
async def fake_elevenlabs(**more: Any) -> AsyncIterator[FakeElevenLabs]:
    async with serving(FakeElevenLabs(**more)) as server:
        fake = cast(FakeElevenLabs, server)
        try:
            yield fake
        finally:
            work = [task for session in fake._sessions.values() for task in session.work]
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
