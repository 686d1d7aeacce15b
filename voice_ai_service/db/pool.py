"""Connections as the service's role: one transaction, one tenant.

    async with db.tenant(domain_uuid) as connection:
        row = await connection.fetchrow(SQL.find_secretary, extension)

Row-level security shows a transaction the rows of its tenant and no others. A connection from `open()`
carries no tenant: it sees no row of any `v_voice_*` table and is for the definer functions that the door and
the workers use.

Nothing here survives a transaction (the tenant is set with `set_config(..., true)`), so connections go back
to the pool without asyncpg's reset, which would cost a round trip every time.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import structlog

from voice_ai_service import errors
from voice_ai_service.db import migrate, queries
from voice_ai_service.db.driver import (
    DRIVER_ERRORS,
    SERVICE_ROLE,
    Connection,
    database_errors,
    is_closed,
    prepare_connection,
)

__all__ = ["SERVICE_ROLE", "Connection", "Database", "PoolOptions", "as_owner", "savepoint"]

_SQL = queries.load(__package__, "pool.sql")
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class PoolOptions:
    """
    Attributes:
        size: Connections at most.
        acquire_timeout_s: Waiting for a free connection; then `Unavailable`.
        connect_timeout_s: Waiting for the server to accept one.
        statement_timeout_s: The server gives up a statement; ours waits a little longer before it cuts the
            line.
        role: The role that every connection takes. The URL's own role must be a member of it.
    """

    size: int = 10
    acquire_timeout_s: float = 5.0
    connect_timeout_s: float = 5.0
    statement_timeout_s: float = 10.0
    role: str = SERVICE_ROLE


class _ServiceConnection(asyncpg.Connection):  # type: ignore[misc]  # asyncpg has no types
    def get_reset_query(self) -> str:
        return ""


class Database:
    """The service's connections. Made by `connect`, closed by `close`; whoever connects closes."""

    def __init__(self, pool: asyncpg.Pool, options: PoolOptions) -> None:
        self._pool = pool
        self._options = options

    @classmethod
    async def connect(cls, url: str, options: PoolOptions | None = None) -> Database:
        """Open a pool and make sure that row-level security holds for it.

        Args:
            url: `postgresql://`; its role is a member of the service's role, the tables' owner or not.

        Raises:
            errors.Unavailable: No server, a role that is missing, or a role that row-level security does not
                bind.
        """
        options = options or PoolOptions()
        with database_errors(None):
            pool = await asyncpg.create_pool(
                url,
                min_size=min(2, options.size),
                max_size=options.size,
                max_inactive_connection_lifetime=300.0,
                timeout=options.connect_timeout_s,
                command_timeout=options.statement_timeout_s + 5.0,
                connection_class=_ServiceConnection,
                init=prepare_connection,
                server_settings=_server_settings(options),
            )
        database = cls(pool, options)
        try:
            await database._refuse_unbound_role()
            await database._refuse_old_schema()
        except BaseException:
            pool.terminate()
            raise
        return database

    async def close(self) -> None:
        """Wait a moment for connections in use, then cut them."""
        try:
            async with asyncio.timeout(5.0):
                await self._pool.close()
        except TimeoutError:
            _log.warning("database connections were still in use at close")
            self._pool.terminate()

    @asynccontextmanager
    async def tenant(self, domain_uuid: UUID, *, durable: bool = True) -> AsyncIterator[Connection]:
        """A transaction that sees and writes one domain's rows; committed at the end, rolled back on error.

        Args:
            durable: False does not wait for the disk: a crash of the database's machine (not of this process)
                may lose the last half second. For journals that are written every turn.

        For savepoints use `savepoint(connection)`, not `connection.transaction()`.

        Raises:
            errors.Unavailable: The database is not there, or is too slow.
        """
        if not isinstance(domain_uuid, UUID):
            raise TypeError("domain_uuid is a UUID: it becomes part of a statement")
        # One round trip instead of two: statements with parameters cannot be joined, and a UUID's text is
        # hexadecimal digits and dashes whatever it came from.
        begin = f"BEGIN; SELECT set_config('voice_ai.domain_uuid', '{UUID(int=domain_uuid.int)}', true)"
        if not durable:
            begin += "; SET LOCAL synchronous_commit TO off"
        async with self._acquired() as connection:
            try:
                await connection.execute(begin)
                yield connection
                ended = await connection.execute("COMMIT")
            except BaseException:
                await _roll_back(connection)
                raise
            if ended != "COMMIT":
                raise RuntimeError("nothing was stored: an error inside this transaction was swallowed")

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Connection]:
        """A connection without a tenant and without a transaction, for definer functions.

        Raises:
            errors.Unavailable: The database is not there, or is too slow.
        """
        async with self._acquired() as connection:
            yield connection

    async def ping(self) -> None:
        """One round trip.

        Raises:
            errors.Unavailable: No answer.
        """
        async with self.open() as connection:
            await connection.fetchval("SELECT 1")

    @asynccontextmanager
    async def _acquired(self) -> AsyncIterator[asyncpg.pool.PoolConnectionProxy]:
        with database_errors(None):
            connection = await self._pool.acquire(timeout=self._options.acquire_timeout_s)
        try:
            with database_errors(connection):
                yield connection
        finally:
            # A dead connection cannot be given back; the pool makes another.
            with contextlib.suppress(*DRIVER_ERRORS, OSError):
                await self._pool.release(connection, timeout=self._options.acquire_timeout_s)

    async def _refuse_unbound_role(self) -> None:
        async with self.open() as connection:
            row = await connection.fetchrow(_SQL.role_facts)
        name = row["role_name"]
        if row["is_superuser"] or row["bypasses_rls"]:
            raise errors.Unavailable(
                f"the database role {name} is not bound by row-level security",
                fix=f"ALTER ROLE {name} NOSUPERUSER NOBYPASSRLS, or connect as a login that is a member of "
                f"{SERVICE_ROLE}",
            )
        if row["owns_tables"]:
            raise errors.Unavailable(
                f"the database role {name} owns v_voice_* tables, so row-level security would not bind it",
                fix=f"run the migrations as the tables' owner and the service as a member of {SERVICE_ROLE}",
            )

    async def _refuse_old_schema(self) -> None:
        """A newer one is accepted: while processes are replaced one by one, the old ones meet it."""
        needed = (await asyncio.to_thread(migrate.known))[-1].version
        async with self.open() as connection:
            found = 0
            if await connection.fetchval(_SQL.has_schema_version):
                found = await connection.fetchval(_SQL.schema_version)
        if found < needed:
            raise errors.Unavailable(
                f"the database's schema is older than this program (version {found}, needed {needed})",
                fix="run `voice-ai migrate`",
            )


