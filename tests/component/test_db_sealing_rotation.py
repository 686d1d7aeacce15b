"""Secrets at rest: what a dump shows, and how keys are changed."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from nacl.public import PrivateKey

from tests.conftest import MakeDomain
from tests.fakes.tenant_rows import plant
from voice_ai_service import errors
from voice_ai_service.db.pool import Database
from voice_ai_service.settings import Settings
from voice_ai_service.tenancy.sealing import Sealer, load_sealer, replace_key_file, rotate

pytestmark = pytest.mark.postgres

SECRET = "sk-live-very-secret"


async def put_secrets(owner: asyncpg.Connection, domain_uuid: UUID, sealer: Sealer) -> None:
    rows = await plant(owner, domain_uuid)
    await owner.execute(
        "UPDATE v_voice_providers SET provider_secret = $1 WHERE voice_provider_uuid = $2",
        sealer.seal(SECRET),
        rows["v_voice_providers"],
    )
    await owner.execute(
        "UPDATE v_voice_webhooks SET webhook_secret = $1 WHERE voice_webhook_uuid = $2",
        sealer.seal("whsec_" + SECRET),
        rows["v_voice_webhooks"],
    )


async def stored(owner: asyncpg.Connection) -> list[tuple[str | None, ...]]:
    rows = await owner.fetch(
        "SELECT provider_secret, webhook_secret, webhook_token "
        "FROM v_voice_providers JOIN v_voice_webhooks USING (domain_uuid)"
    )
    return [tuple(row) for row in rows]


async def test_after_a_rotation_the_old_key_may_go(
    owner_connection: asyncpg.Connection, make_domain: MakeDomain, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path)
    first = load_sealer(settings)
    for enabled in (True, False):
        await put_secrets(owner_connection, await make_domain(enabled=enabled), first)
    assert SECRET not in str(await stored(owner_connection))

    replace_key_file(tmp_path)
    both = load_sealer(settings)
    assert both.public_key != first.public_key
    report = await rotate(owner_connection, both)
    assert (report.sealed_again, report.unreadable) == (4, ())
    assert (await rotate(owner_connection, both)).sealed_again == 0

    for old in (tmp_path / "keys").glob("previous-*.key"):
        old.unlink()
    only_new = load_sealer(settings)
    for provider, webhook, token in await stored(owner_connection):
        assert provider is not None
        assert webhook is not None
        assert (only_new.open(provider), only_new.open(webhook), token) == (SECRET, "whsec_" + SECRET, None)
        with pytest.raises(errors.Unavailable):
            first.open(provider)


async def test_what_no_key_opens_is_left_as_it_is_and_named(
    owner_connection: asyncpg.Connection, make_domain: MakeDomain, db: Database
) -> None:
    await owner_connection.execute("DELETE FROM v_voice_providers; DELETE FROM v_voice_webhooks")
    lost, current = Sealer(PrivateKey.generate()), Sealer(PrivateKey.generate())
    domain_uuid = await make_domain()
    await put_secrets(owner_connection, domain_uuid, lost)
    before = await stored(owner_connection)
    report = await rotate(owner_connection, current)
    assert report.sealed_again == 0
    assert sorted(table for table, _ in report.unreadable) == ["v_voice_providers", "v_voice_webhooks"]
    assert await stored(owner_connection) == before
