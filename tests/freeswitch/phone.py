"""A telephone over SIP and RTP, PCMU: every packet it hears carries the moment when it came."""

from __future__ import annotations

import random
import re
import socket
import struct
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from uuid import uuid4

import numpy as np

from voice_ai_service.audio.g711 import linear_to_ulaw, ulaw_to_linear

PBX = ("127.0.0.1", 5060)
FRAME_S = 0.02
SILENCE = bytes(320)
_EVENT_TYPE = 101


@dataclass(frozen=True, slots=True)
class Packet:
    """20 ms of L16 at 8 kHz, and the monotonic second when it came."""

    at: float
    samples: bytes

    @property
    def level(self) -> int:
        return int(np.abs(np.frombuffer(self.samples, dtype="<i2").astype(int)).max(initial=0))

    @property
    def is_loud(self) -> bool:
        return self.level > 400


class Phone:
    """One call, ours or theirs. Use as a context manager; leaving hangs up.

    Attributes:
        heard: What came, in order of arrival.
        answered_at, ended_at: Monotonic seconds, or None.
        ended_by: `far` or `us`.
        status: The final answer to our INVITE.
    """

    def __init__(self, user: str = "1001") -> None:
        self.user = user
        self.heard: list[Packet] = []
        self.answered_at: float | None = None
        self.ended_at: float | None = None
        self.ended_by: str | None = None
        self.status = 0
        self._sip = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for one in (self._sip, self._rtp):
            one.bind(("127.0.0.1", 0))
            one.settimeout(0.05)
        self._to_say = bytearray()
        self._digits: list[str] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._settled = threading.Event()
        self._far_rtp: tuple[str, int] | None = None
        self._dialog = _Dialog("", "", {}, *self._ports)
        self._threads = [
            threading.Thread(target=run, daemon=True) for run in (self._run_sip, self._hear, self._speak)
        ]

    @property
    def _ports(self) -> tuple[int, int]:
        return self._sip.getsockname()[1], self._rtp.getsockname()[1]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        self.hang_up()
        self._stop.set()
        for thread in self._threads:
            thread.join(2)
        self._sip.close()
        self._rtp.close()

    def call(
        self,
        number: str,
        headers: Mapping[str, str] | None = None,
        host: str = "127.0.0.1",
        wait_s: float = 10,
    ) -> int:
        """The final status: 200 once answered."""
        self._dialog = _Dialog(self.user, f"sip:{number}@{host}", headers or {}, *self._ports)
        self._send(self._dialog.request("INVITE"))
        self._settled.wait(wait_s)
        return self.status

    def say(self, samples: bytes) -> None:
        """L16 at 8 kHz, behind what is being said."""
        with self._lock:
            self._to_say += samples

    def press(self, digits: str) -> None:
        """RFC 4733 events of 160 ms each."""
        with self._lock:
            self._digits += digits

    def hang_up(self) -> None:
        if self.answered_at is not None and self.ended_at is None:
            self.ended_by, self.ended_at = "us", time.monotonic()
            self._send(self._dialog.request("BYE"))

    def wait_for_end(self, seconds: float = 10) -> bool:
        deadline = time.monotonic() + seconds
        while self.ended_at is None and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.ended_at is not None

    def wait_for_sound(self, seconds: float = 5, since: float = 0.0) -> float | None:
        """When the first loud packet after `since` came."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = next(
                (packet.at for packet in list(self.heard) if packet.at >= since and packet.is_loud), None
            )
            if found is not None:
                return found
            time.sleep(0.005)
        return None

    def last_sound(self) -> float | None:
        return next((packet.at for packet in reversed(list(self.heard)) if packet.is_loud), None)

    def pitch_hz(self, since: float, until: float) -> float:
        """The loudest frequency between two moments; 0 when there was no sound."""
        part = b"".join(packet.samples for packet in list(self.heard) if since <= packet.at < until)
        samples = np.frombuffer(part, dtype="<i2").astype(float)
        if len(samples) < 800 or np.abs(samples).max() < 400:
            return 0.0
        spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
        return float(np.argmax(spectrum) * 8000 / len(samples))

    def _send(self, message: bytes) -> None:
        self._sip.sendto(message, PBX)

    def _run_sip(self) -> None:
        while not self._stop.is_set():
            try:
                data, _ = self._sip.recvfrom(65535)
            except TimeoutError:
                continue
            message = data.decode("utf-8", "replace")
            if message.startswith("SIP/2.0"):
                self._take_answer(message)
            else:
                self._take_request(message)

    def _take_answer(self, message: str) -> None:
        status = int(message.split(" ", 2)[1])
        if status < 200 or "INVITE" not in _header(message, "CSeq"):
            if status == 183:
                self._far_rtp = _media(message) or self._far_rtp
            return
        self._dialog.to_tag = f";tag={_header(message, 'To').partition(';tag=')[2]}"
        contact = re.search(r"<([^>]+)>", _header(message, "Contact"))
        self._dialog.target = contact[1] if contact and status < 300 else self._dialog.address
        self._send(self._dialog.request("ACK", status >= 300))
        if self.status == 0:
            self.status = status
            if status < 300:
                self._far_rtp, self.answered_at = _media(message), time.monotonic()
            self._settled.set()

    def _take_request(self, message: str) -> None:
        verb = message.split(" ", 1)[0]
        if verb == "ACK":
            return
        body = self._dialog.sdp() if verb == "INVITE" else ""
        if verb == "INVITE":
            self._far_rtp = _media(message) or self._far_rtp
        self._send(self._dialog.ok(message, body))
        if verb == "BYE" and self.ended_at is None:
            self.ended_by, self.ended_at = "far", time.monotonic()

    def _hear(self) -> None:
        while not self._stop.is_set():
            try:
                data, _ = self._rtp.recvfrom(2048)
            except TimeoutError:
                continue
            if len(data) > 12 and data[1] & 0x7F == 0:
                self.heard.append(Packet(time.monotonic(), ulaw_to_linear(data[12:])))

    def _speak(self) -> None:
        sequence, stamp, source = random.randrange(1000), random.randrange(1 << 20), random.getrandbits(32)
        began, count = time.monotonic(), 0
        event: tuple[str, int, int] | None = None
        while not self._stop.wait(max(0.0, began + count * FRAME_S - time.monotonic())):
            count += 1
            if self._far_rtp is None or self.ended_at is not None:
                continue
            frame, event = self._next_frame(event, stamp)
            kind, payload, at = frame
            head = struct.pack("!BBHII", 0x80, kind, sequence & 0xFFFF, at & 0xFFFFFFFF, source)
            self._rtp.sendto(head + payload, self._far_rtp)
            sequence, stamp = sequence + 1, stamp + 160

    def _next_frame(
        self, event: tuple[str, int, int] | None, stamp: int
    ) -> tuple[tuple[int, bytes, int], tuple[str, int, int] | None]:
        with self._lock:
            if event is None and self._digits:
                event = (self._digits.pop(0), 0, stamp)
            if event is None:
                samples = bytes(self._to_say[:320]).ljust(320, b"\0")
                del self._to_say[:320]
                return (0, linear_to_ulaw(samples), stamp), None
        digit, number, began = event
        # Eight packets of 20 ms, then the end three times.
        ends = number >= 8
        body = struct.pack(
            "!BBH", "0123456789*#".index(digit), (0x80 if ends else 0) | 10, min(number + 1, 8) * 160
        )
        kind = _EVENT_TYPE | (0x80 if number == 0 else 0)
        return (kind, body, began), None if number >= 10 else (digit, number + 1, began)


class _Dialog:
    def __init__(
        self, user: str, address: str, headers: Mapping[str, str], sip_port: int, rtp_port: int
    ) -> None:
        self.user, self.address, self.target, self.to_tag = user, address, address, ""
        self._headers, self._sip_port, self._rtp_port = headers, sip_port, rtp_port
        self._id, self._branch, self._sequence = uuid4().hex, uuid4().hex, 0

    def sdp(self) -> str:
        return (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {self._rtp_port} RTP/AVP 0 {_EVENT_TYPE}\r\na=rtpmap:0 PCMU/8000\r\n"
            f"a=rtpmap:{_EVENT_TYPE} telephone-event/8000\r\na=fmtp:{_EVENT_TYPE} 0-15\r\na=ptime:20\r\n"
        )

    def request(self, verb: str, same_branch: bool = False) -> bytes:
        if verb != "ACK":
            self._sequence += 1
        body = self.sdp() if verb == "INVITE" else ""
        branch = self._branch if verb == "INVITE" or same_branch else uuid4().hex
        lines = [
            f"{verb} {self.target} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self._sip_port};rport;branch=z9hG4bK{branch}",
            "Max-Forwards: 70",
            f"From: <sip:{self.user}@127.0.0.1>;tag={self._id[:8]}",
            f"To: <{self.address}>{self.to_tag}",
            f"Call-ID: {self._id}",
            f"CSeq: {self._sequence} {verb}",
            f"Contact: <sip:{self.user}@127.0.0.1:{self._sip_port}>",
            *(f"{name}: {value}" for name, value in self._headers.items() if verb == "INVITE"),
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()

    def ok(self, request: str, body: str) -> bytes:
        kept = [line for line in request.split("\r\n") if line.lower().startswith("via:")]
        kept += [f"{name}: {_header(request, name)}" for name in ("From", "To", "Call-ID", "CSeq")]
        kept += [f"Contact: <sip:{self.user}@127.0.0.1:{self._sip_port}>"]
        kept += ["Content-Type: application/sdp"] if body else []
        return (
            "\r\n".join(["SIP/2.0 200 OK", *kept, f"Content-Length: {len(body)}"]) + "\r\n\r\n" + body
        ).encode()


def _header(message: str, name: str) -> str:
    found = re.search(rf"^{name}\s*:\s*(.*?)\r?$", message, re.I | re.M)
    return found[1] if found else ""


def _media(message: str) -> tuple[str, int] | None:
    address, port = re.search(r"^c=IN IP4 (\S+)", message, re.M), re.search(r"^m=audio (\d+)", message, re.M)
    return (address[1], int(port[1])) if address and port else None
