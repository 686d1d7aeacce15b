"""Migrations: `migrations/NNNN_name.{up,down}.sql`, each in a transaction of its own, one runner at a time.

What ran is written to `voice_ai.migrations`, in a schema of our own: every table among FusionPBX's belongs to
a domain, this one does not.
"""

from __future__ import annotations

import hashlib
import re
import sysconfig
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import asyncpg
import structlog

from voice_ai_service import errors
from voice_ai_service.db import queries

_FILE = re.compile(r"^(?P<version>\d{4})_(?P<name>[a-z0-9_]+)\.up\.sql$")
_LOCK: Final = 0x766F6963  # "voic": any number that nobody else in this database locks
_SQL = queries.load(__package__, "migrate.sql")
_log = structlog.get_logger()


@dataclass(frozen=True)
class Migration:
    version: int
    name: str
    up_file: Path

    @cached_property
    def up_sql(self) -> str:
        return self.up_file.read_text(encoding="utf-8")

    @cached_property
    def down_sql(self) -> str:
        down_file = self.up_file.with_name(self.up_file.name.replace(".up.sql", ".down.sql"))
        if not down_file.exists():
            raise errors.NotFound(f"migration {self.version:04} has no way back: {down_file.name} is missing")
        return down_file.read_text(encoding="utf-8")

    @property
    def checksum(self) -> str:
        """SHA-256 of the way up, in hex; line ends do not count."""
        return hashlib.sha256("\n".join(self.up_sql.splitlines()).encode()).hexdigest()


def migrations_folder() -> Path:
    """The repository's `migrations`, or where the wheel puts it.

    Raises:
        errors.NotFound: An installation without them.
    """
    places = (
        Path(__file__).resolve().parents[2] / "migrations",
        Path(sysconfig.get_path("data")) / "share" / "voice-ai" / "migrations",
    )
    for place in places:
        if (place / "0001_domains.up.sql").exists():
            return place
    raise errors.NotFound("the migrations are not installed", fix="install voice-ai again")


def known(folder: Path | None = None) -> tuple[Migration, ...]:
    """All migrations, oldest first.

    Raises:
        errors.Conflict: Two with one number.
    """
    found: dict[int, Migration] = {}
    for path in sorted((folder or migrations_folder()).glob("*.up.sql")):
        match = _FILE.match(path.name)
        if match is None:
            raise errors.Conflict(f"{path.name} is not named like 0001_name.up.sql")
        migration = Migration(int(match["version"]), match["name"], path)
        if migration.version in found:
            raise errors.Conflict(f"two migrations have the number {migration.version:04}")
        found[migration.version] = migration
    return tuple(found.values())


async def up(owner_url: str, *, to: int | None = None, folder: Path | None = None) -> tuple[Migration, ...]:
    """Run what has not run yet, up to and including version `to`.

    Args:
        owner_url: The database as the tables' owner; on FusionPBX, FusionPBX's own role.

    Returns:
        What ran; empty when there was nothing to do.

    Raises:
        errors.Conflict: A migration was changed after it ran here, or the database is newer than this
            program.
        errors.Unavailable: No database, or a role without the right to do this; `fix` says what a DBA must
            run.
    """
    migrations = known(folder)
    async with _locked(owner_url) as connection:
        applied = await _applied(connection)
        _refuse_surprises(migrations, applied)
        todo = [m for m in migrations if m.version not in applied and (to is None or m.version <= to)]
        for migration in todo:
            await _run(connection, migration, migration.up_sql, _SQL.record, _record_of(migration))
        await connection.execute(_SQL.adopt_vectors)
    return tuple(todo)


async def down(owner_url: str, *, to: int, folder: Path | None = None) -> tuple[Migration, ...]:
    """Take back everything newer than version `to`; 0 takes back all.

    Returns:
        What was taken back, newest first.

    Raises:
        errors.Conflict, errors.Unavailable: As `up`.
        errors.NotFound: One of them has no way back.
    """
    migrations = known(folder)
    async with _locked(owner_url) as connection:
        applied = await _applied(connection)
        _refuse_surprises(migrations, applied)
        todo = [m for m in reversed(migrations) if m.version in applied and m.version > to]
        for migration in todo:
            await _run(connection, migration, migration.down_sql, _SQL.forget, [migration.version])
    return tuple(todo)


async def pending(owner_url: str, *, folder: Path | None = None) -> tuple[Migration, ...]:
    """What `up` would run. Changes nothing.

    Raises:
        errors.Conflict, errors.Unavailable: As `up`.
    """
    migrations = known(folder)
    async with _connected(owner_url) as connection:
        has_table = await connection.fetchval(_SQL.has_bookkeeping)
        applied = await _applied(connection) if has_table else {}
    _refuse_surprises(migrations, applied)
    return tuple(m for m in migrations if m.version not in applied)


async def _run(
    connection: asyncpg.Connection,
    migration: Migration,
    sql: str,
    bookkeeping: str,
    arguments: Sequence[object],
) -> None:
    try:
        async with connection.transaction():
            await connection.execute(sql)
            await connection.execute(bookkeeping, *arguments)
    except asyncpg.InsufficientPrivilegeError as error:
        raise errors.Unavailable(
            f"migration {migration.version:04} ({migration.name}) may not do what it must: {error}",
            fix=getattr(error, "hint", None) or "run it as the owner of the tables and of the database",
        ) from error
    except asyncpg.PostgresError as error:
        raise errors.Conflict(
            f"migration {migration.version:04} ({migration.name}) does not fit this database: {error}",
            fix=getattr(error, "hint", None),
            detail=getattr(error, "detail", None),
        ) from error
    _log.info("migration ran", version=migration.version, name=migration.name)


def _record_of(migration: Migration) -> list[object]:
    return [migration.version, migration.name, migration.checksum]


async def _applied(connection: asyncpg.Connection) -> dict[int, str]:
    return {row["version"]: row["checksum"] for row in await connection.fetch(_SQL.applied)}


def _refuse_surprises(migrations: Sequence[Migration], applied: dict[int, str]) -> None:
    for migration in migrations:
        checksum = applied.get(migration.version)
        if checksum is not None and checksum != migration.checksum:
            raise errors.Conflict(
                f"migration {migration.version:04} ({migration.name}) was changed after it ran here",
                fix="restore the file, and write what is new as a migration of its own",
            )
    newest = max((m.version for m in migrations), default=0)
    if max(applied, default=0) > newest:
        raise errors.Conflict(
            f"the database is at migration {max(applied):04}, this program knows {newest:04}",
            fix="install the newer voice-ai",
        )


@asynccontextmanager
async def _connected(owner_url: str) -> AsyncIterator[asyncpg.Connection]:
    try:
        connection = await asyncpg.connect(
            owner_url,
            timeout=10,
            server_settings={"search_path": "public", "application_name": "voice-ai migrate"},
        )
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise errors.Unavailable(
            "the database is not reachable as the tables' owner",
            fix="check VOICE_AI_OWNER_DATABASE_URL",
            detail=str(error),
        ) from error
    try:
        yield connection
    finally:
        await connection.close(timeout=5)


@asynccontextmanager
async def _locked(owner_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Session lock: it goes with the connection, whatever happens to us."""
    async with _connected(owner_url) as connection:
        await connection.execute(_SQL.lock, _LOCK)
        try:
            await connection.execute(_SQL.bookkeeping)
        except asyncpg.InsufficientPrivilegeError as error:
            raise errors.Unavailable(
                f"the migrations' own schema cannot be made: {error}",
                fix="as a superuser: GRANT CREATE ON DATABASE <database> TO <role>",
            ) from error
        yield connection
