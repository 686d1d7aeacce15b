"""The database as its owner sees it: past row-level security, for preparing and for comparing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from tests.component.api.background import BackgroundLoop
from voice_ai_service.tenancy.tenant import Scope
from voice_ai_service.tenancy.tokens import insert_token

VOLATILE = ("last_used_date",)
"""Columns that reading alone changes."""


@dataclass(frozen=True)
class Owner:
    background: BackgroundLoop
    connection: asyncpg.Connection

    @classmethod
    def connect(cls, background: BackgroundLoop, url: str) -> Owner:
        async def connect() -> asyncpg.Connection:
            connection = await asyncpg.connect(url)
            await connection.set_type_codec(
                "jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog"
            )
            return connection

        return cls(background, background.run(connect()))

    def close(self) -> None:
        self.background.run(self.connection.close())

    def execute(self, statement: str, *values: object) -> str:
        return str(self.background.run(self.connection.execute(statement, *values)))

    def rows(self, statement: str, *values: object) -> list[dict[str, Any]]:
        return [dict(row) for row in self.background.run(self.connection.fetch(statement, *values))]

    def value(self, statement: str, *values: object) -> Any:
        return self.background.run(self.connection.fetchval(statement, *values))

    def make_domain(self, name: str, *, enabled: bool = True) -> UUID:
        domain_uuid = uuid4()
        self.execute(
            "INSERT INTO v_domains (domain_uuid, domain_name, domain_enabled) VALUES ($1, $2, $3)",
            domain_uuid,
            name,
            enabled,
        )
        return domain_uuid

    def issue_token(self, domain_uuid: UUID, scopes: Iterable[Scope]) -> str:
        issued = insert_token(self.connection, domain_uuid, name="by the owner", scopes=scopes)
        return self.background.run(issued).text

    def tables(self) -> list[str]:
        found = self.rows(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            r" AND relname LIKE 'v\_voice\_%' ORDER BY relname"
        )
        return [row["relname"] for row in found]

    def all_of(self, domain_uuid: UUID) -> dict[str, list[str]]:
        """Every row of a domain in every table, as text, to be compared with what is there later."""
        kept = "".join(f" - '{column}'" for column in VOLATILE)
        return {
            table: [
                row["content"]
                for row in self.rows(
                    f"SELECT (to_jsonb(t){kept})::text AS content FROM {table} AS t"
                    " WHERE domain_uuid = $1 ORDER BY content",
                    domain_uuid,
                )
            ]
            for table in self.tables()
        }
