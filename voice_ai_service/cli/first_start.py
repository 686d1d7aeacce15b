"""What a new installation needs before its first call: a token, and in the embedded one a domain to try."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import ValidationError

from voice_ai_service.calls.repository import SecretaryRepository
from voice_ai_service.calls.stored import DestinationDraft, RuleDraft, SecretaryDraft
from voice_ai_service.calls.transfer_repository import DestinationRepository, RuleRepository
from voice_ai_service.cli.platform import say, write_token
from voice_ai_service.db.pool import Database, PoolOptions
from voice_ai_service.errors import InvalidInput
from voice_ai_service.settings import Settings
from voice_ai_service.tenancy.tokens import Tokens


async def make_first_token(database: Database, settings: Settings) -> None:
    """Printed once, stored hashed; nothing where the operator fixed one or one exists."""
    if settings.service_token is not None:
        return
    issued = await Tokens(database).make_first_pbx_token()
    if issued is None:
        return
    write_token(settings.token_file, issued.text)
    say("")
    say("This installation's PBX token, shown this one time:")
    say(f"    {issued.text}")
    say(
        f"It is also in {settings.token_file}, readable by you only. Give it to FreeSWITCH as voice_ai_token."
    )
    say("")


async def seed_demo_domain(owner_url: str, service_url: str) -> UUID | None:
    """The demo domain with its secretaries, in a database that has no domain at all.

    Returns:
        Its uuid, or None where there were domains already.
    """
    data: dict[str, Any] = json.loads((resources.files(__package__) / "demo_domain.json").read_text("utf-8"))
    owner = await asyncpg.connect(owner_url)
    try:
        domain_uuid: UUID | None = await owner.fetchval(
            "INSERT INTO v_domains (domain_uuid, domain_name, domain_enabled, domain_description)"
            " SELECT gen_random_uuid(), $1, true, 'Made by voice-ai up'"
            " WHERE NOT EXISTS (SELECT 1 FROM v_domains) RETURNING domain_uuid",
            data["domain_name"],
        )
    finally:
        await owner.close()
    if domain_uuid is None:
        return None
    database = await Database.connect(service_url, PoolOptions(size=2))
    try:
        await _fill(database, UUID(str(domain_uuid)), data)
    except ValidationError as error:
        raise InvalidInput(str(error.errors()[0]), field="demo_domain.json") from error
    finally:
        await database.close()
    return UUID(str(domain_uuid))


async def _fill(database: Database, domain_uuid: UUID, data: dict[str, Any]) -> None:
    destinations, rules = DestinationRepository(database), RuleRepository(database)
    secretaries = SecretaryRepository(database)
    by_name = {}
    for entry in data["destinations"]:
        made = await destinations.create(domain_uuid, DestinationDraft.model_validate(entry), region="BR")
        by_name[made.draft.name] = made.destination_uuid
    for entry in data["rules"]:
        destination = by_name[entry.pop("destination")]
        await rules.create(domain_uuid, RuleDraft.model_validate({**entry, "destination_uuid": destination}))
    for entry in data["secretaries"]:
        secretary = await secretaries.create(domain_uuid, SecretaryDraft.model_validate(entry))
        await secretaries.publish(domain_uuid, secretary.secretary_uuid, "demo")
