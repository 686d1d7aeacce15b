"""OpenAI's Realtime API (GA) as its reference describes it, over one WebSocket a conversation.

What is asked is checked as the real one checks it; what is asked wrongly is answered by an `error` event and noted in
`violations`.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from websockets.http11 import Request

from tests.fakes.websocket_vendor import VENDOR_WORDS, FakeVendor, Said, Talk, encoded, pieces, serving
from voice_ai_service.audio.g711 import linear_to_ulaw, ulaw_to_linear

KEY = "sk-proj-correct"
MODEL = "gpt-realtime-2.1"
VOICES = ("alloy", "marin", "cedar")
_PIECE_MS = 100


@dataclass
class _Session:
    pcmu: bool = False
    turn_detection: str | None = None
    transcribes: bool = False
    buffered: bytearray = field(default_factory=bytearray)
    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    audio_ms: dict[str, int] = field(default_factory=dict)
    active: str | None = None
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    work: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def rate_hz(self) -> int:
        return 8000 if self.pcmu else 24000

    def decode(self, coded: bytes) -> bytes:
        return ulaw_to_linear(coded) if self.pcmu else coded

    def code(self, samples: bytes) -> bytes:
        return linear_to_ulaw(samples) if self.pcmu else samples


class FakeOpenAiRealtime(FakeVendor):
    """
    Attributes:
        fails: Instead of the next replies, responses that fail with this type and code.
        violations: What the client did against the contract.
    """

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.fails: list[tuple[str, str]] = []
        self.violations: list[str] = []
        self._ids = itertools.count(1)
        self._sessions: dict[int, _Session] = {}

    def session(self, talk: Talk) -> _Session:
        return self._sessions[talk.number]

    def refuses(self, request: Request) -> tuple[int, str] | None:
        parts = urlsplit(request.path)
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return 401, f'{{"error":{{"message":"{VENDOR_WORDS}","code":"invalid_api_key"}}}}'
        if parts.path != "/v1/realtime":
            return 404, VENDOR_WORDS
        if parse_qs(parts.query).get("model") != [MODEL]:
            return 404, f'{{"error":{{"message":"{VENDOR_WORDS}","code":"model_not_found"}}}}'
        return None

    def event(self, kind: str, **fields: Any) -> dict[str, Any]:
        return {"type": kind, "event_id": f"event_{next(self._ids)}", **fields}

    async def greet(self, talk: Talk) -> None:
        self._sessions[talk.number] = _Session()
        if not self.wire.mute and self.wire.first is None:
            await talk.send(self.event("session.created", session=self._described({}, talk)))

    def _described(self, asked: dict[str, Any], talk: Talk) -> dict[str, Any]:
        base = {"type": "realtime", "object": "realtime.session", "id": f"sess_{talk.number}", "model": MODEL}
        return {**base, "expires_at": 1893456000, **asked}

    async def error(
        self, talk: Talk, code: str | None, *, kind: str = "invalid_request_error", cause: str | None = None,
        param: str | None = None,
    ) -> None:  # fmt: skip
        await talk.send(
            self.event(
                "error",
                error={
                    "type": kind,
                    "code": code,
                    "message": VENDOR_WORDS,
                    "param": param,
                    "event_id": cause,
                },
            )
        )

    async def hear(self, talk: Talk, message: dict[str, Any]) -> None:
        session, cause = self.session(talk), message.get("event_id")
        match message["type"]:
            case "session.update":
                await self._update(talk, message["session"], cause)
            case "input_audio_buffer.append":
                coded = base64.b64decode(message["audio"], validate=True)
                session.buffered += coded
                talk.audio += session.decode(coded)
            case "input_audio_buffer.clear":
                session.buffered.clear()
                await talk.send(self.event("input_audio_buffer.cleared"))
            case "input_audio_buffer.commit":
                await self._commit(talk)
            case "conversation.item.create":
                await self._create(talk, message["item"], cause)
            case "conversation.item.truncate":
                await self._truncate(talk, message, cause)
            case "conversation.item.delete":
                if session.items.pop(message["item_id"], None) is None:
                    await self._violation(talk, "item_delete_invalid_item_id", cause)
                else:
                    await talk.send(self.event("conversation.item.deleted", item_id=message["item_id"]))
            case "response.create":
                await self._respond(talk, cause)
            case "response.cancel":
                if session.active is None:
                    await self.error(talk, "response_cancel_not_active", cause=cause)
                else:
                    session.cancelled.set()
            case kind:
                await self._violation(talk, f"unknown_client_event {kind}", cause)

    async def _violation(self, talk: Talk, what: str, cause: str | None) -> None:
        self.violations.append(what)
        await self.error(talk, what.split(" ")[0], cause=cause)

    async def _update(self, talk: Talk, asked: dict[str, Any], cause: str | None) -> None:
        session = self.session(talk)
        heard, spoken = asked["audio"]["input"], asked["audio"]["output"]
        if spoken.get("voice", "marin") not in VOICES:
            await self.error(talk, "invalid_value", cause=cause, param="session.audio.output.voice")
            return
        session.pcmu = heard["format"]["type"] == "audio/pcmu"
        detection = heard.get("turn_detection")
        session.turn_detection = detection["type"] if detection else None
        session.transcribes = heard.get("transcription") is not None
        await talk.send(self.event("session.updated", session=self._described(asked, talk)))

    async def _commit(self, talk: Talk) -> None:
        session = self.session(talk)
        if len(session.decode(bytes(session.buffered))) < 2 * session.rate_hz // 10:
            await self._violation(talk, "input_audio_buffer_commit_empty", None)
            return
        session.buffered.clear()
        item = self._item({"type": "message", "role": "user"}, [{"type": "input_audio", "transcript": None}])
        await talk.send(
            self.event("input_audio_buffer.committed", item_id=item["id"], previous_item_id=self._last(talk))
        )
        await self._add(talk, item)
        if session.transcribes:
            await self._transcribe(talk, item["id"])

    async def _transcribe(self, talk: Talk, item_id: str) -> None:
        for word in self.hears.split(" ")[:2]:
            await talk.send(
                self.event(
                    "conversation.item.input_audio_transcription.delta",
                    item_id=item_id,
                    content_index=0,
                    delta=f"{word} ",
                )
            )
        await talk.send(
            self.event(
                "conversation.item.input_audio_transcription.completed",
                item_id=item_id,
                content_index=0,
                transcript=self.hears,
                usage={"type": "duration", "seconds": 1.0},
            )
        )

    async def _create(self, talk: Talk, item: dict[str, Any], cause: str | None) -> None:
        session = self.session(talk)
        if item["type"] == "function_call_output":
            calls = [one for one in session.items.values() if one.get("call_id") == item["call_id"]]
            if not any(one["type"] == "function_call" for one in calls):
                await self._violation(talk, "invalid_call_id", cause)
                return
        await self._add(talk, self._item(item, item.get("content")))

    def _item(self, shape: dict[str, Any], content: Any) -> dict[str, Any]:
        item = {"id": f"item_{next(self._ids)}", "object": "realtime.item", "status": "completed", **shape}
        return {**item, "content": content} if content is not None else item

    async def _add(self, talk: Talk, item: dict[str, Any]) -> None:
        previous = self._last(talk)
        self.session(talk).items[item["id"]] = item
        for kind in ("conversation.item.added", "conversation.item.done"):
            await talk.send(self.event(kind, item=item, previous_item_id=previous))

    def _last(self, talk: Talk) -> str | None:
        return next(reversed(self.session(talk).items), None)

    async def _truncate(self, talk: Talk, message: dict[str, Any], cause: str | None) -> None:
        made_ms = self.session(talk).audio_ms.get(message["item_id"])
        if made_ms is None:
            await self._violation(talk, "item_truncate_invalid_item_id", cause)
        elif message["audio_end_ms"] > made_ms:
            await self._violation(talk, "item_truncate_invalid_audio_end_ms", cause)
        else:
            fields = {name: message[name] for name in ("item_id", "content_index", "audio_end_ms")}
            await talk.send(self.event("conversation.item.truncated", **fields))

    # Responses.

    async def _respond(self, talk: Talk, cause: str | None) -> None:
        session = self.session(talk)
        if session.active is not None:
            await self._violation(talk, "conversation_already_has_active_response", cause)
            return
        session.active = f"resp_{next(self._ids)}"
        session.cancelled = asyncio.Event()
        task = asyncio.create_task(self._speak(talk, session.active), name="a response")
        session.work.add(task)
        task.add_done_callback(session.work.discard)

    async def _speak(self, talk: Talk, response_id: str) -> None:
        with contextlib.suppress(ConnectionError, OSError):
            await self._spoken(talk, response_id)

    async def _spoken(self, talk: Talk, response_id: str) -> None:
        session = self.session(talk)
        await talk.send(self.event("response.created", response=self._response(response_id, "in_progress")))
        if self.fails:
            kind, code = self.fails.pop(0)
            details = {"type": "failed", "error": {"type": kind, "code": code, "message": VENDOR_WORDS}}
            await self._over(talk, response_id, "failed", [], details)
            return
        said = self.next_reply()
        output = []
        if said.audio_ms:
            output.append(await self._message(talk, response_id, said))
        if not session.cancelled.is_set():
            for index, (name, arguments) in enumerate(said.tools, start=len(output)):
                output.append(await self._call(talk, response_id, index, name, arguments))
        if session.cancelled.is_set():
            details = {"type": "cancelled", "reason": "client_cancelled"}
            await self._over(talk, response_id, "cancelled", output, details)
        else:
            await self._over(talk, response_id, "completed", output, None)

    async def _message(self, talk: Talk, response_id: str, said: Said) -> dict[str, Any]:
        session = self.session(talk)
        item = self._item({"type": "message", "role": "assistant", "status": "in_progress"}, [])
        session.items[item["id"]] = item
        where = {"response_id": response_id, "output_index": 0}
        part = {**where, "item_id": item["id"], "content_index": 0}
        await talk.send(self.event("response.output_item.added", **where, item=item))
        await talk.send(self.event("conversation.item.added", item=item, previous_item_id=None))
        empty = {"type": "audio", "transcript": ""}
        await talk.send(self.event("response.content_part.added", **part, part=empty))
        coded = session.code(said.sound(said.audio_ms, session.rate_hz))
        bytes_per_ms = session.rate_hz * (1 if session.pcmu else 2) // 1000
        words = said.text.split(" ")
        chunks = pieces(coded, _PIECE_MS * bytes_per_ms)
        for number, chunk in enumerate(chunks):
            if said.hangs_after == number:
                await session.cancelled.wait()
            if session.cancelled.is_set():
                break
            start, end = len(words) * number // len(chunks), len(words) * (number + 1) // len(chunks)
            if text := "".join(f"{word} " for word in words[start:end]):
                await talk.send(self.event("response.output_audio_transcript.delta", **part, delta=text))
            await talk.send(self.event("response.output_audio.delta", **part, delta=encoded(chunk)))
            made_ms = session.audio_ms.get(item["id"], 0) + len(chunk) // bytes_per_ms
            session.audio_ms[item["id"]] = made_ms
            await asyncio.sleep(0)
        if session.cancelled.is_set():
            # Made before the cancellation reached it, delivered after.
            await talk.send(self.event("response.output_audio.delta", **part, delta=encoded(chunks[0])))
        await talk.send(self.event("response.output_audio.done", **part))
        await talk.send(self.event("response.output_audio_transcript.done", **part, transcript=said.text))
        done = {**item, "status": "incomplete" if session.cancelled.is_set() else "completed",
                "content": [{"type": "output_audio", "transcript": said.text}]}  # fmt: skip
        full = {"type": "audio", "transcript": said.text}
        await talk.send(self.event("response.content_part.done", **part, part=full))
        await talk.send(self.event("response.output_item.done", **where, item=done))
        await talk.send(self.event("conversation.item.done", item=done, previous_item_id=None))
        return done

    async def _call(
        self, talk: Talk, response_id: str, index: int, name: str, arguments: str
    ) -> dict[str, Any]:
        call_id = f"call_{next(self._ids)}"
        item = self._item({"type": "function_call", "name": name, "call_id": call_id, "arguments": ""}, None)
        where = {"response_id": response_id, "output_index": index}
        part = {**where, "item_id": item["id"], "call_id": call_id}
        await talk.send(
            self.event("response.output_item.added", **where, item={**item, "status": "in_progress"})
        )
        for piece in (arguments[:4], arguments[4:]):
            await talk.send(self.event("response.function_call_arguments.delta", **part, delta=piece))
        await talk.send(
            self.event("response.function_call_arguments.done", **part, name=name, arguments=arguments)
        )
        done = {**item, "arguments": arguments}
        self.session(talk).items[item["id"]] = done
        await talk.send(self.event("response.output_item.done", **where, item=done))
        return done

    async def _over(
        self, talk: Talk, response_id: str, status: str, output: list[dict[str, Any]], details: Any
    ) -> None:
        self.session(talk).active = None
        response = self._response(response_id, status)
        usage = {"total_tokens": 30, "input_tokens": 20, "output_tokens": 10}
        whole = {**response, "output": output, "status_details": details, "usage": usage}
        await talk.send(self.event("response.done", response=whole))
        await talk.send(self.event("rate_limits.updated", rate_limits=[]))

    def _response(self, response_id: str, status: str) -> dict[str, Any]:
        return {"object": "realtime.response", "id": response_id, "status": status, "status_details": None,
                "output": [], "conversation_id": "conv_1", "output_modalities": ["audio"],
                "max_output_tokens": "inf", "usage": None}  # fmt: skip

    # What a test makes it do.

    async def caller_speaks(self, talk: Talk) -> None:
        """Its own voice detection hears an utterance from beginning to end (`server_vad`)."""
        item_id = f"item_{next(self._ids)}"
        begun = self.event("input_audio_buffer.speech_started", item_id=item_id, audio_start_ms=100)
        stopped = self.event("input_audio_buffer.speech_stopped", item_id=item_id, audio_end_ms=900)
        committed = self.event("input_audio_buffer.committed", item_id=item_id, previous_item_id=None)
        for event in (begun, stopped, committed):
            await talk.send(event)
        await self._transcribe(talk, item_id)

    async def expires(self, talk: Talk) -> None:
        """The hour is over."""
        await self.error(talk, "session_expired")
        await talk.close(1001)


@asynccontextmanager
async def fake_openai_realtime(**more: Any) -> AsyncIterator[FakeOpenAiRealtime]:
    async with serving(FakeOpenAiRealtime(**more)) as server:
        fake = cast(FakeOpenAiRealtime, server)
        fake.base_url += "/v1"
        try:
            yield fake
        finally:
            work = [task for session in fake._sessions.values() for task in session.work]
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
