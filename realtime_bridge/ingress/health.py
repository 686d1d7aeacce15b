"""The bridge's own HTTP: alive, ready, figures, and whatever pages are mounted beside them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from http import HTTPStatus
from typing import Final, Protocol

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from voice_ai_service import __version__
from voice_ai_service.errors import InvalidInput, Unavailable
from voice_ai_service.readiness import Check, Readiness, is_ready

_SHUTDOWN_S: Final = 2
_MAX_AT_ONCE: Final = 200
"""Requests: figures are cheap, but must not take the audio's time."""


def health_app(
    readiness: Readiness, registry: CollectorRegistry, pages: Sequence[BaseRoute] = ()
) -> Starlette:
    """
    Args:
        readiness: What `/ready` examines; `not_draining` is one of its checks.
        pages: Mounted beside, such as the test phone's.
    """

    async def health(_request: Request) -> Response:
        return JSONResponse({"status": "ok", "version": __version__})

    async def ready(_request: Request) -> Response:
        findings = await readiness.examine()
        whole = is_ready(findings)
        checks = [
            {
                "name": one.name,
                "required": one.required,
                "ok": one.problem is None,
                "problem": one.problem,
                "fix": one.fix,
            }
            for one in findings
        ]
        status = HTTPStatus.OK if whole else HTTPStatus.SERVICE_UNAVAILABLE
        return JSONResponse({"ready": whole, "checks": checks}, status_code=status)

    async def metrics(_request: Request) -> Response:
        # In a thread: a page of a thousand lines takes milliseconds, and frames are due every 20.
        page = await asyncio.to_thread(generate_latest, registry)
        return Response(page, media_type=CONTENT_TYPE_LATEST)

    own = [Route("/health", health), Route("/ready", ready), Route("/metrics", metrics)]
    return Starlette(routes=[*own, *pages])


class TakesCalls(Protocol):
    """`ingress.server.StreamServer`, as health sees it."""

    @property
    def draining(self) -> bool: ...


def not_draining(server: TakesCalls) -> Check:
    """Fails as soon as no new calls are taken, so that balancers send them elsewhere."""

    async def check() -> None:
        if server.draining:
            raise Unavailable("This process takes no new calls", fix="It ends when its last call does")

    return check


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The process has its own, and answers here until its last call is over."""
        yield


@asynccontextmanager
async def serving_health(app: Starlette, host: str, port: int) -> AsyncIterator[int]:
    """Serves while the block runs; gives the port.

    Raises:
        InvalidInput: It cannot be listened on.
    """
    try:
        listening = socket.create_server((host, port), family=_family(host), backlog=64)
    except OSError as error:
        raise InvalidInput(
            f"The bridge's health could not listen on {host}:{port}",
            field="VOICE_AI_BRIDGE_HEALTH_PORT",
            fix="Choose a free port of this machine",
            detail=str(error),
        ) from error
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        limit_concurrency=_MAX_AT_ONCE,
        timeout_graceful_shutdown=_SHUTDOWN_S,
    )
    server = _Server(config)
    with listening:
        serving = asyncio.create_task(server.serve(sockets=[listening]), name="bridge's health")
        try:
            while not server.started and not serving.done():  # noqa: ASYNC110  uvicorn has no event for it
                await asyncio.sleep(0.01)
            if serving.done():
                serving.result()
            yield int(listening.getsockname()[1])
        finally:
            server.should_exit = True
            with suppress(asyncio.CancelledError):
                await serving


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
