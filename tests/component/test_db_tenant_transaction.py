"""The pool against a real PostgreSQL: one transaction, one tenant."""

from __future__ import annotations

from tests.conftest import MakeDomain
from voice_ai_service.db.pool import Database


async def test_a_transaction_carries_its_tenant(db: Database, make_domain: MakeDomain) -> None:
    domain_uuid = await make_domain()
    async with db.tenant(domain_uuid) as connection:
        assert await connection.fetchval("SELECT current_setting('voice_ai.domain_uuid')") == str(domain_uuid)
    async with db.open() as connection:
        assert not await connection.fetchval("SELECT current_setting('voice_ai.domain_uuid', true)")
