"""The door against a real database: who gets in, who does not, and what they are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.conftest import DatabaseUrls, MakeDomain
from tests.fakes.clock import VirtualClock
from voice_ai_service import errors
from voice_ai_service.clock import SystemClock
from voice_ai_service.db.pool import Database, as_owner
from voice_ai_service.tenancy.domains import TTL_S, Domains
from voice_ai_service.tenancy.door import TOKEN_TTL_S, Admission, Door, DoorParts
from voice_ai_service.tenancy.limits import MemoryRateLimiter
from voice_ai_service.tenancy.tenant import PBX_REACH, Scope, Tier
from voice_ai_service.tenancy.tokens import TokenRow, Tokens, TokenUse, hash_token, insert_token, make_token

pytestmark = pytest.mark.postgres


@dataclass(frozen=True)
class House:
    """Two domains, a token of the first, one of the PBX, and the door."""

    door: Door
    parts: DoorParts
    clock: VirtualClock
    mine: UUID
    other: UUID
    token: str
    token_uuid: UUID
    pbx_token: str


@pytest.fixture
async def house(
    db: Database, database_urls: DatabaseUrls, owner_connection: asyncpg.Connection, make_domain: MakeDomain
) -> AsyncIterator[House]:
    # The database judges expiry by its own clock, so the virtual one starts at the same moment.
    clock = VirtualClock(SystemClock().now())
    mine, other = await make_domain(f"mine-{uuid4().hex[:8]}.example"), await make_domain()
    tokens = Tokens(db)
    issued = await tokens.create(mine, name="test", scopes=[Scope.CALLS, Scope.READ])
    async with as_owner(database_urls.owner) as owner:
        pbx = await insert_token(owner, PBX_REACH, name="pbx", scopes=list(Scope))
    parts = DoorParts(tokens, TokenUse(tokens, clock), Domains(db, clock), clock)
    yield House(Door(parts), parts, clock, mine, other, issued.text, issued.token_uuid, pbx.text)
    await owner_connection.execute("DELETE FROM v_voice_tokens")


async def ask(
    house: House,
    token: str | None,
    *,
    api_key: str | None = None,
    header: object = None,
    body: object = None,
    name: str | None = None,
    scope: Scope = Scope.CALLS,
) -> Admission:
    return await house.door.admit(
        authorization=None if token is None else f"Bearer {token}",
        api_key=api_key,
        header_domain=None if header is None else str(header),
        body_domain_uuid=None if body is None else str(body),
        body_domain_name=name,
        scope=scope,
        peer="127.0.0.1",
    )


async def refused(status: int, field: str | None, asking: object) -> errors.VoiceAiError:
    with pytest.raises(errors.VoiceAiError) as caught:
        await asking  # type: ignore[misc]
    assert (caught.value.status, caught.value.field) == (status, field)
    return caught.value


async def test_a_domains_token_needs_no_domain(house: House) -> None:
    admission = await ask(house, house.token)
    assert admission.tenant.domain_uuid == house.mine
    assert admission.credential.credential_id == str(house.token_uuid)
    assert admission.credential.scopes == {Scope.CALLS, Scope.READ}
    for way in (
        {"header": house.mine},
        {"body": house.mine},
        {"header": str(house.mine).upper(), "body": house.mine},
    ):
        assert (await ask(house, house.token, **way)).tenant == admission.tenant
    assert (
        await ask(house, None, api_key=house.token, name=admission.tenant.domain_name.upper())
    ) == admission


async def test_the_pbx_reaches_each_domain_it_names(house: House) -> None:
    for domain_uuid in (house.mine, house.other):
        admission = await ask(house, house.pbx_token, header=domain_uuid)
        assert admission.tenant.domain_uuid == domain_uuid
        assert admission.credential.domain_uuid is None
        assert await ask(house, house.pbx_token, name=admission.tenant.domain_name) == admission


async def test_no_credential_or_an_unknown_one(house: House) -> None:
    await refused(401, "Authorization", ask(house, None))
    for token in (
        make_token(),
        "x",
        house.token[:-1],
        house.token + "A",
        house.token.upper(),
        "a.b.c",
        "vai_é" * 10,
    ):
        await refused(401, "Authorization", ask(house, token))
    for header in ("Basic eDp5", "Bearer", "Bearer  ", house.token, ""):
        with pytest.raises(errors.Unauthenticated):
            await house.door.admit(header, None, None, None, None, Scope.CALLS, "127.0.0.1")
    await refused(401, "X-API-Key", ask(house, house.token, api_key=house.pbx_token))


async def test_an_unknown_credential_hears_nothing_of_domains(house: House) -> None:
    for domain in (house.mine, uuid4(), "not a uuid"):
        await refused(401, "Authorization", ask(house, make_token(), header=domain))


@pytest.mark.parametrize(
    "text", ["", "abc", "g" * 36, "{11111111-1111-4111-8111-111111111111}", "1" * 32, " ", "'; --"]
)
async def test_a_malformed_uuid_names_its_field(house: House, text: str) -> None:
    for token in (house.token, house.pbx_token):
        await refused(400, "X-Domain-UUID", ask(house, token, header=text))
        await refused(400, "domain_uuid", ask(house, token, body=text))
    await refused(400, "domain_name", ask(house, house.pbx_token, name="x" * 300))


async def test_two_statements_that_differ(house: House) -> None:
    for token in (house.token, house.pbx_token):
        await refused(409, "domain_uuid", ask(house, token, header=house.mine, body=house.other))
    await refused(
        409, "domain_name", ask(house, house.pbx_token, header=house.other, name=await name_of(house))
    )


async def name_of(house: House) -> str:
    return (await ask(house, house.token)).tenant.domain_name


async def test_another_domain_is_forbidden_whether_it_exists_or_not(house: House) -> None:
    told = {
        str(await refused(403, "domain_uuid", ask(house, house.token, **way)))
        for way in (
            {"header": house.other},
            {"body": house.other},
            {"header": uuid4()},
            {"header": PBX_REACH},
            {"name": "other.example"},
        )
    }
    assert len(told) == 1


async def test_the_pbx_must_name_a_domain_that_is_there(house: House, make_domain: MakeDomain) -> None:
    error = await refused(400, "X-Domain-UUID", ask(house, house.pbx_token))
    assert "X-Domain-UUID" in (error.fix or "")
    await refused(404, "domain_uuid", ask(house, house.pbx_token, header=uuid4()))
    await refused(404, "domain_uuid", ask(house, house.pbx_token, header=PBX_REACH))
    await refused(404, "domain_uuid", ask(house, house.pbx_token, header=await make_domain(enabled=False)))
    await refused(404, "domain_name", ask(house, house.pbx_token, name="nowhere.example"))


async def test_a_missing_scope(house: House) -> None:
    error = await refused(403, "Authorization", ask(house, house.token, scope=Scope.ADMIN))
    assert "admin" in error.message


async def test_a_revoked_token_ends_within_five_seconds(house: House) -> None:
    await ask(house, house.token)
    token_hash = await house.parts.tokens.revoke(house.mine, house.token_uuid)
    assert token_hash == hash_token(house.token)
    assert TOKEN_TTL_S < 5
    house.clock.tick(TOKEN_TTL_S)
    await refused(401, "Authorization", ask(house, house.token))


async def test_a_token_revoked_here_ends_at_once(house: House) -> None:
    await ask(house, house.token)
    house.door.forget(await house.parts.tokens.revoke(house.mine, house.token_uuid))
    await refused(401, "Authorization", ask(house, house.token))


async def test_a_token_runs_out_even_while_it_is_remembered(house: House) -> None:
    expires_at = house.clock.now() + timedelta(seconds=600)
    issued = await house.parts.tokens.create(
        house.mine, name="short", scopes=[Scope.CALLS], expires_at=expires_at
    )
    house.clock.tick(599)
    await ask(house, issued.text)
    house.clock.tick(1)
    await refused(401, "Authorization", ask(house, issued.text))


async def test_a_disabled_domain_ends_within_seconds(
    house: House, owner_connection: asyncpg.Connection
) -> None:
    await ask(house, house.token)
    await owner_connection.execute(
        "UPDATE v_domains SET domain_enabled = false WHERE domain_uuid = $1", house.mine
    )
    house.clock.tick(TTL_S)
    await refused(404, "domain_uuid", ask(house, house.token))


async def test_the_operators_fixed_token_is_the_pbxs(house: House) -> None:
    fixed = "a token the operator wrote"
    door = Door(replace(house.parts, fixed_token=fixed))
    admission = await door.admit(
        f"Bearer {fixed}", None, str(house.mine), None, None, Scope.METRICS, "127.0.0.1"
    )
    assert admission.tenant.domain_uuid == house.mine
    with pytest.raises(errors.Unauthenticated):
        await house.door.admit(
            f"Bearer {fixed}", None, str(house.mine), None, None, Scope.METRICS, "127.0.0.1"
        )


async def test_settings_of_the_domain_are_its_limits(
    house: House, owner_connection: asyncpg.Connection
) -> None:
    domains = house.parts.domains
    await domains.put_setting(house.mine, "max_concurrent_calls", 3)
    await domains.put_setting(house.mine, "tier", "premium")
    await domains.put_setting(house.mine, "max_concurrent_calls", 4)
    tenant = (await ask(house, house.token)).tenant
    assert (tenant.limits.max_concurrent_calls, tenant.tier) == (4, Tier.PREMIUM)
    assert (await ask(house, house.pbx_token, header=house.other)).tenant.tier is Tier.FREE
    for name, value in (
        ("max_concurrent_calls", -1),
        ("time_zone", "Mars/Base"),
        ("nonsense", 1),
        ("tier", "gold"),
    ):
        with pytest.raises(errors.InvalidInput) as caught:
            await domains.put_setting(house.mine, name, value)
        assert caught.value.field == name


async def test_the_rate_limit_is_the_domains_over_all_its_tokens(house: House) -> None:
    await house.parts.domains.put_setting(house.mine, "requests_per_minute", 5)
    limited = replace(house, door=Door(replace(house.parts, rate=MemoryRateLimiter(house.clock))))
    for token in (house.token, house.pbx_token, house.token, house.pbx_token, house.token):
        await ask(limited, token, header=house.mine)
    error = await refused(429, None, ask(limited, house.pbx_token, header=house.mine))
    assert isinstance(error, errors.LimitReached)
    assert error.retry_after_s == pytest.approx(12, abs=0.1)
    await ask(limited, house.pbx_token, header=house.other)


async def test_last_use_is_written_later_not_in_the_request(house: House) -> None:
    async def row() -> TokenRow:
        return next(r for r in await house.parts.tokens.list(house.mine) if r.token_uuid == house.token_uuid)

    await ask(house, house.token)
    assert (await row()).last_used_at is None
    writer = asyncio.create_task(house.parts.use.run())
    await asyncio.sleep(0)
    writer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writer
    assert (await row()).last_used_at is not None, "what is left is written at the end"


async def test_lists_show_tokens_without_their_text(house: House) -> None:
    rows = await house.parts.tokens.list(house.mine)
    assert [(r.name, r.hint, r.scopes, r.enabled) for r in rows] == [
        ("test", house.token[-4:], frozenset({Scope.CALLS, Scope.READ}), True)
    ]
    assert house.token not in repr(rows)
    with pytest.raises(errors.NotFound):
        await house.parts.tokens.revoke(house.other, house.token_uuid)
    with pytest.raises(errors.InvalidInput):
        await house.parts.tokens.create(
            house.mine, name="x", scopes=[], expires_at=house.clock.now().replace(tzinfo=None)
        )


async def test_the_database_holds_no_token(house: House, owner_connection: asyncpg.Connection) -> None:
    dump = str(await owner_connection.fetch("SELECT v_voice_tokens::text FROM v_voice_tokens"))
    assert hash_token(house.token) in dump
    assert house.token not in dump
    assert house.token.removeprefix("vai_")[:20] not in dump


async def test_the_first_pbx_token_is_printed_once(
    house: House, owner_connection: asyncpg.Connection
) -> None:
    assert await house.parts.tokens.make_first_pbx_token() is None
    await owner_connection.execute("DELETE FROM v_voice_tokens")
    made = await asyncio.gather(*(house.parts.tokens.make_first_pbx_token() for _ in range(3)))
    (issued,) = [token for token in made if token is not None]
    admission = await ask(house, issued.text, header=house.other, scope=Scope.ADMIN)
    assert admission.tenant.domain_uuid == house.other


async def test_without_a_database_nobody_gets_in(house: House, db: Database) -> None:
    await db.close()
    with pytest.raises(errors.Unavailable):
        await ask(house, house.token)
