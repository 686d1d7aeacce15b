"""Secretaries, destinations and rules against a real PostgreSQL, as the service's role."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.conftest import MakeDomain
from tests.fakes.clock import VirtualClock
from voice_ai_service.calls.destinations import DestinationKind
from voice_ai_service.calls.repository import SecretaryRepository
from voice_ai_service.calls.secretary import SecretarySettings
from voice_ai_service.calls.secretary_book import FRESH_S, SecretaryBook
from voice_ai_service.calls.stored import DestinationDraft, RuleDraft, SecretaryDraft, StoredDestination
from voice_ai_service.calls.transfer_repository import DestinationRepository, RuleRepository
from voice_ai_service.db.pool import Database
from voice_ai_service.errors import Conflict, InvalidInput, NotFound, Unavailable


def draft(extension: str = "8000", **settings: Any) -> SecretaryDraft:
    return SecretaryDraft(
        name="Clara", extension=extension, settings=SecretarySettings.model_validate(settings)
    )


async def add_destination(db: Database, domain_uuid: UUID, name: str, **changes: Any) -> StoredDestination:
    values = {"name": name, "number": "2001"} | changes
    return await DestinationRepository(db).create(
        domain_uuid, DestinationDraft.model_validate(values), region="BR"
    )


async def test_a_secretary_answers_only_when_published(db: Database, make_domain: MakeDomain) -> None:
    domain_uuid = await make_domain()
    secretaries = SecretaryRepository(db)
    book = SecretaryBook(db, VirtualClock())
    stored = await secretaries.create(domain_uuid, draft(business_name="Padaria Sol"))
    assert stored.published_version is None
    with pytest.raises(NotFound) as caught:
        await book.for_call(domain_uuid, "8000")
    assert caught.value.field == "called_number"

    published = await secretaries.publish(domain_uuid, stored.secretary_uuid, "first")
    assert published.version == 1
    plan = await book.for_call(domain_uuid, "8000")
    assert plan.secretary == published
    assert plan.secretary.settings.business_name == "Padaria Sol"


async def test_a_live_call_keeps_its_version(db: Database, make_domain: MakeDomain) -> None:
    domain_uuid = await make_domain()
    clock = VirtualClock()
    secretaries, book = SecretaryRepository(db), SecretaryBook(db, clock)
    stored = await secretaries.create(domain_uuid, draft(business_name="Before"))
    await secretaries.publish(domain_uuid, stored.secretary_uuid)
    await secretaries.update(domain_uuid, stored.secretary_uuid, draft(business_name="After"))
    assert (await book.for_call(domain_uuid, "8000")).secretary.settings.business_name == "Before"

    await secretaries.publish(domain_uuid, stored.secretary_uuid)
    clock.tick(FRESH_S + 0.1)
    assert (await book.for_call(domain_uuid, "8000")).secretary.version == 2
    first = await book.for_version(domain_uuid, stored.secretary_uuid, 1)
    assert first.secretary.settings.business_name == "Before"

    await secretaries.roll_back(domain_uuid, stored.secretary_uuid, 1)
    clock.tick(FRESH_S + 0.1)
    assert (await book.for_call(domain_uuid, "8000")).secretary.version == 1
    assert [one.version for one in await secretaries.versions(domain_uuid, stored.secretary_uuid)] == [2, 1]
    await secretaries.publish(domain_uuid, stored.secretary_uuid)
    assert (await secretaries.get(domain_uuid, stored.secretary_uuid)).published_version == 3


async def test_two_secretaries_cannot_answer_at_one_extension(db: Database, make_domain: MakeDomain) -> None:
    domain_uuid, other_domain = await make_domain(), await make_domain()
    secretaries = SecretaryRepository(db)
    first = await secretaries.create(domain_uuid, draft("8000"))
    second = await secretaries.create(domain_uuid, draft("8001"))
    await secretaries.create(other_domain, draft("8000"))
    with pytest.raises(Conflict) as caught:
        await secretaries.create(domain_uuid, draft("8000"))
    assert caught.value.field == "extension"
    with pytest.raises(Conflict):
        await secretaries.update(domain_uuid, second.secretary_uuid, draft("8000"))
    await secretaries.update(domain_uuid, first.secretary_uuid, draft("8000"))

    resting = draft("8000").model_copy(update={"enabled": False})
    await secretaries.update(domain_uuid, first.secretary_uuid, resting)
    await secretaries.update(domain_uuid, second.secretary_uuid, draft("8000"))


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"fallback": {"kind": "transfer", "destination": "lua"}}, "settings.fallback.destination"),
        ({"closed_action": {"kind": "transfer", "destination": "lua"}}, "settings.closed_action.destination"),
        ({"dtmf": {"3": {"action": "transfer", "destination": "lua"}}}, "settings.dtmf.3.destination"),
    ],
)
async def test_settings_name_only_destinations_that_are_there(
    db: Database, make_domain: MakeDomain, settings: dict[str, Any], field: str
) -> None:
    domain_uuid = await make_domain()
    secretaries = SecretaryRepository(db)
    with pytest.raises(InvalidInput) as caught:
        await secretaries.create(domain_uuid, draft(**settings))
    assert caught.value.field == field
    await add_destination(db, domain_uuid, "Lua")
    await secretaries.create(domain_uuid, draft(**settings))


async def test_a_destination_in_use_is_not_taken_away(db: Database, make_domain: MakeDomain) -> None:
    domain_uuid = await make_domain()
    secretaries, destinations, rules = SecretaryRepository(db), DestinationRepository(db), RuleRepository(db)
    front = await add_destination(db, domain_uuid, "recepção", aliases=["front desk"])
    stored = await secretaries.create(
        domain_uuid, draft(fallback={"kind": "transfer", "destination": "recepcao"})
    )
    for changes in ({"name": "portaria"}, {"enabled": False}):
        with pytest.raises(Conflict):
            await destinations.update(
                domain_uuid, front.destination_uuid, front.draft.model_copy(update=changes), region="BR"
            )
    with pytest.raises(Conflict):
        await destinations.delete(domain_uuid, front.destination_uuid)
    moved = front.draft.model_copy(update={"number": "2009"})
    await destinations.update(domain_uuid, front.destination_uuid, moved, region="BR")

    await secretaries.update(domain_uuid, stored.secretary_uuid, draft())
    rule = await rules.create(
        domain_uuid,
        RuleDraft(intent="person", phrases=("atendente",), destination_uuid=front.destination_uuid),
    )
    assert rule.destination == "recepção"
    with pytest.raises(Conflict):
        await destinations.delete(domain_uuid, front.destination_uuid)
    await rules.delete(domain_uuid, rule.rule_uuid)
    await destinations.delete(domain_uuid, front.destination_uuid)
    assert await destinations.list(domain_uuid) == ()
    with pytest.raises(NotFound):
        await rules.delete(domain_uuid, rule.rule_uuid)


async def test_names_and_aliases_mean_one_destination(db: Database, make_domain: MakeDomain) -> None:
    domain_uuid = await make_domain()
    await add_destination(db, domain_uuid, "recepção", aliases=["front desk"])
    with pytest.raises(Conflict) as caught:
        await add_destination(db, domain_uuid, "RECEPCAO")
    assert caught.value.field == "name"
    with pytest.raises(Conflict) as caught:
        await add_destination(db, domain_uuid, "vendas", aliases=["sales", "Front Desk"])
    assert caught.value.field == "aliases.1"


async def test_external_numbers_are_stored_as_e164(db: Database, make_domain: MakeDomain) -> None:
    domain_uuid = await make_domain()
    stored = await add_destination(
        db, domain_uuid, "celular", kind=DestinationKind.EXTERNAL, number="(11) 98765-4321"
    )
    again = await DestinationRepository(db).get(domain_uuid, stored.destination_uuid)
    assert again.draft.number == "+5511987654321"
    with pytest.raises(InvalidInput) as caught:
        await add_destination(db, domain_uuid, "ramal", number="20 01; rm")
    assert caught.value.field == "number"


async def test_a_domain_never_sees_another_domains_rows(db: Database, make_domain: MakeDomain) -> None:
    ours, theirs = await make_domain(), await make_domain()
    secretaries, destinations, rules = SecretaryRepository(db), DestinationRepository(db), RuleRepository(db)
    secretary = await secretaries.create(theirs, draft())
    await secretaries.publish(theirs, secretary.secretary_uuid)
    destination = await add_destination(db, theirs, "vendas")
    rule = await rules.create(
        theirs, RuleDraft(intent="x", phrases=("x",), destination_uuid=destination.destination_uuid)
    )
    book = SecretaryBook(db, VirtualClock())
    for attempt in (
        lambda: secretaries.get(ours, secretary.secretary_uuid),
        lambda: secretaries.update(ours, secretary.secretary_uuid, draft("9000")),
        lambda: secretaries.publish(ours, secretary.secretary_uuid),
        lambda: secretaries.roll_back(ours, secretary.secretary_uuid, 1),
        lambda: secretaries.version(ours, secretary.secretary_uuid, 1),
        lambda: secretaries.delete(ours, secretary.secretary_uuid),
        lambda: destinations.get(ours, destination.destination_uuid),
        lambda: destinations.delete(ours, destination.destination_uuid),
        lambda: rules.get(ours, rule.rule_uuid),
        lambda: rules.delete(ours, rule.rule_uuid),
        lambda: book.for_call(ours, "8000"),
        lambda: book.for_version(ours, secretary.secretary_uuid, 1),
    ):
        with pytest.raises(NotFound):
            await attempt()
    with pytest.raises(InvalidInput):
        await rules.create(
            ours, RuleDraft(intent="x", phrases=("x",), destination_uuid=destination.destination_uuid)
        )
    assert await secretaries.list(ours) == ()


async def test_a_plan_has_what_one_secretary_may_use(db: Database, make_domain: MakeDomain) -> None:
    domain_uuid = await make_domain()
    secretaries, rules = SecretaryRepository(db), RuleRepository(db)
    mine = await secretaries.create(domain_uuid, draft("8000"))
    other = await secretaries.create(domain_uuid, draft("8001"))
    await secretaries.publish(domain_uuid, mine.secretary_uuid)
    await add_destination(db, domain_uuid, "geral")
    own = await add_destination(db, domain_uuid, "meu", secretary_uuid=mine.secretary_uuid)
    foreign = await add_destination(db, domain_uuid, "dela", secretary_uuid=other.secretary_uuid)
    await add_destination(db, domain_uuid, "fora", enabled=False)
    for destination, owner in ((own, mine), (foreign, other)):
        await rules.create(
            domain_uuid,
            RuleDraft(
                intent="x",
                phrases=("y",),
                destination_uuid=destination.destination_uuid,
                secretary_uuid=owner.secretary_uuid,
            ),
        )
    with pytest.raises(InvalidInput) as caught:
        await rules.create(
            domain_uuid, RuleDraft(intent="x", phrases=("y",), destination_uuid=foreign.destination_uuid)
        )
    assert caught.value.field == "secretary_uuid"
    plan = await SecretaryBook(db, VirtualClock()).for_call(domain_uuid, "8000")
    assert [one.name for one in plan.destinations] == ["meu", "geral"]
    assert [one.destination for one in plan.rules] == ["meu"]


async def test_unchanged_content_keeps_the_same_plan(db: Database, make_domain: MakeDomain) -> None:
    domain_uuid = await make_domain()
    clock = VirtualClock()
    secretaries, book = SecretaryRepository(db), SecretaryBook(db, clock)
    stored = await secretaries.create(domain_uuid, draft())
    await secretaries.publish(domain_uuid, stored.secretary_uuid)
    first = await book.for_call(domain_uuid, "8000")
    await add_destination(db, domain_uuid, "vendas")
    assert await book.for_call(domain_uuid, "8000") is first
    clock.tick(FRESH_S + 0.1)
    second = await book.for_call(domain_uuid, "8000")
    assert second is not first
    assert len(second.destinations) == 1
    clock.tick(FRESH_S + 0.1)
    assert await book.for_call(domain_uuid, "8000") is second
    assert await book.for_version(domain_uuid, stored.secretary_uuid, 1) is second
    book.forget()
    assert await book.for_call(domain_uuid, "8000") is second


async def test_a_live_call_outlives_the_database(db: Database, make_domain: MakeDomain) -> None:
    domain_uuid = await make_domain()
    clock = VirtualClock()
    secretaries, book = SecretaryRepository(db), SecretaryBook(db, clock)
    stored = await secretaries.create(domain_uuid, draft())
    await secretaries.publish(domain_uuid, stored.secretary_uuid)
    plan = await book.for_call(domain_uuid, "8000")
    clock.tick(FRESH_S + 0.1)
    await db.close()
    assert await book.for_version(domain_uuid, stored.secretary_uuid, 1) is plan
    with pytest.raises(Unavailable):
        await book.for_version(domain_uuid, uuid4(), 1)
    with pytest.raises(Unavailable):
        await book.for_call(domain_uuid, "8000")


async def test_settings_that_somebody_broke_name_their_field(
    db: Database, make_domain: MakeDomain, owner_connection: asyncpg.Connection
) -> None:
    domain_uuid = await make_domain()
    secretaries = SecretaryRepository(db)
    stored = await secretaries.create(domain_uuid, draft())
    await owner_connection.execute(
        "UPDATE v_voice_secretaries SET secretary_settings = $2 WHERE voice_secretary_uuid = $1",
        stored.secretary_uuid,
        '{"limits": {"max_turns": 0}}',
    )
    with pytest.raises(InvalidInput) as caught:
        await secretaries.publish(domain_uuid, stored.secretary_uuid)
    assert caught.value.field == "settings.limits.max_turns"


async def test_a_row_that_somebody_broke_costs_itself_and_no_call(
    db: Database, make_domain: MakeDomain, owner_connection: asyncpg.Connection
) -> None:
    domain_uuid = await make_domain()
    secretaries, rules = SecretaryRepository(db), RuleRepository(db)
    stored = await secretaries.create(domain_uuid, draft())
    await secretaries.publish(domain_uuid, stored.secretary_uuid)
    good = await add_destination(db, domain_uuid, "vendas")
    broken = await add_destination(db, domain_uuid, "financeiro")
    for intent in ("kept", "broken"):
        await rules.create(
            domain_uuid, RuleDraft(intent=intent, phrases=("x",), destination_uuid=good.destination_uuid)
        )
    await owner_connection.execute(
        "UPDATE v_voice_transfer_destinations SET destination_name = ' - ' "
        "WHERE voice_transfer_destination_uuid = $1",
        broken.destination_uuid,
    )
    await owner_connection.execute(
        "UPDATE v_voice_transfer_rules SET rule_phrases = '[]' WHERE domain_uuid = $1 AND rule_intent = 'broken'",
        domain_uuid,
    )
    plan = await SecretaryBook(db, VirtualClock()).for_call(domain_uuid, "8000")
    assert [one.name for one in plan.destinations] == ["vendas"]
    assert [one.intent for one in plan.rules] == ["kept"]
    with pytest.raises(InvalidInput) as caught:
        await DestinationRepository(db).list(domain_uuid)
    assert caught.value.field == "destination.name"


async def test_a_live_call_outlives_its_secretary(db: Database, make_domain: MakeDomain) -> None:
    domain_uuid = await make_domain()
    clock = VirtualClock()
    secretaries, book = SecretaryRepository(db), SecretaryBook(db, clock)
    stored = await secretaries.create(domain_uuid, draft())
    await secretaries.publish(domain_uuid, stored.secretary_uuid)
    plan = await book.for_call(domain_uuid, "8000")
    await secretaries.delete(domain_uuid, stored.secretary_uuid)
    clock.tick(FRESH_S + 0.1)
    assert await book.for_version(domain_uuid, stored.secretary_uuid, 1) is plan
    with pytest.raises(NotFound):
        await book.for_call(domain_uuid, "8000")
