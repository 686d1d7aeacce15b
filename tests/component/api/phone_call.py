"""One call in turn mode as the PBX drives it, over HTTP."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx

from tests.component.api.api_client import ApiClient
from voice_ai_service.audio.formats import Encoding, PcmAudio
from voice_ai_service.audio.g711 import encode
from voice_ai_service.audio.wav import read_wav, write_wav


def inline(audio: PcmAudio, encoding: str = "PCMU") -> dict[str, Any]:
    """The `audio` field of a request."""
    if encoding == "WAV":
        content = write_wav(audio, Encoding.L16)
    elif encoding == "L16":
        content = audio.samples
    else:
        content = encode(audio.samples, Encoding(encoding))
    return {
        "content": base64.b64encode(content).decode(),
        "encoding": encoding,
        "sample_rate_hz": audio.sample_rate_hz,
    }


def heard_in(answer: dict[str, Any]) -> PcmAudio:
    """What the caller hears of an answer that carries its audio inline."""
    content = base64.b64decode(answer["content"])
    assert len(content) == answer["bytes"]
    return read_wav(content)


@dataclass
class PhoneCall:
    api: ApiClient
    extension: str = "8000"
    caller_number: str = "+5511987654321"
    transport: str = "inline"
    call_uuid: UUID = field(default_factory=uuid4)
    turn: int = 0
    opened: dict[str, Any] = field(default_factory=dict)

    def send_set_up(self, **more: Any) -> httpx.Response:
        body = {
            "call_uuid": str(self.call_uuid),
            "called_number": self.extension,
            "caller_number": self.caller_number,
            "audio_transport": self.transport,
            **more,
        }
        return self.api.send("POST", "/calls", json=body)

    def set_up(self, **more: Any) -> dict[str, Any]:
        response = self.send_set_up(**more)
        assert response.status_code == 200, response.text
        self.opened = response.json()
        return self.opened

    def answer(self) -> PhoneCall:
        """Set up and answered."""
        self.set_up()
        self.event({"type": "answered"})
        return self

    def send_turn(self, turn: int, **more: Any) -> httpx.Response:
        body = {"call_uuid": str(self.call_uuid), "turn": turn, **more}
        return self.api.send("POST", "/turn", json=body)

    def next_turn(self, **more: Any) -> dict[str, Any]:
        self.turn += 1
        response = self.send_turn(self.turn, **more)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def say(self, audio: PcmAudio, encoding: str = "PCMU", **more: Any) -> dict[str, Any]:
        return self.next_turn(audio=inline(audio, encoding), **more)

    def press(self, digits: str) -> dict[str, Any]:
        return self.next_turn(digits=digits)

    def stay_silent(self) -> dict[str, Any]:
        return self.next_turn(no_input=True)

    def hears(self, audio: dict[str, Any]) -> PcmAudio:
        """An answer's audio as the PBX gets it: inline, or piece by piece."""
        if audio["content"] is not None:
            return heard_in(audio)
        pieces = b""
        while len(pieces) < audio["bytes"]:
            path = f"/calls/{self.call_uuid}/audio/{audio['ref']}"
            pieces += base64.b64decode(self.api.get(path, offset=len(pieces))["content"])
        return read_wav(pieces)

    def event(self, event: dict[str, Any]) -> dict[str, Any]:
        answered: dict[str, Any] = self.api.post(f"/calls/{self.call_uuid}/events", event)
        return answered

    def send_end(self, reason: str = "caller_hangup", **more: Any) -> httpx.Response:
        body = {"reason": reason, "hangup_cause": "NORMAL_CLEARING", "duration_ms": 12_345, **more}
        return self.api.send("POST", f"/calls/{self.call_uuid}/end", json=body)

    def end(self, reason: str = "caller_hangup", **more: Any) -> str:
        """Returns the conversation's uuid."""
        response = self.send_end(reason, **more)
        assert response.status_code == 200, response.text
        return str(response.json()["conversation_uuid"])
