"""The HTTP application and its routes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI

from voice_ai_service import __version__
from voice_ai_service.api import errors as api_errors
from voice_ai_service.api.document import document_truly
from voice_ai_service.api.gate import Gate
from voice_ai_service.api.request_scope import BodyLimits, RequestScope
from voice_ai_service.api.routers import (
    calls,
    conversations,
    documents,
    health,
    knowledge,
    providers,
    secretaries,
    speech,
    tokens,
    transfers,
    webhooks,
)
from voice_ai_service.api.routers import (
    domains as domains_router,
)
from voice_ai_service.api.routers import (
    settings as settings_router,
)
from voice_ai_service.api.storable import storable_text
from voice_ai_service.clock import Clock, SystemClock
from voice_ai_service.composition import open_service
from voice_ai_service.metrics import Metrics
from voice_ai_service.settings import Settings

_MAX_BODY_BYTES = 30 * 1024 * 1024
_API_PREFIX = "/api/v1"


def create_app(settings: Settings, clock: Clock | None = None) -> FastAPI:
    """The HTTP application; its parts are opened when it starts and closed when it stops."""
    metrics = Metrics()
    chosen_clock = clock or SystemClock()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_service(settings, metrics, chosen_clock) as service:
            app.state.service = service
            yield

    app = FastAPI(
        title="Voice AI",
        version=__version__,
        description="An AI secretary that answers telephone calls. See docs/turn-protocol.md for turn mode.",
        lifespan=lifespan,
        responses=api_errors.ERROR_RESPONSES,
        dependencies=[Depends(storable_text)],
    )
    api_errors.install(app, metrics)
    add_routes(app)
    document_truly(app)
    app.add_middleware(Gate)
    limits = BodyLimits(_MAX_BODY_BYTES, settings.request_timeout_s)
    app.add_middleware(RequestScope, metrics=metrics, limits=limits)
    return app


def add_routes(app: FastAPI) -> None:
    app.include_router(health.router)
    modules = (
        domains_router,
        calls,
        speech,
        secretaries,
        transfers,
        providers,
        conversations,
        documents,
        knowledge,
        webhooks,
        tokens,
        settings_router,
    )
    for module in modules:
        app.include_router(module.router, prefix=_API_PREFIX)
