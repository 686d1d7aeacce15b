"""What surrounds every request: its id, its log fields, its metrics, its size and its time."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Final
from uuid import uuid4

import structlog
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voice_ai_service.metrics import Metrics

log = structlog.get_logger()

_REQUEST_ID: Final = re.compile(r"^[A-Za-z0-9._-]{1,64}$")
_BODY_TIMEOUT_S: Final = 30.0
"""A client that sends its body slower than this is cut off (slow loris)."""


class RequestScope:
    """Pure ASGI: starlette's own base class costs a task and two queues a request."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, max_body_bytes: int) -> None:
        self._app = app
        self._metrics = metrics
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        headers: dict[bytes, bytes] = dict(scope["headers"])
        request_id = _clean_id(headers.get(b"x-request-id", b""))
        scope.setdefault("state", {})["request_id"] = request_id
        status = 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            declared = headers.get(b"content-length", b"0")
            if declared.isdigit() and int(declared) > self._max_body_bytes:
                await self._refuse(413, "too_large", "The body is too large", scope, receive, answer)
            else:
                await self._app(scope, _Body(receive, self._max_body_bytes), answer)
        except BodyTooLargeError:
            await self._refuse(413, "too_large", "The body is too large", scope, receive, answer)
        except TimeoutError:
            await self._refuse(408, "timeout", "The body did not arrive in time", scope, receive, answer)
        finally:
            # The template, never the path: a path holds uuids, and labels must be bounded.
            route = getattr(scope.get("route"), "path", "unmatched")
            self._metrics.requests.labels(scope["method"], route, str(status)).inc()
            self._metrics.request_seconds.labels(route).observe(time.perf_counter() - began)

    async def _refuse(
        self, status: int, code: str, message: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        body = {
            "error": {
                "code": code,
                "message": message,
                "field": "body",
                "fix": f"Send at most {self._max_body_bytes} bytes, and without pauses",
                "request_id": scope["state"]["request_id"],
            }
        }
        await JSONResponse(body, status_code=status, headers={"Connection": "close"})(scope, receive, send)


class BodyTooLargeError(Exception):
    """More bytes came than the limit allows, whatever Content-Length said."""


class _Body:
    """Counts and times the request's body as it arrives."""

    def __init__(self, receive: Receive, max_bytes: int) -> None:
        self._receive = receive
        self._left = max_bytes
        self._complete = False

    async def __call__(self) -> Message:
        if self._complete:
            # Later calls wait for the client to go away, which has no deadline.
            return await self._receive()
        async with asyncio.timeout(_BODY_TIMEOUT_S):
            message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            self._complete = not message.get("more_body", False)
            if self._left < 0:
                raise BodyTooLargeError
        return message


def _clean_id(value: bytes) -> str:
    """The client's id where it is harmless in a log and a header, else one of ours."""
    text = value.decode("latin-1")
    return text if _REQUEST_ID.match(text) else uuid4().hex
