"""`voice-ai migrate`: the schema's one runner."""

from __future__ import annotations

import asyncio

import click

from voice_ai_service.cli import platform
from voice_ai_service.cli.platform import say
from voice_ai_service.db import migrate as runner
from voice_ai_service.settings import Settings


@click.command()
@click.option("--check", is_flag=True, help="Only say what would be done; exit code 1 if there is something.")
@click.option(
    "--down-to", type=click.IntRange(min=0), help="Go back to this version. Data in newer tables is lost."
)
@click.option("--yes", is_flag=True, help="Do not ask before going back.")
def migrate(check: bool, down_to: int | None, yes: bool) -> None:
    """Bring the database's schema to this version; running it again changes nothing.

    \b
    Example:
        VOICE_AI_OWNER_DATABASE_URL=postgresql://fusionpbx:…@localhost/fusionpbx voice-ai migrate

    Needs the role that owns the tables (on FusionPBX its own), not the service's.
    """
    settings = platform.read_settings()
    if down_to is not None and not yes:
        click.confirm("Tables newer than that are dropped with all they hold. Go on?", abort=True)
    raise SystemExit(asyncio.run(_migrate(settings, check=check, down_to=down_to)))


async def _migrate(settings: Settings, *, check: bool, down_to: int | None) -> int:
    if settings.database_url is None and settings.owner_database_url is not None:
        settings = settings.model_copy(update={"database_url": settings.owner_database_url})
    async with platform.database(settings, say) as urls:
        if check:
            waiting = await runner.pending(urls.owner)
            for migration in waiting:
                click.echo(f"{migration.version:04d} {migration.name}")
            return 1 if waiting else 0
        if down_to is not None:
            for migration in await runner.down(urls.owner, to=down_to):
                click.echo(f"undone {migration.version:04d} {migration.name}")
            return 0
        done = await runner.up(urls.owner)
        for migration in done:
            click.echo(f"done {migration.version:04d} {migration.name}")
        if not done:
            click.echo("nothing to do")
        return 0
