"""One installation to measure: embedded PostgreSQL, `voice-ai serve` on a core of its own, `voice-ai worker`,
a webhook's receiver, and a domain whose providers are the stubs.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx

from benchmarks import cpu_sampler
from benchmarks.calls import Service
from benchmarks.cpu_sampler import SAMPLES_TO
from benchmarks.figures import BenchmarkError
from benchmarks.plugin_folder import write_plugin
from benchmarks.processes import VoiceAi, cores, free_port
from benchmarks.speech import utterances
from benchmarks.stub_providers import NAME
from benchmarks.webhook_sink import WebhookSink
from voice_ai_service.cli.first_start import seed_demo_domain
from voice_ai_service.db import migrate
from voice_ai_service.db.embedded import EmbeddedPostgres, EmbeddedUrls
from voice_ai_service.settings import Settings

EXTENSION: Final = "8000"
KINDS: Final = ("stt", "llm", "tts")
_HOST: Final = "127.0.0.1"
_DOMAIN: Final = "demo.local"


class Installation:
    """Made by `installed`. `restart_service` gives a new process with the same data."""

    def __init__(self, folder: Path, urls: EmbeddedUrls, sink: WebhookSink) -> None:
        self.sink = sink
        self.folder = folder
        self._urls = urls
        self._port = free_port()
        self._providers: dict[str, str] = {}
        self._spoken: tuple[str, ...] = ()
        self._headers: dict[str, str] = {}
        self._service: VoiceAi | None = None
        self._worker: VoiceAi | None = None

    @property
    def url(self) -> str:
        return f"http://{_HOST}:{self._port}"

    @property
    def process(self) -> VoiceAi:
        """The service's. Raises BenchmarkError while it does not run."""
        if self._service is None:
            raise BenchmarkError("the service does not run")
        return self._service

    @property
    def service(self) -> Service:
        """What callers need."""
        return Service(_HOST, self._port, self._headers, EXTENSION, self._spoken)

    @property
    def token(self) -> str:
        return self._headers["X-API-Key"]

    async def restart_service(self, samples_to: Path | None = None) -> float:
        """Returns the seconds until it was ready.

        Args:
            samples_to: Folded stacks, see `cpu_sampler`.
        """
        if self._service is not None:
            await self._service.stop()
        settings = {**self._settings(), "PYTHONPATH": str(self.folder / "plugin")}
        if samples_to is not None:
            settings["PYTHONPATH"] += f"{os.pathsep}{self.folder / 'sampler'}"
            settings[SAMPLES_TO] = str(samples_to)
        self._service = VoiceAi(("serve",), settings, self.folder / "serve.log", pinned_to=cores()[0])
        return await self._service.until_ready(self.url)

    @asynccontextmanager
    async def sampled(self, folded: Path) -> AsyncIterator[None]:
        """While the block runs another process serves, whose CPU time is in `folded` afterwards."""
        sampler = self.folder / "sampler"
        sampler.mkdir(exist_ok=True)
        shutil.copyfile(cpu_sampler.__file__, sampler / "sitecustomize.py")
        await self.restart_service(self.folder / "samples")
        number = self.process.pid
        yield
        await self.restart_service()
        folded.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.folder / f"samples.{number}", folded)

    async def set_delays(self, delay_ms: float) -> None:
        """How long each of the three stubs takes from now on."""
        async with self._client() as client:
            for kind, provider_uuid in self._providers.items():
                await _sent(client, "PUT", f"providers/{provider_uuid}", _row(kind, delay_ms))

    async def prepare(self) -> None:
        """Data, processes, and everything that an administrator would configure, over the API."""
        await migrate.up(self._urls.owner)
        await seed_demo_domain(self._urls.owner, self._urls.service)
        await asyncio.to_thread(write_plugin, self.folder / "plugin")
        self._spoken = await utterances()
        hook = await self.sink.start()
        await self.restart_service()
        self._headers = {"X-API-Key": Settings(data_dir=self.folder).token_file.read_text().strip()}
        async with self._client() as client:
            domains = (await _sent(client, "GET", "domains", None))["domains"]
            self._headers["X-Domain-UUID"] = domains[0]["domain_uuid"]
        async with self._client() as client:
            await _sent(client, "PUT", "settings/requests_per_minute", {"value": 1_000_000})
            await _sent(client, "PUT", "settings/max_concurrent_calls", {"value": 1000})
            await _sent(client, "POST", "webhooks", {"name": "benchmark", "url": hook})
            for kind in KINDS:
                made = await _sent(client, "POST", "providers", _row(kind, 0.0))
                self._providers[kind] = made["provider_uuid"]
        self._worker = VoiceAi(("worker",), self._settings(), self.folder / "worker.log")

    async def stop(self) -> None:
        for process in (self._service, self._worker):
            if process is not None:
                await process.stop()
        await self.sink.close()

    def _settings(self) -> dict[str, str]:
        return {
            "VOICE_AI_DATA_DIR": str(self.folder),
            "VOICE_AI_DATABASE_URL": self._urls.service,
            "VOICE_AI_HOST": _HOST,
            "VOICE_AI_PORT": str(self._port),
            "VOICE_AI_ALLOWED_PRIVATE_NETWORKS": "127.0.0.0/8",
        }

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=f"{self.url}/api/v1/", headers=self._headers, trust_env=False, timeout=30.0
        )


@asynccontextmanager
async def installed(folder: Path) -> AsyncIterator[Installation]:
    """A prepared installation in an empty folder; everything it started is stopped at the end."""
    postgres = EmbeddedPostgres(folder / "postgres")
    urls = await postgres.start()
    installation = Installation(folder, urls, WebhookSink())
    try:
        await installation.prepare()
        yield installation
    finally:
        await installation.stop()
        await postgres.stop()


def _row(kind: str, delay_ms: float) -> dict[str, Any]:
    return {"kind": kind, "name": NAME, "settings": {"delay_ms": delay_ms}, "priority": 1}


async def _sent(client: httpx.AsyncClient, method: str, path: str, body: dict[str, Any] | None) -> Any:
    answer = await client.request(method, path, json=body)
    if not answer.is_success:
        raise BenchmarkError(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
    return answer.json()
