"""`voice-ai webhooks`: for the operator; tenants use the API or FusionPBX's pages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import click

from voice_ai_service.cli import platform
from voice_ai_service.cli.owner import only_domain
from voice_ai_service.clock import SystemClock
from voice_ai_service.crm.events import WebhookKind
from voice_ai_service.crm.outbox import DeliveryStatus, Outbox
from voice_ai_service.crm.webhook import WebhookDraft
from voice_ai_service.crm.webhooks import WebhookRepository
from voice_ai_service.db.pool import Database, PoolOptions
from voice_ai_service.errors import InvalidInput
from voice_ai_service.tenancy.sealing import load_sealer

_DOMAIN = click.option("--domain", help="Name or uuid; default: the only one.")


@dataclass(frozen=True, slots=True)
class _Open:
    domain_uuid: UUID
    webhooks: WebhookRepository
    outbox: Outbox


@click.group()
def webhooks() -> None:
    """Webhooks and their deliveries."""


@webhooks.command()
@_DOMAIN
@click.option("--name", required=True)
@click.option(
    "--url", required=True, help="https://…; private addresses need VOICE_AI_ALLOWED_PRIVATE_NETWORKS."
)
@click.option("--kind", type=click.Choice([kind.value for kind in WebhookKind]), default="standard")
@click.option("--header", "headers", multiple=True, help="Name=value, sent with every event.")
@click.option("--token", help="Bearer token that the receiver wants.")
def add(
    domain: str | None, name: str, url: str, kind: str, headers: tuple[str, ...], token: str | None
) -> None:
    """Add a webhook; prints its signing secret, this one time.

    \b
    Example:
        voice-ai webhooks add --name CRM --url https://crm.example/voice
        voice-ai webhooks add --name OmniPlay --kind omniplay --url https://omni.example \\
            --header X-Company-Id=7 --token …
    """
    pairs = [header.partition("=") for header in headers]
    if any(not equals for _, equals, _ in pairs):
        raise InvalidInput("A header has a name and a value", field="--header", fix="Name=value")
    draft = WebhookDraft(
        name=name,
        kind=WebhookKind(kind),
        url=url,
        headers={key: value for key, _, value in pairs},
        token=token,
    )

    async def work() -> None:
        async with _opened(domain) as parts:
            created = await parts.webhooks.create(parts.domain_uuid, draft)
            click.echo(f"{created.webhook.webhook_uuid} {created.secret}")

    asyncio.run(work())


@webhooks.command("list")
@_DOMAIN
def list_them(domain: str | None) -> None:
    """List webhooks."""

    async def work() -> None:
        async with _opened(domain) as parts:
            for hook in await parts.webhooks.all(parts.domain_uuid):
                state = "" if hook.enabled else " disabled"
                click.echo(f"{hook.webhook_uuid} {hook.kind.value} {hook.url}{state}  {hook.name}")

    asyncio.run(work())


@webhooks.command()
@_DOMAIN
@click.option("--status", type=click.Choice([status.value for status in DeliveryStatus]))
@click.option("--limit", type=click.IntRange(1, 200), default=50)
@click.option("--json", "as_json", is_flag=True, help="One object a line.")
def deliveries(domain: str | None, status: str | None, limit: int, as_json: bool) -> None:
    """What became of events, newest first."""

    async def work() -> None:
        async with _opened(domain) as parts:
            wanted = DeliveryStatus(status) if status else None
            for one in await parts.outbox.deliveries(parts.domain_uuid, status=wanted, limit=limit):
                fields = {
                    "outbox_uuid": str(one.outbox_uuid),
                    "event": one.event_name,
                    "status": one.status.value,
                    "tries": one.tries,
                    "created_at": one.created_at.isoformat(),
                    "last_status_code": one.last_status_code,
                    "last_error": one.last_error,
                }
                if as_json:
                    click.echo(json.dumps(fields, ensure_ascii=False))
                else:
                    click.echo("  ".join(str(value) for value in fields.values() if value is not None))

    asyncio.run(work())


@webhooks.command()
@_DOMAIN
@click.argument("outbox_uuid", type=click.UUID, required=False)
@click.option("--dead-hours", type=click.IntRange(min=1), help="All that died within so many hours.")
def replay(domain: str | None, outbox_uuid: UUID | None, dead_hours: int | None) -> None:
    """Send a delivery again, or all that died.

    \b
    Example:
        voice-ai webhooks replay --dead-hours 48
    """
    if (outbox_uuid is None) == (dead_hours is None):
        raise InvalidInput("Say what to send again", field="OUTBOX_UUID", fix="Give a uuid or --dead-hours")

    async def work() -> None:
        async with _opened(domain) as parts:
            if outbox_uuid is not None:
                await parts.outbox.replay(parts.domain_uuid, outbox_uuid)
                click.echo("1 will be sent again")
                return
            since = datetime.now(UTC) - timedelta(hours=dead_hours or 0)
            count = await parts.outbox.replay_dead(parts.domain_uuid, since)
            click.echo(f"{count} will be sent again")

    asyncio.run(work())


@asynccontextmanager
async def _opened(domain: str | None) -> AsyncIterator[_Open]:
    settings = platform.read_settings()
    async with platform.database(settings, platform.say) as urls:
        owner = await asyncpg.connect(urls.owner)
        try:
            domain_uuid = await only_domain(owner, domain)
        finally:
            await owner.close()
        database = await Database.connect(urls.service, PoolOptions(size=1))
        try:
            sealer = await asyncio.to_thread(load_sealer, settings)
            repository = WebhookRepository(database, sealer, SystemClock(), settings.private_networks)
            yield _Open(domain_uuid, repository, Outbox(database))
        finally:
            await database.close()
