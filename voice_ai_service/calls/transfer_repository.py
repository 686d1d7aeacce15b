"""Transfer destinations and rules in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID, uuid4

import asyncpg

from voice_ai_service.calls.numbers import destination_number
from voice_ai_service.calls.stored import DestinationDraft, RuleDraft, StoredDestination, StoredRule
from voice_ai_service.calls.transfer_rows import as_destination, as_rule, destinations_in, rules_in
from voice_ai_service.calls.validated import named_destinations, parse_settings
from voice_ai_service.db import queries
from voice_ai_service.db.pool import Connection, Database
from voice_ai_service.errors import Conflict, InvalidInput, NotFound
from voice_ai_service.text.words import words

_SQL: Final = queries.load(__package__, "transfers.sql")
_SECRETARIES: Final = queries.load(__package__, "secretaries.sql")


class DestinationRepository:
    """A domain's destinations. Every method raises Unavailable when the database is not there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, domain_uuid: UUID) -> tuple[StoredDestination, ...]:
        async with self._database.tenant(domain_uuid) as connection:
            return await destinations_in(connection, domain_uuid)

    async def get(self, domain_uuid: UUID, destination_uuid: UUID) -> StoredDestination:
        """Raises NotFound."""
        async with self._database.tenant(domain_uuid) as connection:
            return await _destination(connection, domain_uuid, destination_uuid)

    async def create(self, domain_uuid: UUID, draft: DestinationDraft, *, region: str) -> StoredDestination:
        """Add a destination.

        Args:
            region: ISO 3166 alpha-2 for external numbers without a country code.

        Raises:
            InvalidInput: A number that cannot be dialled, a secretary that is not there.
            Conflict: A name or alias that another destination answers to.
        """
        draft = _dialable(draft, region)
        destination_uuid = uuid4()
        async with self._database.tenant(domain_uuid) as connection:
            await _check_destination(connection, domain_uuid, destination_uuid, draft)
            await _write(
                connection,
                _SQL.insert_destination,
                domain_uuid,
                destination_uuid,
                *_destination_values(draft),
            )
        return StoredDestination(destination_uuid=destination_uuid, draft=draft)

    async def update(
        self, domain_uuid: UUID, destination_uuid: UUID, draft: DestinationDraft, *, region: str
    ) -> StoredDestination:
        """Replace a destination.

        Raises:
            NotFound: It is not there.
            InvalidInput, Conflict: As `create`; Conflict also where a secretary would lose the name it uses.
        """
        draft = _dialable(draft, region)
        async with self._database.tenant(domain_uuid) as connection:
            before = await _destination(connection, domain_uuid, destination_uuid)
            await _check_destination(connection, domain_uuid, destination_uuid, draft)
            await _check_still_named(connection, domain_uuid, before, draft)
            await _write(
                connection,
                _SQL.update_destination,
                domain_uuid,
                destination_uuid,
                *_destination_values(draft),
            )
        return StoredDestination(destination_uuid=destination_uuid, draft=draft)

    async def delete(self, domain_uuid: UUID, destination_uuid: UUID) -> None:
        """Remove a destination.

        Raises:
            NotFound: It is not there.
            Conflict: A rule or a secretary still uses it.
        """
        async with self._database.tenant(domain_uuid) as connection:
            before = await _destination(connection, domain_uuid, destination_uuid)
            await _check_still_named(connection, domain_uuid, before, None)
            intent = await connection.fetchval(_SQL.rules_of_destination, domain_uuid, destination_uuid)
            if intent is not None:
                raise Conflict(
                    f"The transfer rule {intent!r} goes to this destination",
                    field="destination_uuid",
                    fix="Change or delete the rule first",
                )
            await connection.execute(_SQL.delete_destination, domain_uuid, destination_uuid)


