"""The bridge process: the audio socket, its health, and how it goes away."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx
from starlette.routing import BaseRoute

from realtime_bridge.composition import Bridge, open_bridge
from realtime_bridge.ingress.health import health_app, serving_health
from realtime_bridge.phone.routes import Phone
from voice_ai_service.clock import Clock, SystemClock
from voice_ai_service.metrics import Metrics
from voice_ai_service.settings import Settings

_SET_UP_S = 10.0


@dataclass(frozen=True, slots=True)
class RunningBridge:
    """
    Attributes:
        port, health_port: What it listens on.
    """

    bridge: Bridge
    port: int
    health_port: int
    patience_s: float

    async def drain(self) -> bool:
        """No new calls; live ones finish. Whether nobody was cut off."""
        self.bridge.server.drain()
        return await self.bridge.host.drain(self.patience_s)


@asynccontextmanager
async def running_bridge(settings: Settings, clock: Clock | None = None) -> AsyncIterator[RunningBridge]:
    """Serves while the block runs. Call `drain` before leaving, or live calls end at once.

    Raises:
        InvalidInput, Unavailable: It could not be opened.
    """
    metrics = Metrics()
    async with AsyncExitStack() as stack:
        bridge = await stack.enter_async_context(open_bridge(settings, metrics, clock or SystemClock()))
        pages = await _pages(settings, stack)
        app = health_app(bridge.readiness, metrics.registry, pages)
        health_port = await stack.enter_async_context(
            serving_health(app, settings.bridge_health_host, settings.bridge_health_port)
        )
        yield RunningBridge(bridge, bridge.server.port, health_port, settings.bridge_drain_s)


async def _pages(settings: Settings, stack: AsyncExitStack) -> Sequence[BaseRoute]:
    if not settings.phone:
        return ()
    service = await stack.enter_async_context(
        httpx.AsyncClient(base_url=settings.service_url, timeout=_SET_UP_S, trust_env=False)
    )
    return Phone(service).routes()
