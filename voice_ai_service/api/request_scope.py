"""What surrounds every request: its id, its log fields, its metrics, its size and its time."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voice_ai_service.api.errors import BodyRefusedError, body_refusal, unexpected
from voice_ai_service.metrics import Metrics

_REQUEST_ID: Final = re.compile(r"^[A-Za-z0-9._-]{1,64}$")
MIN_BYTES_PER_S: Final = 32_000
"""As fast as one telephone call of L16: a body that comes steadily may take longer than `timeout_s`."""


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """
    Attributes:
        timeout_s: From the end of the headers to the end of the body; whoever drips it is cut off (slow loris).
    """

    max_bytes: int
    timeout_s: float

    def allowed_s(self, received: int) -> float:
        """How long after the headers the next piece may come."""
        return self.timeout_s + received / MIN_BYTES_PER_S


class RequestScope:
    """Pure ASGI: starlette's own base class costs a task and two queues a request."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, limits: BodyLimits) -> None:
        self._app = app
        self._metrics = metrics
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        headers: dict[bytes, bytes] = dict(scope["headers"])
        request_id = _clean_id(headers.get(b"x-request-id", b""))
        scope.setdefault("state", {})["request_id"] = request_id
        status: int | None = None

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            refusal = self._refusal(headers)
            if refusal is None:
                await self._app(scope, _Body(receive, self._limits), answer)
            else:
                await body_refusal(refusal, request_id)(scope, receive, answer)
        except Exception as error:  # the request's border: it ends this request and no other
            if status is not None:  # half an answer went out; all that is left is to cut the line
                raise
            await unexpected(error, request_id)(scope, receive, answer)
        finally:
            # The template, never the path: a path holds uuids, and labels must be bounded.
            route = getattr(scope.get("route"), "path", "unmatched")
            self._metrics.requests.labels(scope["method"], route, str(status or 499)).inc()
            self._metrics.request_seconds.labels(route).observe(time.perf_counter() - began)

    def _refusal(self, headers: dict[bytes, bytes]) -> BodyRefusedError | None:
        """What the headers alone tell of the body."""
        declared = headers.get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > self._limits.max_bytes:
            return _too_large(self._limits)
        # Never inflated: a few kilobytes could become gigabytes.
        encoded = headers.get(b"content-encoding", b"identity").strip().lower() not in (b"identity", b"")
        return _encoded() if encoded else None


class _Body:
    """Counts and times the request's body as it arrives."""

    def __init__(self, receive: Receive, limits: BodyLimits) -> None:
        self._receive = receive
        self._limits = limits
        self._received = 0
        self._complete = False
        self._began = asyncio.get_running_loop().time()

    async def __call__(self) -> Message:
        if self._complete:
            # Later calls wait for the client to go away, which has no deadline.
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._began + self._limits.allowed_s(self._received)):
                message = await self._receive()
        except TimeoutError:
            raise _too_slow(self._limits) from None
        if message["type"] == "http.request":
            self._received += len(message.get("body", b""))
            self._complete = not message.get("more_body", False)
            if self._received > self._limits.max_bytes:
                raise _too_large(self._limits)
        return message


def _too_large(limits: BodyLimits) -> BodyRefusedError:
    fix = f"Send at most {limits.max_bytes} bytes"
    return BodyRefusedError(413, "too_large", "The body is too large", field="body", fix=fix)


def _too_slow(limits: BodyLimits) -> BodyRefusedError:
    fix = f"Send it within {limits.timeout_s:g} s, or faster than {MIN_BYTES_PER_S} bytes a second"
    return BodyRefusedError(408, "timeout", "The body did not arrive in time", field="body", fix=fix)


def _encoded() -> BodyRefusedError:
    return BodyRefusedError(
        415,
        "unsupported_media",
        "Compressed bodies are not taken",
        field="Content-Encoding",
        fix="Send the body as it is, without Content-Encoding",
    )


def _clean_id(value: bytes) -> str:
    """The client's id where it is harmless in a log and a header, else one of ours."""
    text = value.decode("latin-1")
    return text if _REQUEST_ID.match(text) else uuid4().hex
