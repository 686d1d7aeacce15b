"""`voice-ai up`: database, service and worker in one process, the bridge in another."""

from __future__ import annotations

import time

import click

from voice_ai_service.app import create_app
from voice_ai_service.cli import first_start, platform
from voice_ai_service.cli.bridge_process import beside
from voice_ai_service.cli.platform import say
from voice_ai_service.composition import worker_parts
from voice_ai_service.db.pool import Database, PoolOptions
from voice_ai_service.jobs.process import running_worker
from voice_ai_service.settings import Settings


@click.command()
@click.option("--demo/--no-demo", default=True, help="Make the demo domain when there is no domain at all.")
def up(demo: bool) -> None:
    """Run the whole platform on this machine: embedded PostgreSQL, service, worker, realtime bridge.

    \b
    Example:
        voice-ai up
        voice-ai call --extension 8000 --say "qual é o endereço"     (in another terminal)

    Data stays in VOICE_AI_DATA_DIR (./var) between runs. Ctrl-C stops it.
    """
    platform.run(_up(platform.read_settings(), demo=demo))


async def _up(settings: Settings, *, demo: bool) -> None:
    began = time.monotonic()
    async with platform.database(settings, say) as urls:
        await platform.migrated(urls, say)
        settings = platform.with_database(settings, urls)
        settings = with_bridge(settings)
        if demo and await first_start.seed_demo_domain(urls.owner, urls.service):
            say("Demo domain demo.local made: dial 8000 (Portuguese first) or 8001 (English)")
        await _token(settings, urls.service)
        app = create_app(settings)
        server = platform.server_for(app, settings)
        async with (
            server.running(),
            running_worker(settings, worker_parts(app.state.service)),
            beside(settings),
        ):
            say(f"Ready after {time.monotonic() - began:.1f} s: http://{settings.host}:{settings.port}/docs")
            if settings.phone:
                say(f"Test phone: http://{settings.bridge_health_host}:{settings.bridge_health_port}/phone/")
            await platform.until_stopped()
            say("Stopping: calls that are being answered are finished first ...")


def with_bridge(settings: Settings) -> Settings:
    """The bridge's address where nobody named another."""
    if settings.bridge_public_url is not None:
        return settings
    url = f"ws://{settings.bridge_host}:{settings.bridge_port}"
    return settings.model_copy(update={"bridge_public_url": url})


async def _token(settings: Settings, url: str) -> None:
    database = await Database.connect(url, PoolOptions(size=1))
    try:
        await first_start.make_first_token(database, settings)
    finally:
        await database.close()
