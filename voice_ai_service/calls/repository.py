"""Secretaries in PostgreSQL: a draft that is edited, versions that answer calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg

from voice_ai_service.calls.destinations import Destination
from voice_ai_service.calls.secretary import Mode, Secretary
from voice_ai_service.calls.stored import SecretaryDraft, SecretaryVersion, StoredSecretary
from voice_ai_service.calls.transfer_rows import destinations_in
from voice_ai_service.calls.validated import check_destinations, parse_settings
from voice_ai_service.db import queries
from voice_ai_service.db.pool import Connection, Database
from voice_ai_service.errors import Conflict, NotFound

_SQL: Final = queries.load(__package__, "secretaries.sql")


class SecretaryRepository:
    """A domain's secretaries. Every method raises Unavailable when the database is not there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, domain_uuid: UUID) -> tuple[StoredSecretary, ...]:
        async with self._database.tenant(domain_uuid) as connection:
            rows = await connection.fetch(_SQL.list_secretaries, domain_uuid)
        return tuple(_stored(row) for row in rows)

    async def get(self, domain_uuid: UUID, secretary_uuid: UUID) -> StoredSecretary:
        """Raises NotFound; InvalidInput when what somebody else stored contradicts itself."""
        async with self._database.tenant(domain_uuid) as connection:
            return _stored(await _row(connection, _SQL.find_secretary, domain_uuid, secretary_uuid))

    async def create(self, domain_uuid: UUID, draft: SecretaryDraft) -> StoredSecretary:
        """Store a first draft; it does not answer yet.

        Raises:
            InvalidInput: `settings` name a destination that is not there.
            Conflict: Another secretary answers at the extension.
        """
        secretary_uuid = uuid4()
        async with self._database.tenant(domain_uuid) as connection:
            await _check(connection, domain_uuid, secretary_uuid, draft)
            await _write(connection, _SQL.insert_secretary, secretary_uuid, domain_uuid, *_values(draft))
            return _stored(await _row(connection, _SQL.find_secretary, domain_uuid, secretary_uuid))

    async def update(self, domain_uuid: UUID, secretary_uuid: UUID, draft: SecretaryDraft) -> StoredSecretary:
        """Replace the draft. Name, extension, mode and whether it is enabled count at once, settings when published.

        Raises:
            NotFound: It is not there.
            InvalidInput, Conflict: As `create`.
        """
        async with self._database.tenant(domain_uuid) as connection:
            await _row(connection, _SQL.lock_secretary, domain_uuid, secretary_uuid)
            await _check(connection, domain_uuid, secretary_uuid, draft)
            await _write(connection, _SQL.update_secretary, domain_uuid, secretary_uuid, *_values(draft))
            return _stored(await _row(connection, _SQL.find_secretary, domain_uuid, secretary_uuid))

    async def delete(self, domain_uuid: UUID, secretary_uuid: UUID) -> None:
        """Remove a secretary with its versions and its own rules and destinations. Raises NotFound."""
        async with self._database.tenant(domain_uuid) as connection:
            if await connection.fetchval(_SQL.delete_secretary, domain_uuid, secretary_uuid) is None:
                raise _not_there()

    async def publish(self, domain_uuid: UUID, secretary_uuid: UUID, note: str = "") -> Secretary:
        """Freeze the draft's settings as the next version and answer new calls with it.

        Raises:
            NotFound: It is not there.
            InvalidInput: The settings contradict themselves or name a destination that is gone.
        """
        async with self._database.tenant(domain_uuid) as connection:
            stored = _stored(await _row(connection, _SQL.lock_secretary, domain_uuid, secretary_uuid))
            await _check(connection, domain_uuid, secretary_uuid, stored.draft)
            settings = stored.draft.settings.model_dump(mode="json")
            version = await connection.fetchval(
                _SQL.insert_version, domain_uuid, secretary_uuid, settings, note[:500]
            )
            await connection.execute(_SQL.set_published, domain_uuid, secretary_uuid, version)
            return await secretary_version(connection, domain_uuid, secretary_uuid, version)

    async def roll_back(self, domain_uuid: UUID, secretary_uuid: UUID, version: int) -> Secretary:
        """Answer new calls with an earlier version again; draft and later versions stay.

        Raises:
            NotFound: No such secretary or version.
            InvalidInput: The version names a destination that is gone.
        """
        async with self._database.tenant(domain_uuid) as connection:
            await _row(connection, _SQL.lock_secretary, domain_uuid, secretary_uuid)
            secretary = await secretary_version(connection, domain_uuid, secretary_uuid, version)
            usable = await _usable(connection, domain_uuid, secretary_uuid)
            check_destinations(secretary.settings, usable)
            await connection.execute(_SQL.set_published, domain_uuid, secretary_uuid, version)
            return secretary

    async def versions(self, domain_uuid: UUID, secretary_uuid: UUID) -> tuple[SecretaryVersion, ...]:
        """The latest first. Raises NotFound."""
        async with self._database.tenant(domain_uuid) as connection:
            await _row(connection, _SQL.find_secretary, domain_uuid, secretary_uuid)
            rows = await connection.fetch(_SQL.list_versions, domain_uuid, secretary_uuid)
        return tuple(
            SecretaryVersion(
                version=row["version_number"], note=row["version_note"] or "", published_at=row["insert_date"]
            )
            for row in rows
        )

    async def version(self, domain_uuid: UUID, secretary_uuid: UUID, version: int) -> Secretary:
        """One version, published now or before. Raises NotFound."""
        async with self._database.tenant(domain_uuid) as connection:
            return await secretary_version(connection, domain_uuid, secretary_uuid, version)


