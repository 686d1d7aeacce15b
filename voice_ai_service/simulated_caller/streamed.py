"""A call in realtime mode without a PBX: audio both ways over the bridge's socket, in real time."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Final

import httpx
import websockets
from websockets.asyncio.client import ClientConnection, connect

from voice_ai_service.audio.formats import PHONE_RATE_HZ, PTIME_MS
from voice_ai_service.audio.level import rms_dbfs
from voice_ai_service.simulated_caller.caller import Caller
from voice_ai_service.simulated_caller.line import FRAME_BYTES, SILENCE, LineView, Noise, Playout
from voice_ai_service.simulated_caller.simulation import Dialling

_AUDIBLE_DBFS: Final = -55.0
_REPLY_OVER_MS: Final = 500
"""Silence after which a reply counts as over; pauses between its sentences are shorter."""
_LATE_FRAMES: Final = 250
"""5 s of audio that waits to be heard; a bridge that sends more at once is cut short, as a PBX would."""
_LONGEST_S: Final = 7300.0
_ASKS_FOR_THE_END: Final = 5

Observe = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True)
class StreamedOutcome:
    """
    Attributes:
        set_up: The service's answer, or its error.
        status: Of the set-up; 0 when nobody answered.
        messages: What the bridge told, each with `at_ms` on the line's clock.
        ended_by: `caller`, `secretary`, `transfer`, `lost`, or None where there was no call.
        greeting_ms: From the open socket to the first sound.
    """

    set_up: Mapping[str, Any]
    status: int
    messages: tuple[Mapping[str, Any], ...] = ()
    ended_by: str | None = None
    transferred_to: str | None = None
    greeting_ms: int | None = None
    duration_ms: int = 0
    conversation_uuid: str | None = None
    caller_samples: bytes = b""
    secretary_samples: bytes = b""
    problem: str | None = None


@dataclass(slots=True)
class _Ear:
    """What arrives, heard 20 ms at a time; stretches of sound are replies."""

    view: LineView
    waiting: deque[bytes] = field(default_factory=deque)
    heard: list[bytes] = field(default_factory=list)
    rest: bytes = b""
    last_sound_ms: int = -1

    def arrive(self, samples: bytes) -> None:
        data = self.rest + samples
        whole = len(data) - len(data) % FRAME_BYTES
        self.rest = data[whole:]
        for at in range(0, whole, FRAME_BYTES):
            if len(self.waiting) < _LATE_FRAMES:
                self.waiting.append(data[at : at + FRAME_BYTES])

    def clear(self) -> None:
        self.waiting.clear()
        self.rest = b""

    def next(self) -> None:
        frame = self.waiting.popleft() if self.waiting else SILENCE
        self.heard.append(frame)
        now_ms = self.view.now_ms
        speaking = self.view.speaking
        if rms_dbfs(frame) > _AUDIBLE_DBFS:
            self.last_sound_ms = now_ms
            if speaking is None:
                self.view.playouts.append(Playout("", b"", now_ms))
        elif speaking is not None and now_ms - self.last_sound_ms >= _REPLY_OVER_MS:
            speaking.ended_ms = self.last_sound_ms + PTIME_MS


async def place_streamed_call(dialling: Dialling, observe: Observe | None = None) -> StreamedOutcome:
    """Set up at the service, stream to the bridge, report the end. Errors are outcomes."""
    headers = {"Authorization": f"Bearer {dialling.token}"}
    async with httpx.AsyncClient(
        base_url=dialling.url, headers=headers, timeout=dialling.timeout_s, trust_env=False
    ) as service:
        try:
            answer = await service.post("/api/v1/calls", json=_set_up(dialling))
            set_up = answer.json()
        except (httpx.HTTPError, ValueError):
            return StreamedOutcome({}, 0)
        stream = set_up.get("stream")
        if answer.status_code != HTTPStatus.OK or not stream:
            return StreamedOutcome(set_up, answer.status_code, problem=_problem(answer.status_code, set_up))
        outcome = await _talk(dialling, set_up, stream["url"], observe or (lambda _message: None))
        return await _reported(service, outcome)


def _set_up(dialling: Dialling) -> dict[str, Any]:
    domain = {}
    if dialling.domain:
        is_uuid = len(dialling.domain) == 36 and dialling.domain.count("-") == 4
        domain = {"domain_uuid" if is_uuid else "domain_name": dialling.domain}
    return {
        "call_uuid": str(dialling.call_uuid),
        "called_number": dialling.extension,
        "caller_number": dialling.caller_number,
        "stream": {"sample_rate_hz": PHONE_RATE_HZ, "playout": "socket", "control": "socket"},
        **domain,
    }


def _problem(status: int, answer: Mapping[str, Any]) -> str:
    if status != HTTPStatus.OK:
        error = answer.get("error") or {}
        return (
            ". ".join(str(error[name]) for name in ("message", "fix") if error.get(name))
            or f"status {status}"
        )
    if answer.get("decision") != "answer":
        return f"{answer.get('decision')}: {answer.get('said')}"
    return "The service answered in turn mode: set the secretary's mode to realtime, and VOICE_AI_BRIDGE_URL"


async def _talk(dialling: Dialling, set_up: Mapping[str, Any], url: str, observe: Observe) -> StreamedOutcome:
    caller = Caller(dialling.steps, hang_up_at_ms=dialling.hang_up_at_ms)
    try:
        async with connect(url, compression=None, max_size=2**20, proxy=None, open_timeout=5) as socket:
            call = _Call(socket, caller, dialling.noise_dbfs, observe)
            return await call.run(set_up)
    except (OSError, TimeoutError, websockets.InvalidHandshake) as error:
        return StreamedOutcome(set_up, HTTPStatus.OK, problem=f"The bridge refused the stream: {error}")


class _Call:
    def __init__(
        self, socket: ClientConnection, caller: Caller, noise_dbfs: float | None, observe: Observe
    ) -> None:
        self._socket = socket
        self._caller = caller
        self._noise = Noise(noise_dbfs) if noise_dbfs is not None else None
        self._observe = observe
        self._ear = _Ear(LineView())
        self._sent: list[bytes] = []
        self._messages: list[Mapping[str, Any]] = []
        self._hung_up_by_secretary = False
        self._transferred_to: str | None = None

    async def run(self, set_up: Mapping[str, Any]) -> StreamedOutcome:
        listening = asyncio.create_task(self._listen(), name="bridge's frames")
        try:
            by_caller = await self._speak(listening)
        finally:
            await self._socket.close()
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening
        playouts = self._ear.view.playouts
        return StreamedOutcome(
            set_up=set_up,
            status=HTTPStatus.OK,
            messages=tuple(self._messages),
            ended_by=self._ended_by(by_caller),
            transferred_to=self._transferred_to,
            greeting_ms=playouts[0].started_ms if playouts else None,
            duration_ms=self._ear.view.now_ms,
            caller_samples=b"".join(self._sent),
            secretary_samples=b"".join(self._ear.heard),
        )

    def _ended_by(self, by_caller: bool) -> str:
        if self._transferred_to is not None:
            return "transfer"
        if self._hung_up_by_secretary:
            return "secretary"
        return "caller" if by_caller else "lost"

    async def _listen(self) -> None:
        with suppress(websockets.ConnectionClosed):
            async for message in self._socket:
                if isinstance(message, bytes):
                    self._ear.arrive(message)
                else:
                    self._told(json.loads(message))

    def _told(self, message: dict[str, Any]) -> None:
        match message.get("type"):
            case "alive":
                return
            case "clearAudio":
                self._ear.clear()
            case "hangup":
                self._hung_up_by_secretary = True
            case "transfer":
                self._transferred_to = str(message.get("name"))
        told = {**message, "at_ms": self._ear.view.now_ms}
        self._messages.append(told)
        self._observe(told)

    async def _speak(self, listening: asyncio.Task[None]) -> bool:
        """A frame every 20 ms until somebody ends the call; whether the caller did."""
        began = time.monotonic()
        view = self._ear.view
        while not listening.done() and not self._hung_up_by_secretary and view.now_ms < _LONGEST_S * 1000:
            frame = self._caller.next_frame(view)
            if self._caller.hung_up:
                return True
            if self._noise is not None:
                frame = self._noise.over(frame)
            try:
                for key in self._caller.keys:
                    await self._socket.send(json.dumps({"type": "dtmf", "digit": key}))
                await self._socket.send(frame)
            except websockets.ConnectionClosed:
                return False
            self._caller.keys.clear()
            self._sent.append(frame)
            self._ear.next()
            view.now_ms += PTIME_MS
            await asyncio.sleep(max(0.0, began + view.now_ms / 1000 - time.monotonic()))
        return False


async def _reported(service: httpx.AsyncClient, outcome: StreamedOutcome) -> StreamedOutcome:
    """The end, as the PBX reports it; the conversation's uuid comes back, whoever stored it."""
    reasons = {
        "caller": "caller_hangup",
        "secretary": "secretary_hangup",
        "transfer": "transferred",
        "lost": "error",
    }
    reason = reasons.get(outcome.ended_by or "lost", "error")
    path = f"/api/v1/calls/{outcome.set_up['call_uuid']}/end"
    body = {
        "reason": reason,
        "domain_uuid": outcome.set_up.get("domain_uuid"),
        "duration_ms": outcome.duration_ms,
    }
    found = None
    for _ in range(
        _ASKS_FOR_THE_END
    ):  # the bridge stores the call; until it has, nobody knows under which name
        try:
            answer = await service.post(path, json=body)
            found = answer.json().get("conversation_uuid")
        except (httpx.HTTPError, ValueError):
            break
        if answer.status_code != HTTPStatus.OK or found:
            break
        await asyncio.sleep(1.0)
    return replace(outcome, conversation_uuid=found)
