"""A registered telephone on somebody's desk: it rings, and does what its owner does."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from tests.freeswitch.phone import PBX, Phone, _header, _media

_REASONS: Final = {180: "Ringing", 480: "Temporarily Unavailable", 486: "Busy Here", 603: "Decline"}


@dataclass(frozen=True)
class Manners:
    """
    Attributes:
        answers_after_s: None: it rings on.
        declines: A final status instead of an answer, at once.
    """

    answers_after_s: float | None = 0.5
    declines: int | None = None


class DeskPhone(Phone):
    """`user@domain` on the PBX, as long as the block lasts.

    Attributes:
        rang_at: When it began to ring, each time.
        cancelled: How often the PBX stopped the ringing.
    """

    def __init__(self, manners: Manners, user: str = "1002", domain: str = "demo.local") -> None:
        super().__init__(user)
        self.manners = manners
        self.domain = domain
        self.rang_at: list[float] = []
        self.cancelled = 0
        self.caller_name = ""
        self._invite: str | None = None
        self._registered = threading.Event()
        self._sequence = 0
        self._tag = uuid4().hex
        self._timers: list[threading.Timer] = []

    def __enter__(self) -> DeskPhone:
        super().__enter__()
        self._register("")
        assert self._registered.wait(5), "the PBX does not register this telephone"
        return self

    def __exit__(self, *error: object) -> None:
        for timer in self._timers:
            timer.cancel()
        self._registered.clear()
        self._register("", expires=0)
        self._registered.wait(2)
        super().__exit__(None, None, None)

    def hang_up(self) -> None:
        if self._invite is not None and self.answered_at is not None and self.ended_at is None:
            self.ended_by, self.ended_at = "us", time.monotonic()
            self._send(self._bye(self._invite))

    def answer(self) -> None:
        if self._invite is None or self.answered_at is not None:
            return
        self._far_rtp, self.answered_at = _media(self._invite), time.monotonic()
        self._send(self._reply(self._invite, 200, self._dialog.sdp()))

    # SIP

    def _take_request(self, message: str) -> None:
        verb = message.split(" ", 1)[0]
        if verb == "INVITE" and ";tag=" not in _header(message, "To"):
            self._rings(message)
        elif verb == "INVITE":  # a new offer in the same call
            self._far_rtp = _media(message) or self._far_rtp
            self._send(self._reply(message, 200, self._dialog.sdp()))
        elif verb == "CANCEL":
            self.cancelled += 1
            self._send(self._reply(message, 200))
            if self._invite is not None and self.answered_at is None:
                self._send(self._reply(self._invite, 487))
            self._invite = None
        elif verb == "BYE":
            self._send(self._reply(message, 200))
            if self.ended_at is None:
                self.ended_by, self.ended_at = "far", time.monotonic()
        elif verb != "ACK":
            self._send(self._reply(message, 200))

    def _rings(self, message: str) -> None:
        if self._invite is not None and _header(message, "Call-ID") == _header(self._invite, "Call-ID"):
            return  # said again, because the first answer was on its way
        self._invite, self.answered_at, self.ended_at = message, None, None
        self.caller_name = _header(message, "From").partition("<")[0].strip(' "')
        if self.manners.declines is not None:
            self._send(self._reply(message, self.manners.declines))
            return
        self.rang_at.append(time.monotonic())
        self._send(self._reply(message, 180))
        if self.manners.answers_after_s is not None:
            timer = threading.Timer(self.manners.answers_after_s, self.answer)
            timer.start()
            self._timers.append(timer)

    def _take_answer(self, message: str) -> None:
        if "REGISTER" not in _header(message, "CSeq"):
            return
        status = int(message.split(" ", 2)[1])
        if status in (401, 407):
            self._register(_header(message, "WWW-Authenticate"), expires=3600 if not self._leaving else 0)
        elif status == 200:
            self._registered.set()

    @property
    def _leaving(self) -> bool:
        return self._expires == 0

    def _register(self, challenge: str, expires: int = 3600) -> None:
        self._expires = expires
        self._sequence += 1
        port = self._ports[0]
        uri = f"sip:{self.domain}"
        lines = [
            f"REGISTER {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{port};rport;branch=z9hG4bK{self._tag}{self._sequence}",
            "Max-Forwards: 70",
            f"From: <sip:{self.user}@{self.domain}>;tag={self._tag}",
            f"To: <sip:{self.user}@{self.domain}>",
            f"Call-ID: register-{self._tag}",
            f"CSeq: {self._sequence} REGISTER",
            f"Contact: <sip:{self.user}@127.0.0.1:{port}>",
            f"Expires: {expires}",
            *([self._authorization(challenge, uri)] if challenge else []),
            "Content-Length: 0",
        ]
        self._sip.sendto(("\r\n".join(lines) + "\r\n\r\n").encode(), PBX)

    def _authorization(self, challenge: str, uri: str) -> str:
        """RFC 2617, with qop=auth."""
        given = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        realm, nonce = given["realm"], given["nonce"]
        one = _md5(f"{self.user}:{realm}:1234")
        two = _md5(f"REGISTER:{uri}")
        answer = _md5(f"{one}:{nonce}:00000001:{self._tag}:auth:{two}")
        return (
            f'Authorization: Digest username="{self.user}", realm="{realm}", nonce="{nonce}", uri="{uri}", '
            f'algorithm=MD5, qop=auth, nc=00000001, cnonce="{self._tag}", response="{answer}"'
        )

    def _reply(self, request: str, status: int, body: str = "") -> bytes:
        to = _header(request, "To")
        kept = [line for line in request.split("\r\n") if line.lower().startswith("via:")]
        kept += [f"{name}: {_header(request, name)}" for name in ("From", "Call-ID", "CSeq")]
        lines = [
            f"SIP/2.0 {status} {_REASONS.get(status, 'OK')}",
            *kept,
            f"To: {to}" if ";tag=" in to else f"To: {to};tag={self._tag}",
            f"Contact: <sip:{self.user}@127.0.0.1:{self._ports[0]}>",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()

    def _bye(self, invite: str) -> bytes:
        target = re.search(r"<([^>]+)>", _header(invite, "Contact"))
        assert target is not None
        lines = [
            f"BYE {target[1]} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self._ports[0]};rport;branch=z9hG4bKbye{self._tag}",
            "Max-Forwards: 70",
            f"From: {_header(invite, 'To')};tag={self._tag}",
            f"To: {_header(invite, 'From')}",
            f"Call-ID: {_header(invite, 'Call-ID')}",
            "CSeq: 1 BYE",
            "Content-Length: 0",
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
