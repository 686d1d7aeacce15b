"""What a balancer and a monitoring system see of a bridge process."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass

import httpx
import pytest
from prometheus_client import CollectorRegistry
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from realtime_bridge.ingress.health import health_app, not_draining, serving_health
from realtime_bridge.ingress.metrics import IngressMetrics
from tests.fakes.loops import both_loops
from voice_ai_service.errors import InvalidInput, Unavailable
from voice_ai_service.readiness import Readiness


@dataclass
class Bridge:
    draining: bool = False
    pbx: bool = True

    async def pbx_answers(self) -> None:
        if not self.pbx:
            raise Unavailable("FreeSWITCH does not answer", fix="Look at VOICE_AI_ESL_HOST")

    def readiness(self) -> Readiness:
        return Readiness({"calls": not_draining(self), "pbx": self.pbx_answers}, {"extra": self.pbx_answers})


async def page(_request: Request) -> Response:
    return PlainTextResponse("a page")


@both_loops
async def test_alive_ready_figures_and_a_page() -> None:
    bridge, registry = Bridge(), CollectorRegistry()
    metrics = IngressMetrics(registry)
    metrics.frames.heard = 7
    app = health_app(bridge.readiness(), registry, [Route("/phone", page)])
    async with serving_health(app, "127.0.0.1", 0) as port, httpx.AsyncClient() as client:
        at = f"http://127.0.0.1:{port}"
        health = await client.get(f"{at}/health")
        assert (health.status_code, health.json()["status"]) == (200, "ok")
        assert "server" not in health.headers
        ready = await client.get(f"{at}/ready")
        assert (ready.status_code, ready.json()["ready"]) == (200, True)
        figures = await client.get(f"{at}/metrics")
        assert 'voice_ai_stream_frames_total{direction="in"} 7.0' in figures.text
        assert (await client.get(f"{at}/phone")).text == "a page"
        assert (await client.get(f"{at}/nowhere")).status_code == 404
        assert (await client.post(f"{at}/ready")).status_code == 405


@both_loops
async def test_ready_says_what_is_missing() -> None:
    bridge = Bridge()
    app = health_app(bridge.readiness(), CollectorRegistry())
    async with serving_health(app, "127.0.0.1", 0) as port, httpx.AsyncClient() as client:
        bridge.draining = True
        answer = await client.get(f"http://127.0.0.1:{port}/ready")
        assert answer.status_code == 503
        assert [one["name"] for one in answer.json()["checks"] if not one["ok"]] == ["calls"]
        bridge.draining, bridge.pbx = False, False
        answer = await client.get(f"http://127.0.0.1:{port}/ready")
        assert answer.status_code == 503
        missing = {
            one["name"]: (one["required"], one["fix"]) for one in answer.json()["checks"] if one["problem"]
        }
        fix = "Look at VOICE_AI_ESL_HOST"
        assert missing == {"pbx": (True, fix), "extra": (False, fix)}


@both_loops
async def test_a_signal_to_the_process_is_the_process_own() -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    try:
        app = health_app(Bridge().readiness(), CollectorRegistry())
        async with serving_health(app, "127.0.0.1", 0) as port, httpx.AsyncClient() as client:
            os.kill(os.getpid(), signal.SIGTERM)
            async with asyncio.timeout(5):
                await stopped.wait()
            assert (await client.get(f"http://127.0.0.1:{port}/health")).status_code == 200
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


@both_loops
async def test_a_port_that_is_taken_is_said_at_start() -> None:
    app = health_app(Bridge().readiness(), CollectorRegistry())
    async with serving_health(app, "127.0.0.1", 0) as port:
        with pytest.raises(InvalidInput, match="could not listen"):
            async with serving_health(app, "127.0.0.1", port):
                pass
