"""One INVITE by hand, for what no well-behaved telephone would send."""

from __future__ import annotations

import re
import socket
import time
from uuid import uuid4


def call_with_from(number: str, user: str, display: str, seconds: float, server: tuple[str, int]) -> int:
    """Calls, stays without a word, hangs up. The final status of the INVITE."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sip:
        sip.bind(("127.0.0.1", 0))
        sip.settimeout(10)
        dialogue = _Dialogue(number, user, display, sip.getsockname()[1])
        sip.sendto(dialogue.request("INVITE", 1, dialogue.sdp()), server)
        while True:
            answer = sip.recv(65535).decode("utf-8", "replace")
            status = int(answer.split(" ", 2)[1])
            if status >= 200:
                break
        tag = re.search(r"^To:.*?(;tag=[^\s;]+)", answer, re.M | re.I)
        dialogue.to_tag = tag[1] if tag else ""
        sip.sendto(dialogue.request("ACK", 1), server)
        if status < 300:
            time.sleep(seconds)
            sip.sendto(dialogue.request("BYE", 2), server)
        return status


class _Dialogue:
    def __init__(self, number: str, user: str, display: str, port: int) -> None:
        self.to_tag = ""
        self._number, self._port, self._id = number, port, uuid4().hex
        self._from = f'"{display}" <sip:{user}@127.0.0.1>;tag={self._id[:8]}'

    def sdp(self) -> str:
        return (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            "m=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
        )

    def request(self, method: str, sequence: int, body: str = "") -> bytes:
        lines = [
            f"{method} sip:{self._number}@127.0.0.1 SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self._port};rport;branch=z9hG4bK{uuid4().hex}",
            "Max-Forwards: 70",
            f"From: {self._from}",
            f"To: <sip:{self._number}@127.0.0.1>{self.to_tag}",
            f"Call-ID: {self._id}",
            f"CSeq: {sequence} {method}",
            f"Contact: <sip:x@127.0.0.1:{self._port}>",
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}",
        ]
        return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()
