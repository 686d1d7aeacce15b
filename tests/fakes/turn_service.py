"""A service that speaks docs/turn-protocol.md from a script: real HTTP, every request held against its shapes.

What a request breaks is kept in `violations`, and answered with 422; a test that expects none looks there.
"""

from __future__ import annotations

import base64
import json
import math
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import numpy as np
from pydantic import BaseModel, TypeAdapter, ValidationError

from voice_ai_service.audio.formats import Encoding, PcmAudio
from voice_ai_service.audio.wav import write_wav
from voice_ai_service.turn_mode.wire import (
    CallEvent,
    CallSetup,
    EndRequest,
    SetupAnswer,
    TurnAnswer,
    TurnRequest,
)

TOKEN: Final = "vat_test.Token-1_~+/x"
INLINE_LIMIT_BYTES: Final = 40_000


def tone(ms: int, hz: int = 440, rate_hz: int = 8000, amplitude: int = 8000) -> PcmAudio:
    at = np.arange(rate_hz * ms // 1000)
    return PcmAudio((amplitude * np.sin(2 * math.pi * hz * at / rate_hz)).astype("<i2").tobytes(), rate_hz)


@dataclass(frozen=True)
class Reply:
    """
    Attributes:
        status: Other than 200: that error is answered instead.
        delay_s: Before answering.
        cut: Close the connection without an answer.
        raw: Answer these bytes instead of JSON.
        fail_first: How many times 503 is answered before this.
    """

    said: str = "ok"
    audio_ms: int = 1000
    action: dict[str, Any] = field(default_factory=lambda: {"type": "continue"})
    status: int = 200
    delay_s: float = 0.0
    cut: bool = False
    raw: bytes | None = None
    fail_first: int = 0
    heard: str = "heard"


@dataclass
class TurnService:
    """Use as a context manager.

    Attributes:
        replies: One per turn; the last one repeats.
        shared_folder: Where audio goes for a call that asks for `shared`.
        unchecked: Answer what the protocol does not allow, as a service gone wrong would.
        received: (path, body) of every valid request, in order.
    """

    replies: Sequence[Reply] = (Reply(),)
    greeting: Reply = field(default_factory=lambda: Reply(said="hello"))
    set_up: dict[str, Any] = field(default_factory=dict)
    end: Reply = field(default_factory=Reply)
    shared_folder: Path | None = None
    unchecked: bool = False
    received: list[tuple[str, BaseModel]] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    domain_uuid: str = field(default_factory=lambda: str(uuid4()))
    conversation_uuid: str = field(default_factory=lambda: str(uuid4()))

    def __enter__(self) -> Self:
        self._audio: dict[str, bytes] = {}
        self._failed: dict[str, int] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def turns(self) -> list[TurnRequest]:
        return [body for _, body in self.received if isinstance(body, TurnRequest)]

    def ends(self) -> list[EndRequest]:
        return [body for _, body in self.received if isinstance(body, EndRequest)]

    def audio_of(self, ref: str, ms: int) -> dict[str, Any] | None:
        """The `audio` of an answer; longer ones have to be fetched."""
        if not ms:
            return None
        wav = write_wav(tone(ms), Encoding.PCMU)
        self._audio[ref] = wav
        content = base64.b64encode(wav).decode() if len(wav) <= INLINE_LIMIT_BYTES else None
        file = None
        if self.shared_folder is not None:
            file, content = f"{ref}.wav", None
            (self.shared_folder / file).write_bytes(wav)
        return {
            "ref": ref, "format": "PCMU", "sample_rate_hz": 8000, "duration_ms": ms, "bytes": len(wav),
            "content": content, "file": file,
        }  # fmt: skip

    def piece(self, ref: str, offset: int, length: int) -> tuple[int, dict[str, Any]]:
        wav = self._audio.get(ref)
        if wav is None:
            return 404, _error("no such audio")
        part = wav[offset : offset + min(length, INLINE_LIMIT_BYTES)]
        return 200, {"content": base64.b64encode(part).decode(), "offset": offset, "bytes": len(wav)}

    def answer(self, path: str, body: dict[str, Any]) -> tuple[Reply, dict[str, Any]]:
        if path == "/api/v1/calls":
            return self._answer_set_up(CallSetup.model_validate(body), path)
        if path == "/api/v1/turn":
            return self._answer_turn(TurnRequest.model_validate(body), path)
        if path.endswith("/events"):
            event: BaseModel = TypeAdapter(CallEvent).validate_python(body)
            self.received.append((path, event))
            return Reply(), {}
        if path.endswith("/end"):
            reply = self._with_faults("end", self.end)
            if reply.status == 200:
                self.received.append((path, EndRequest.model_validate(body)))
            return reply, {"conversation_uuid": self.conversation_uuid}
        raise LookupError(path)

    def _with_faults(self, key: str, reply: Reply) -> Reply:
        failed = self._failed.get(key, 0)
        if failed < reply.fail_first:
            self._failed[key] = failed + 1
            return Reply(status=503)
        return reply

    def _answer_set_up(self, asked: CallSetup, path: str) -> tuple[Reply, dict[str, Any]]:
        self.received.append((path, asked))
        answer = {
            "call_uuid": str(asked.call_uuid),
            "domain_uuid": str(asked.domain_uuid or self.domain_uuid), "decision": "answer",
            "secretary": {"secretary_uuid": str(uuid4()), "name": "s", "version": 1, "language": "en"},
            "said": self.greeting.said, "audio": self.audio_of("r0000", self.greeting.audio_ms),
            "action": self.greeting.action,
            "listening": {"end_silence_ms": 800, "max_utterance_ms": 10000, "no_input_ms": 4000},
            "limits": {"max_turns": 20, "max_duration_s": 600},
            "apology": self.audio_of("apology", 1500),
            "fallback": {"type": "hangup", "reason": "providers_down"},
            "folder": None if self.shared_folder is None else str(self.shared_folder),
            "record_call": False, **self.set_up,
        }  # fmt: skip
        if self.greeting.status == 200 and not self.unchecked:
            SetupAnswer.model_validate(answer)
        return self._with_faults("set_up", self.greeting), answer

    def _answer_turn(self, asked: TurnRequest, path: str) -> tuple[Reply, dict[str, Any]]:
        self.received.append((path, asked))
        reply = self.replies[min(asked.turn, len(self.replies)) - 1]
        answer = TurnAnswer.model_validate(
            {
                "call_uuid": str(asked.call_uuid), "turn": asked.turn, "heard": reply.heard,
                "heard_language": "en", "said": reply.said, "action": reply.action,
                "audio": self.audio_of(f"r{asked.turn:04d}", reply.audio_ms),
                "latency_ms": {"stt": 1.0, "llm": 1.0, "tts": 1.0, "total": 3.0},
            }
        )  # fmt: skip
        return self._with_faults(f"turn {asked.turn}", reply), answer.model_dump(mode="json")


def _error(message: str) -> dict[str, Any]:
    return {"error": {"code": "x", "message": message, "field": None, "fix": None, "request_id": "1"}}


def _handler(service: TurnService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            if not self.headers.get("X-Domain-UUID"):
                service.violations.append(f"{self.path}: no domain")
            found = re.fullmatch(r"/api/v1/calls/[0-9a-f-]{36}/audio/([\w-]+)", address.path)
            query = parse_qs(address.query)
            if not found or not self._is_allowed():
                return self._send(404, _error("not found"))
            self._send(*service.piece(found[1], int(query["offset"][0]), int(query["length"][0])))

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            if not self._is_allowed():
                return self._send(401, _error("token"))
            try:
                body = json.loads(content)
                reply, answer = service.answer(self.path, body)
            except LookupError:
                return self._send(404, _error("not found"))
            except (ValidationError, ValueError) as error:
                service.violations.append(f"{self.path}: {error}")
                return self._send(422, _error("invalid"))
            self._reply(reply, answer)

        def _reply(self, reply: Reply, answer: dict[str, Any]) -> None:
            time.sleep(reply.delay_s)
            if reply.cut:
                self.close_connection = True
                return
            if reply.raw is not None:
                return self._send_bytes(reply.status, reply.raw)
            self._send(reply.status, answer if reply.status == 200 else _error("failed"))

        def _is_allowed(self) -> bool:
            if self.headers.get("X-API-Key") != TOKEN:
                service.violations.append(f"{self.path}: token")
                return False
            return True

        def _send(self, status: int, answer: dict[str, Any]) -> None:
            self._send_bytes(status, json.dumps(answer).encode())

        def _send_bytes(self, status: int, content: bytes) -> None:
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except BrokenPipeError:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            return

    return Handler
