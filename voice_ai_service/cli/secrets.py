"""`voice-ai secrets`: the key that opens the providers' and webhooks' secrets."""

from __future__ import annotations

import asyncio
import sys

import asyncpg
import click

from voice_ai_service.cli import platform
from voice_ai_service.cli.owner import owner_connection
from voice_ai_service.tenancy import sealing


@click.group()
def secrets() -> None:
    """Sealed secrets. The private key never leaves this machine's settings."""


@secrets.command("public-key")
def public_key() -> None:
    """Print the public key with which FusionPBX's pages seal what admins type in."""
    click.echo(sealing.load_sealer(platform.read_settings()).public_key)


@secrets.command()
def seal() -> None:
    """Seal what comes on standard input.

    \b
    Example:
        printf %s "$OPENAI_API_KEY" | voice-ai secrets seal
    """
    click.echo(sealing.load_sealer(platform.read_settings()).seal(sys.stdin.read()))


@secrets.command()
@click.option("--new-key", is_flag=True, help="First make a new key file; the present one is kept beside it.")
def rotate(new_key: bool) -> None:
    """Seal every stored secret anew with the current key.

    \b
    Example:
        voice-ai secrets rotate --new-key
        VOICE_AI_PREVIOUS_MASTER_KEYS=<old> VOICE_AI_MASTER_KEY=<new> voice-ai secrets rotate

    Afterwards VOICE_AI_PREVIOUS_MASTER_KEYS, or the file keys/previous-….key, can be taken away.
    """
    settings = platform.read_settings()
    if new_key:
        sealing.replace_key_file(settings.data_dir)
    sealer = sealing.load_sealer(settings)

    async def work(connection: asyncpg.Connection) -> None:
        report = await sealing.rotate(connection, sealer)
        click.echo(f"{report.sealed_again} sealed anew")
        for table, row_uuid in report.unreadable:
            click.echo(f"cannot be opened by any key: {table} {row_uuid}", err=True)
        if report.unreadable:
            sys.exit(1)

    async def all_of_it() -> None:
        async with owner_connection(settings) as connection:
            await work(connection)

    asyncio.run(all_of_it())
