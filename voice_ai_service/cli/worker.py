"""`voice-ai worker`: background work in a process of its own."""

from __future__ import annotations

import click

from voice_ai_service.cli import platform
from voice_ai_service.cli.platform import say
from voice_ai_service.clock import SystemClock
from voice_ai_service.composition import open_worker_parts
from voice_ai_service.jobs.process import running_worker
from voice_ai_service.metrics import Metrics
from voice_ai_service.settings import Settings


@click.command()
@click.option("--check", is_flag=True, help="Only look whether it could work; for health checks.")
def worker(check: bool) -> None:
    """Deliver webhooks, store abandoned calls, forget old ones.

    \b
    Example:
        VOICE_AI_DATABASE_URL=postgresql://voice_ai:…@localhost/fusionpbx voice-ai worker

    Any number may run beside each other. `voice-ai up` has one inside.
    """
    platform.run(_work(platform.read_settings(), check=check))


async def _work(settings: Settings, *, check: bool) -> None:
    async with open_worker_parts(settings, Metrics(), SystemClock()) as parts:
        if check:
            await parts.database.ping()
            return
        async with running_worker(settings, parts):
            say("Working")
            await platform.until_stopped()
            say("Stopping: what has begun is finished first ...")
