"""A stream's HTTP request, without a socket: bytes in, who asks out, and the answer's bytes.

mod_audio_stream waits one second for the answer, offers no subprotocol, and permessage-deflate perhaps.
"""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

from realtime_bridge.ingress.codec import MAX_MESSAGE_BYTES, StreamCodec
from realtime_bridge.ingress.inflate import InflateOnlyFactory
from realtime_bridge.leg import LegFormat

MAX_HEAD_BYTES: Final = 16 * 1024
MAX_EARLY_BYTES: Final = 64 * 1024
"""What a client may send before it has its answer, against RFC 6455 4.1; two seconds of 16 kHz."""

_PATH: Final = re.compile(r"/stream/([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})")
_END_OF_HEAD: Final = b"\r\n\r\n"

# At debug the library writes requests down, and with them tickets.
_quiet = logging.getLogger("realtime_bridge.websockets")
_quiet.setLevel(logging.WARNING)


class Refusal(Enum):
    """Why a socket is not opened: HTTP status, the metric's reason, and one sentence for the other side."""

    BAD_REQUEST = (400, "bad_request", "This is no WebSocket handshake")
    NOT_A_STREAM = (404, "not_a_stream", "Streams are at /stream/{call_uuid}")
    UNKNOWN_TICKET = (401, "unknown_ticket", "This ticket is not known")
    EXPIRED_TICKET = (401, "expired_ticket", "This ticket ran out; set the call up again")
    USED_TICKET = (409, "used_ticket", "This call has its stream already")
    CALL_OVER = (404, "call_over", "This call is over")
    BUSY = (503, "busy", "This process has as many calls as it may have")
    DRAINING = (503, "draining", "This process takes no new calls")
    UNAVAILABLE = (503, "unavailable", "Tickets cannot be checked now")

    @property
    def status(self) -> int:
        return self.value[0]

    @property
    def reason(self) -> str:
        return self.value[1]

    @property
    def message(self) -> str:
        return self.value[2]


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """
    Attributes:
        call_uuid: Of the path.
        token: The ticket as it came, empty where there is none.
    """

    call_uuid: UUID
    token: str


class Handshake:
    """One connection's, from its first byte to its answer."""

    def __init__(self) -> None:
        self._protocol = ServerProtocol(
            extensions=[InflateOnlyFactory()], max_size=MAX_MESSAGE_BYTES, logger=_quiet
        )
        self._head = bytearray()
        self._complete = False
        self._accepting: Response | None = None

    def receive(self, data: bytes) -> StreamRequest | Refusal | None:
        """None: more is needed, or nothing new. A refusal's answer is in `data_to_send` already."""
        self._head += data
        if self._complete:
            return self._refused(Refusal.BAD_REQUEST) if len(self._head) > MAX_EARLY_BYTES else None
        end = self._head.find(_END_OF_HEAD)
        if end < 0:
            return self._refused(Refusal.BAD_REQUEST) if len(self._head) > MAX_HEAD_BYTES else None
        self._complete = True
        head = bytes(self._head[: end + len(_END_OF_HEAD)])
        del self._head[: len(head)]
        self._protocol.receive_data(head)
        events = self._protocol.events_received()
        if not events or not isinstance(events[0], Request):
            return self._refused(Refusal.BAD_REQUEST)
        return self._asked(events[0])

    def accept(self, format: LegFormat, channels: int) -> StreamCodec:  # noqa: A002  the word of Leg
        """The answer is 101; the codec goes on with what came meanwhile: call its `receive` with `early`."""
        assert self._accepting is not None  # noqa: S101
        self._protocol.send_response(self._accepting)
        return StreamCodec(self._protocol, format, channels)

    @property
    def early(self) -> bytes:
        return bytes(self._head)

    def refuse(self, refusal: Refusal) -> None:
        """The answer is an HTTP error in JSON."""
        if self._protocol.eof_sent:  # the library has answered, or there was no HTTP to answer to
            return
        body = {"error": {"code": refusal.reason, "message": refusal.message}}
        response = self._protocol.reject(HTTPStatus(refusal.status), json.dumps(body))
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = "application/json"
        self._protocol.send_response(response)

    def data_to_send(self) -> list[bytes]:
        """An empty one is the end: close after it."""
        return self._protocol.data_to_send()

    def _asked(self, request: Request) -> StreamRequest | Refusal:
        url = urlsplit(request.path)
        found = _PATH.fullmatch(url.path)
        if found is None:
            return self._refused(Refusal.NOT_A_STREAM)
        self._accepting = self._protocol.accept(request)
        if self._accepting.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            self._protocol.send_response(self._accepting)
            return Refusal.BAD_REQUEST
        tokens = parse_qs(url.query, max_num_fields=8).get("token", [""])
        return StreamRequest(UUID(found[1]), tokens[0])

    def _refused(self, refusal: Refusal) -> Refusal:
        self.refuse(refusal)
        return refusal
