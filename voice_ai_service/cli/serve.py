"""`voice-ai serve`: the HTTP service for a database that is there and migrated."""

from __future__ import annotations

import click

from voice_ai_service.app import create_app
from voice_ai_service.cli import first_start, platform
from voice_ai_service.cli.platform import say
from voice_ai_service.db.pool import Database, PoolOptions
from voice_ai_service.errors import InvalidInput
from voice_ai_service.settings import Settings


@click.command()
def serve() -> None:
    """Run the HTTP service alone.

    \b
    Example:
        VOICE_AI_DATABASE_URL=postgresql://voice_ai:…@localhost/fusionpbx voice-ai serve

    Any number of them may share one database and one Redis (VOICE_AI_REDIS_URL).
    """
    platform.run(_serve(platform.read_settings()))


async def _serve(settings: Settings) -> None:
    if settings.database_url is None:
        raise InvalidInput(
            "There is no database", field="VOICE_AI_DATABASE_URL", fix="Set it, or use `voice-ai up`"
        )
    database = await Database.connect(settings.database_url.get_secret_value(), PoolOptions(size=1))
    try:
        await first_start.make_first_token(database, settings)
    finally:
        await database.close()
    server = platform.server_for(create_app(settings), settings)
    async with server.running():
        say(f"Serving on http://{settings.host}:{settings.port}")
        await platform.until_stopped()
