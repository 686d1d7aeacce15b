"""Connections as the tables' owner, for commands of the operator."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg

from voice_ai_service.cli import platform
from voice_ai_service.errors import NotFound
from voice_ai_service.settings import Settings


@asynccontextmanager
async def owner_connection(settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    """Not bound by row-level security: only for what the operator asks on this machine's command line."""
    async with platform.database(settings, platform.say) as urls:
        connection = await asyncpg.connect(urls.owner)
        try:
            await connection.set_type_codec(
                "jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog"
            )
            yield connection
        finally:
            await connection.close()


async def domain_named(connection: asyncpg.Connection, domain: str) -> UUID:
    """A domain by name or uuid. Raises NotFound."""
    found = await connection.fetchval(
        "SELECT domain_uuid FROM v_domains WHERE domain_uuid::text = lower($1) OR lower(domain_name) = lower($1)",
        domain,
    )
    if found is None:
        raise NotFound("There is no such domain", field="--domain", fix="Give its name or its uuid")
    return UUID(str(found))


async def only_domain(connection: asyncpg.Connection, domain: str | None) -> UUID:
    """The named domain, or the only one there is. Raises NotFound."""
    if domain is not None:
        return await domain_named(connection, domain)
    rows = await connection.fetch("SELECT domain_uuid FROM v_domains LIMIT 2")
    if len(rows) != 1:
        raise NotFound("There is more than one domain, or none", field="--domain", fix="Name one")
    return UUID(str(rows[0]["domain_uuid"]))
