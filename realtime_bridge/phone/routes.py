"""The test phone's page and its one request: set a call up at the service, with the visitor's own token."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import uuid4

import httpx
import structlog
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

PHONE_RATE_HZ: Final = 16000
_STATIC: Final = Path(__file__).parent / "static"
_MAX_BODY_BYTES: Final = 4096
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors *"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Permissions-Policy": "microphone=(self)",
}

log = structlog.get_logger()


class PhoneCall(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    extension: Annotated[str, StringConstraints(pattern=r"^[0-9*#]{1,20}$")]
    domain: Annotated[str, StringConstraints(max_length=253)] | None = None


@dataclass(frozen=True, slots=True)
class Phone:
    """
    Args:
        service: A client whose base is the service's address; whoever made it closes it.

    The bridge keeps no token: the visitor's own is passed on, and the service decides.
    """

    service: httpx.AsyncClient

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/phone", _to_page),
            Route("/phone/", _page),
            Route("/phone/calls", self._call, methods=["POST"]),
            Mount("/phone/static", app=StaticFiles(directory=_STATIC)),
        ]

    async def _call(self, request: Request) -> Response:
        authorization = request.headers.get("authorization", "")
        if not authorization.lower().startswith("bearer ") or len(authorization) > 4096:
            return _problem(HTTPStatus.UNAUTHORIZED, "A token is needed: make one with `voice-ai tokens`")
        try:
            asked = PhoneCall.model_validate_json(await _body(request))
        except ValidationError as error:
            field = ".".join(str(part) for part in error.errors()[0]["loc"]) or "body"
            return _problem(HTTPStatus.BAD_REQUEST, f"{field}: {error.errors()[0]['msg']}")
        setup: dict[str, Any] = {
            "call_uuid": str(uuid4()),
            "called_number": asked.extension,
            "caller_name": "test phone",
            "stream": {"sample_rate_hz": PHONE_RATE_HZ, "playout": "socket", "control": "socket"},
        }
        if asked.domain:
            setup["domain_name"] = asked.domain
        try:
            answer = await self.service.post(
                "/api/v1/calls", json=setup, headers={"Authorization": authorization}
            )
            answered = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            log.warning("the service did not answer the test phone", error=type(error).__name__)
            return _problem(HTTPStatus.BAD_GATEWAY, "The service does not answer")
        if answer.status_code >= HTTPStatus.BAD_REQUEST:
            message = (answered.get("error") or {}).get("message") or "The service refused the call"
            return _problem(HTTPStatus(answer.status_code), message)
        stream = answered.get("stream")
        if answered.get("mode") != "realtime" or not stream:
            return _problem(HTTPStatus.CONFLICT, answered.get("reason") or "This secretary is in turn mode")
        return JSONResponse(
            {
                "url": stream["url"],
                "call_uuid": answered["call_uuid"],
                "secretary": answered.get("secretary"),
            },
            headers=_HEADERS,
        )


async def _page(_request: Request) -> Response:
    return FileResponse(_STATIC / "index.html", headers=_HEADERS)


async def _to_page(request: Request) -> Response:
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"phone/{query}")


async def _body(request: Request) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MAX_BODY_BYTES:
            return b""  # refused as invalid JSON: nobody sends a number that long
    return body


def _problem(status: HTTPStatus, message: str) -> JSONResponse:
    return JSONResponse({"problem": message}, status_code=status, headers=_HEADERS)
