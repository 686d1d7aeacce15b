"""Rows of the destinations and rules, read: all of them for an admin, the usable ones for a call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeVar
from uuid import UUID

import structlog
from pydantic import ValidationError

from voice_ai_service.calls.destinations import Destination, DestinationKind, TransferRule
from voice_ai_service.calls.stored import DestinationDraft, RuleDraft, StoredDestination, StoredRule
from voice_ai_service.calls.validated import first_problem
from voice_ai_service.db import queries
from voice_ai_service.db.pool import Connection
from voice_ai_service.errors import InvalidInput

T = TypeVar("T")

_SQL: Final = queries.load(__package__, "transfers.sql")
_log = structlog.get_logger()


async def destinations_in(connection: Connection, domain_uuid: UUID) -> tuple[StoredDestination, ...]:
    rows = await connection.fetch(_SQL.list_destinations, domain_uuid)
    return tuple(as_destination(row) for row in rows)


async def rules_in(connection: Connection, domain_uuid: UUID) -> tuple[StoredRule, ...]:
    return tuple(as_rule(row) for row in await connection.fetch(_SQL.list_rules, domain_uuid))


async def usable_destinations(connection: Connection, domain_uuid: UUID) -> tuple[Destination, ...]:
    """The enabled ones. A row that somebody broke past this code costs itself, not the domain's calls."""
    rows = await connection.fetch(_SQL.list_destinations, domain_uuid)
    return tuple(one.as_destination() for one in _readable(rows, as_destination) if one.draft.enabled)


async def usable_rules(connection: Connection, domain_uuid: UUID) -> tuple[TransferRule, ...]:
    """As `usable_destinations`; a rule whose destination is disabled is not enabled."""
    rows = await connection.fetch(_SQL.list_rules, domain_uuid)
    return tuple(one.as_rule() for one in _readable(rows, as_rule) if one.draft.enabled)


def as_destination(row: Mapping[str, Any]) -> StoredDestination:
    """Raises InvalidInput for a row that was not written by this code."""
    try:
        draft = DestinationDraft(
            name=row["destination_name"],
            aliases=tuple(row["destination_aliases"] or ()),
            kind=DestinationKind(row["destination_kind"]),
            number=row["destination_number"],
            secretary_uuid=row["voice_secretary_uuid"],
            order=row["destination_order"],
            enabled=row["destination_enabled"],
            description=row["destination_description"] or "",
        )
    except ValidationError as error:
        path, message = first_problem(error, prefix="destination")
        raise InvalidInput(message, field=path) from error
    return StoredDestination(destination_uuid=row["voice_transfer_destination_uuid"], draft=draft)


def as_rule(row: Mapping[str, Any]) -> StoredRule:
    """Raises InvalidInput for a row that was not written by this code."""
    try:
        draft = RuleDraft(
            intent=row["rule_intent"] or "transfer",
            phrases=tuple(row["rule_phrases"]),
            destination_uuid=row["voice_transfer_destination_uuid"],
            language=row["rule_language"],
            priority=row["rule_priority"],
            immediate=row["rule_immediate"],
            secretary_uuid=row["voice_secretary_uuid"],
            enabled=row["rule_enabled"] and row["destination_enabled"],
        )
    except ValidationError as error:
        path, message = first_problem(error, prefix="rule")
        raise InvalidInput(message, field=path) from error
    return StoredRule(
        rule_uuid=row["voice_transfer_rule_uuid"], destination=row["destination_name"], draft=draft
    )


def _readable(rows: Iterable[Mapping[str, Any]], parse: Callable[[Mapping[str, Any]], T]) -> Iterator[T]:
    for row in rows:
        try:
            yield parse(row)
        except InvalidInput as error:
            _log.error("a stored row is not usable", field=error.field, uuid=str(next(iter(row.values()))))
