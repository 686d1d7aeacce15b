"""The tenants' choice of providers, as stored. Keys are sealed before they get here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from voice_ai_service.db import queries
from voice_ai_service.db.pool import Database
from voice_ai_service.errors import NotFound
from voice_ai_service.providers.entry import ProviderKind
from voice_ai_service.providers.link_builder import ProviderRow

_SQL = queries.load(__package__, "rows.sql")


@dataclass(frozen=True, slots=True)
class ProviderDraft:
    """What is saved. `sealed_secret` None keeps the one that is stored."""

    kind: ProviderKind
    name: str
    label: str
    settings: Mapping[str, Any]
    priority: int
    enabled: bool
    sealed_secret: str | None = None


@dataclass(frozen=True, slots=True)
class StoredProvider:
    """What may be shown: that there is a key, never the key."""

    provider_uuid: UUID
    kind: ProviderKind
    name: str
    label: str
    settings: Mapping[str, Any]
    priority: int
    enabled: bool
    has_secret: bool


class ProviderRepository:
    """`v_voice_providers`. All methods raise Unavailable when the database is not there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def rows_of(self, domain_uuid: UUID) -> Mapping[ProviderKind, Sequence[ProviderRow]]:
        async with self._database.tenant(domain_uuid) as connection:
            rows = await connection.fetch(_SQL.enabled_rows, domain_uuid)
        by_kind: dict[ProviderKind, list[ProviderRow]] = {}
        for row in rows:
            by_kind.setdefault(ProviderKind(row["provider_kind"]), []).append(
                ProviderRow(
                    provider_uuid=row["voice_provider_uuid"],
                    name=row["provider_name"],
                    label=row["provider_label"],
                    settings=row["provider_settings"] or {},
                    sealed_secret=row["provider_secret"],
                    priority=row["provider_priority"],
                )
            )
        return by_kind

    async def all(self, domain_uuid: UUID) -> list[StoredProvider]:
        async with self._database.tenant(domain_uuid) as connection:
            return [_stored(row) for row in await connection.fetch(_SQL.list_rows, domain_uuid)]

    async def find(self, domain_uuid: UUID, provider_uuid: UUID) -> StoredProvider:
        """Raises NotFound when the domain has no such row."""
        async with self._database.tenant(domain_uuid) as connection:
            row = await connection.fetchrow(_SQL.find_row, domain_uuid, provider_uuid)
        if row is None:
            raise _missing()
        return _stored(row)

    async def create(self, domain_uuid: UUID, draft: ProviderDraft) -> UUID:
        async with self._database.tenant(domain_uuid) as connection:
            made: UUID = await connection.fetchval(_SQL.insert_row, domain_uuid, *_values(draft))
        return made

    async def update(self, domain_uuid: UUID, provider_uuid: UUID, draft: ProviderDraft) -> None:
        """Raises NotFound when the domain has no such row."""
        async with self._database.tenant(domain_uuid) as connection:
            if (
                await connection.fetchval(_SQL.update_row, domain_uuid, provider_uuid, *_values(draft))
                is None
            ):
                raise _missing()

    async def delete(self, domain_uuid: UUID, provider_uuid: UUID) -> None:
        """Raises NotFound when the domain has no such row."""
        async with self._database.tenant(domain_uuid) as connection:
            if await connection.fetchval(_SQL.delete_row, domain_uuid, provider_uuid) is None:
                raise _missing()


def _values(draft: ProviderDraft) -> tuple[Any, ...]:
    return (
        draft.kind.value,
        draft.name,
        draft.label,
        dict(draft.settings),
        draft.sealed_secret,
        draft.priority,
        draft.enabled,
    )


def _stored(row: Mapping[str, Any]) -> StoredProvider:
    return StoredProvider(
        provider_uuid=row["voice_provider_uuid"],
        kind=ProviderKind(row["provider_kind"]),
        name=row["provider_name"],
        label=row["provider_label"],
        settings=row["provider_settings"] or {},
        priority=row["provider_priority"],
        enabled=row["provider_enabled"],
        has_secret=row["has_secret"],
    )


def _missing() -> NotFound:
    return NotFound("There is no such provider", field="provider_uuid")