async def published_at(connection: Connection, domain_uuid: UUID, extension: str) -> Secretary:
    """The version that answers at an extension. Raises NotFound."""
    row = await connection.fetchrow(_SQL.published_by_extension, domain_uuid, extension)
    if row is None:
        raise NotFound(
            "No secretary answers at this extension",
            field="called_number",
            fix="Publish and enable a secretary with this extension",
        )
    return _secretary(row)


async def secretary_version(
    connection: Connection, domain_uuid: UUID, secretary_uuid: UUID, version: int
) -> Secretary:
    """One version. Raises NotFound."""
    row = await connection.fetchrow(_SQL.version_of_secretary, domain_uuid, secretary_uuid, version)
    if row is None:
        raise NotFound("There is no such version of this secretary", field="version")
    return _secretary(row)


async def _row(connection: Connection, statement: str, *values: object) -> Mapping[str, Any]:
    row: Mapping[str, Any] | None = await connection.fetchrow(statement, *values)
    if row is None:
        raise _not_there()
    return row


def _not_there() -> NotFound:
    return NotFound("There is no secretary of this uuid", field="secretary_uuid")


async def _check(
    connection: Connection, domain_uuid: UUID, secretary_uuid: UUID, draft: SecretaryDraft
) -> None:
    check_destinations(draft.settings, await _usable(connection, domain_uuid, secretary_uuid))
    if not draft.enabled:
        return
    if await connection.fetchval(_SQL.extension_taken, domain_uuid, draft.extension, secretary_uuid):
        raise _extension_taken()


async def _usable(connection: Connection, domain_uuid: UUID, secretary_uuid: UUID) -> tuple[Destination, ...]:
    return tuple(
        stored.as_destination()
        for stored in await destinations_in(connection, domain_uuid)
        if stored.draft.enabled and stored.draft.secretary_uuid in (None, secretary_uuid)
    )


async def _write(connection: Connection, statement: str, *values: object) -> None:
    try:
        await connection.execute(statement, *values)
    except asyncpg.UniqueViolationError as error:  # two admins at once: the check before saw neither
        raise _extension_taken() from error


def _extension_taken() -> Conflict:
    return Conflict(
        "Another secretary of this domain answers at this extension",
        field="extension",
        fix="Choose a free extension or disable the other secretary",
    )


def _values(draft: SecretaryDraft) -> tuple[object, ...]:
    settings = draft.settings.model_dump(mode="json")
    return draft.name, draft.extension, draft.mode.value, settings, draft.enabled, draft.description


def _stored(row: Mapping[str, Any]) -> StoredSecretary:
    draft = SecretaryDraft(
        name=row["secretary_name"],
        extension=row["secretary_extension"],
        mode=Mode(row["secretary_mode"]),
        enabled=row["secretary_enabled"],
        description=row["secretary_description"] or "",
        settings=parse_settings(row["secretary_settings"]),
    )
    return StoredSecretary(
        secretary_uuid=row["voice_secretary_uuid"],
        domain_uuid=row["domain_uuid"],
        draft=draft,
        published_version=row["published_version"],
        created_at=row["insert_date"],
        updated_at=row["update_date"],
    )


def _secretary(row: Mapping[str, Any]) -> Secretary:
    return Secretary(
        secretary_uuid=row["voice_secretary_uuid"],
        domain_uuid=row["domain_uuid"],
        name=row["secretary_name"],
        extension=row["secretary_extension"],
        mode=Mode(row["secretary_mode"]),
        version=row["version_number"],
        settings=parse_settings(row["version_settings"]),
    )
