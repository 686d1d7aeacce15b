"""`voice-ai bridge`: calls in realtime mode."""

from __future__ import annotations

import gc
from collections.abc import Callable

import click

from realtime_bridge.app import running_bridge
from voice_ai_service.cli import platform
from voice_ai_service.errors import InvalidInput
from voice_ai_service.settings import Settings


@click.command()
@click.option("--quiet", is_flag=True, help="Only the log, and nothing for people.")
def bridge(quiet: bool) -> None:
    """Run the realtime bridge: the socket that FreeSWITCH's mod_audio_stream streams calls to.

    \b
    Example:
        VOICE_AI_DATABASE_URL=postgresql://voice_ai:…@localhost/fusionpbx \\
        VOICE_AI_ESL_HOST=127.0.0.1 voice-ai bridge

    The service hands out its address: set VOICE_AI_BRIDGE_URL=ws://this-host:8080 there. SIGTERM takes no new calls and
    lets live ones finish (VOICE_AI_BRIDGE_DRAIN_S); a second one ends them.
    """
    platform.run(_bridge(platform.read_settings(), (lambda _text: None) if quiet else platform.say))


async def _bridge(settings: Settings, say: Callable[[str], None]) -> None:
    if settings.database_url is None:
        raise InvalidInput(
            "There is no database", field="VOICE_AI_DATABASE_URL", fix="Set it, or use `voice-ai up`"
        )
    async with running_bridge(settings) as running:
        gc.collect()
        gc.freeze()
        pages = f"http://{settings.bridge_health_host}:{running.health_port}"
        say(f"Streams on {settings.bridge_host}:{running.port}, health on {pages}/ready")
        if settings.phone:
            say(f"Test phone on {pages}/phone/")
        await platform.until_stopped()
        live = running.bridge.server.live
        say(f"Stopping: {live} live calls finish first ..." if live else "Stopping ...")
        await platform.either(running.drain(), platform.until_stopped())