@asynccontextmanager
async def as_owner(owner_url: str) -> AsyncIterator[asyncpg.Connection]:
    """One connection as the tables' owner, whom row-level security does not bind: for commands of the operator
    that concern all tenants, never for requests.

    Raises:
        errors.Unavailable: No database, or it refuses the credential.
    """
    with database_errors(None):
        connection = await asyncpg.connect(owner_url, timeout=10)
    try:
        with database_errors(connection):
            await prepare_connection(connection)
            yield connection
    finally:
        await connection.close(timeout=5)


@asynccontextmanager
async def savepoint(connection: Connection, name: str = "step") -> AsyncIterator[None]:
    """Inside `Database.tenant`: what is in the block is undone on error, the transaction goes on.

    Args:
        name: An identifier; nested savepoints need different ones.
    """
    if not name.isidentifier():
        raise ValueError("a savepoint's name is an identifier")
    await connection.execute(f'SAVEPOINT "{name}"')
    try:
        yield
    except BaseException:
        if not is_closed(connection):
            await connection.execute(f'ROLLBACK TO SAVEPOINT "{name}"')
        raise
    await connection.execute(f'RELEASE SAVEPOINT "{name}"')


def _server_settings(options: PoolOptions) -> dict[str, str]:
    return {
        "application_name": "voice-ai",
        "role": options.role,
        "statement_timeout": str(int(options.statement_timeout_s * 1000)),
        "lock_timeout": str(int(options.statement_timeout_s * 1000)),
        "idle_in_transaction_session_timeout": "60000",
        "jit": "off",  # compiling costs more than any statement of ours
        "timezone": "UTC",
    }


async def _roll_back(connection: asyncpg.pool.PoolConnectionProxy) -> None:
    """Ends the transaction or, where that is impossible, the connection."""
    if is_closed(connection):
        return
    try:
        await connection.execute("ROLLBACK")
    except (asyncpg.PostgresError, *DRIVER_ERRORS, OSError):
        connection.terminate()
    except asyncio.CancelledError:
        connection.terminate()
        raise