class RuleRepository:
    """A domain's transfer rules. Every method raises Unavailable when the database is not there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, domain_uuid: UUID) -> tuple[StoredRule, ...]:
        async with self._database.tenant(domain_uuid) as connection:
            return await rules_in(connection, domain_uuid)

    async def get(self, domain_uuid: UUID, rule_uuid: UUID) -> StoredRule:
        """Raises NotFound."""
        async with self._database.tenant(domain_uuid) as connection:
            return await _rule(connection, domain_uuid, rule_uuid)

    async def create(self, domain_uuid: UUID, draft: RuleDraft) -> StoredRule:
        """Add a rule. Raises InvalidInput for a destination or secretary that is not there."""
        rule_uuid = uuid4()
        async with self._database.tenant(domain_uuid) as connection:
            await _check_rule(connection, domain_uuid, draft)
            await connection.execute(_SQL.insert_rule, domain_uuid, rule_uuid, *_rule_values(draft))
            return await _rule(connection, domain_uuid, rule_uuid)

    async def update(self, domain_uuid: UUID, rule_uuid: UUID, draft: RuleDraft) -> StoredRule:
        """Replace a rule. Raises NotFound, InvalidInput."""
        async with self._database.tenant(domain_uuid) as connection:
            await _rule(connection, domain_uuid, rule_uuid)
            await _check_rule(connection, domain_uuid, draft)
            await connection.execute(_SQL.update_rule, domain_uuid, rule_uuid, *_rule_values(draft))
            return await _rule(connection, domain_uuid, rule_uuid)

    async def delete(self, domain_uuid: UUID, rule_uuid: UUID) -> None:
        """Raises NotFound."""
        async with self._database.tenant(domain_uuid) as connection:
            if await connection.fetchval(_SQL.delete_rule, domain_uuid, rule_uuid) is None:
                raise NotFound("There is no transfer rule of this uuid", field="rule_uuid")


async def _destination(
    connection: Connection, domain_uuid: UUID, destination_uuid: UUID
) -> StoredDestination:
    row = await connection.fetchrow(_SQL.find_destination, domain_uuid, destination_uuid)
    if row is None:
        raise NotFound("There is no transfer destination of this uuid", field="destination_uuid")
    return as_destination(row)


async def _rule(connection: Connection, domain_uuid: UUID, rule_uuid: UUID) -> StoredRule:
    row = await connection.fetchrow(_SQL.find_rule, domain_uuid, rule_uuid)
    if row is None:
        raise NotFound("There is no transfer rule of this uuid", field="rule_uuid")
    return as_rule(row)


async def _check_destination(
    connection: Connection, domain_uuid: UUID, destination_uuid: UUID, draft: DestinationDraft
) -> None:
    await _check_secretary(connection, domain_uuid, draft.secretary_uuid)
    taken = {
        words(name): other.draft.name
        for other in await destinations_in(connection, domain_uuid)
        if other.destination_uuid != destination_uuid
        for name in (other.draft.name, *other.draft.aliases)
    }
    asked = [("name", draft.name), *((f"aliases.{i}", alias) for i, alias in enumerate(draft.aliases))]
    for field, name in asked:
        if words(name) in taken:
            raise Conflict(
                f"The destination {taken[words(name)]!r} answers to this name already",
                field=field,
                fix="Accents and case do not count; choose another name",
            )


async def _check_still_named(
    connection: Connection, domain_uuid: UUID, before: StoredDestination, after: DestinationDraft | None
) -> None:
    kept = (
        {words(name) for name in (after.name, *after.aliases)}
        if after is not None and after.enabled
        else set()
    )
    for row in await connection.fetch(_SECRETARIES.settings_in_use, domain_uuid):
        for path, name in named_destinations(parse_settings(row["settings"])):
            lost = words(name) not in kept or (
                after is not None and after.secretary_uuid not in (None, row["voice_secretary_uuid"])
            )
            if lost and words(name) in {words(one) for one in (before.draft.name, *before.draft.aliases)}:
                raise Conflict(
                    f"The secretary {row['secretary_name']!r} uses this destination in settings.{path}",
                    field="name" if after is not None and after.enabled else "destination_uuid",
                    fix="Change the secretary and publish it first",
                )


async def _check_rule(connection: Connection, domain_uuid: UUID, draft: RuleDraft) -> None:
    await _check_secretary(connection, domain_uuid, draft.secretary_uuid)
    row = await connection.fetchrow(_SQL.find_destination, domain_uuid, draft.destination_uuid)
    if row is None:
        raise InvalidInput("There is no transfer destination of this uuid", field="destination_uuid")
    owner = row["voice_secretary_uuid"]
    if owner is not None and owner != draft.secretary_uuid:
        raise InvalidInput(
            "This destination belongs to one secretary only",
            field="secretary_uuid",
            fix="Give the rule to the same secretary",
        )


async def _check_secretary(connection: Connection, domain_uuid: UUID, secretary_uuid: UUID | None) -> None:
    if secretary_uuid is None:
        return
    if await connection.fetchval(_SQL.secretary_exists, domain_uuid, secretary_uuid) is None:
        raise InvalidInput("There is no secretary of this uuid", field="secretary_uuid")


async def _write(connection: Connection, statement: str, *values: object) -> None:
    try:
        await connection.execute(statement, *values)
    except asyncpg.UniqueViolationError as error:  # two admins at once: the check before saw neither
        raise Conflict("A destination of this name exists already", field="name") from error


def _dialable(draft: DestinationDraft, region: str) -> DestinationDraft:
    number = destination_number(draft.kind, draft.number, region=region, field="number")
    return draft.model_copy(update={"number": number})


def _destination_values(draft: DestinationDraft) -> Sequence[object]:
    return (
        draft.secretary_uuid, draft.name, list(draft.aliases), draft.kind.value, draft.number, draft.order,
        draft.enabled, draft.description,
    )  # fmt: skip


def _rule_values(draft: RuleDraft) -> Sequence[object]:
    return (
        draft.secretary_uuid, draft.destination_uuid, draft.intent, list(draft.phrases), draft.language,
        draft.priority, draft.immediate, draft.enabled,
    )  # fmt: skip
