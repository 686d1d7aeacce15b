"""`voice-ai tokens`: for whoever owns the database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import click

from voice_ai_service.cli import platform
from voice_ai_service.cli.owner import domain_named, owner_connection
from voice_ai_service.errors import InvalidInput
from voice_ai_service.tenancy.tenant import PBX_REACH, Scope
from voice_ai_service.tenancy.tokens import insert_token, list_tokens, revoke_token

_SCOPES = [scope.value for scope in Scope]


@click.group()
def tokens() -> None:
    """Access tokens. A token's text is shown once, when it is made."""


@tokens.command()
@click.option("--domain", help="Name or uuid of the domain that it reaches.")
@click.option("--pbx", is_flag=True, help="For the PBX itself: reaches every domain of it.")
@click.option("--name", required=True, help="What it is for.")
@click.option(
    "--scope", "scopes", type=click.Choice(_SCOPES), multiple=True, help="Default: calls and speech."
)
@click.option("--days", type=click.IntRange(min=1), help="Expires after so many days; default never.")
def create(domain: str | None, pbx: bool, name: str, scopes: tuple[str, ...], days: int | None) -> None:
    """Make a token.

    \b
    Example:
        voice-ai tokens create --domain demo.local --name "CRM" --scope read --days 90
    """
    if pbx == (domain is not None):
        raise InvalidInput(
            "A token is for one domain or for the PBX", field="--domain", fix="Give --domain or --pbx"
        )
    wanted = [Scope(scope) for scope in scopes or ("calls", "speech")]
    expires_at = datetime.now(UTC) + timedelta(days=days) if days else None

    async def work(connection: asyncpg.Connection) -> None:
        reach = PBX_REACH if domain is None else await domain_named(connection, domain)
        issued = await insert_token(connection, reach, name=name, scopes=wanted, expires_at=expires_at)
        click.echo(issued.text)

    _run(work)


@tokens.command("list")
@click.option("--domain", help="Name or uuid; default: the PBX's own tokens.")
@click.option("--json", "as_json", is_flag=True)
def list_them(domain: str | None, as_json: bool) -> None:
    """List tokens, without their text."""

    async def work(connection: asyncpg.Connection) -> None:
        reach = PBX_REACH if domain is None else await domain_named(connection, domain)
        for row in await list_tokens(connection, reach):
            state = "" if row.enabled else " revoked"
            used = row.last_used_at.isoformat(timespec="minutes") if row.last_used_at else "never"
            scopes = ",".join(sorted(row.scopes))
            if as_json:
                fields = {"token_uuid": str(row.token_uuid), "name": row.name, "hint": row.hint,
                          "scopes": sorted(row.scopes), "enabled": row.enabled, "last_used_at": used}  # fmt: skip
                click.echo(json.dumps(fields, ensure_ascii=False))
            else:
                click.echo(f"{row.token_uuid} …{row.hint} {scopes} used {used}{state}  {row.name}")

    _run(work)


@tokens.command()
@click.argument("token_uuid", type=click.UUID)
@click.option("--domain", help="Name or uuid; default: a token of the PBX.")
def revoke(token_uuid: UUID, domain: str | None) -> None:
    """Stop a token; within seconds everywhere."""

    async def work(connection: asyncpg.Connection) -> None:
        reach = PBX_REACH if domain is None else await domain_named(connection, domain)
        await revoke_token(connection, reach, token_uuid)
        click.echo("revoked")

    _run(work)


def _run(work: Callable[[asyncpg.Connection], Awaitable[None]]) -> None:
    async def all_of_it() -> None:
        async with owner_connection(platform.read_settings()) as connection:
            await work(connection)

    asyncio.run(all_of_it())
