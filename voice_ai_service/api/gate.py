"""Before any route and before a byte of the body: a credential that is known, or nothing.

The routes ask the door again, for their scope and their domain. This one keeps strangers from making the service
read, parse and store what they send, and a route that forgot to ask from being open.
"""

from __future__ import annotations

from typing import Final, cast

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from voice_ai_service.api.errors import answer_for
from voice_ai_service.api.service import Service
from voice_ai_service.errors import VoiceAiError

OPEN_PATHS: Final = frozenset(
    {"/health", "/ready", "/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json"}
)
"""Health, and the documentation of an API whose source is public."""


class Gate:
    """ASGI middleware around the routes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        service = cast(Service, scope["app"].state.service)
        try:
            await service.door.identify(
                _text(headers, b"authorization"), _text(headers, b"x-api-key"), _peer(scope)
            )
        except VoiceAiError as error:
            await _refusal(error, scope, headers)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _refusal(error: VoiceAiError, scope: Scope, headers: dict[bytes, bytes]) -> Response:
    response = answer_for(error, scope["state"]["request_id"])
    if b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0":
        # What is still on its way is not read.
        response.headers["Connection"] = "close"
    return response


def _text(headers: dict[bytes, bytes], name: bytes) -> str | None:
    return headers[name].decode("latin-1") if name in headers else None


def _peer(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""
