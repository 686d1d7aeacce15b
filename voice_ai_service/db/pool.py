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
import json
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Protocol
from uuid import UUID

import asyncpg
import pgvector.asyncpg
import structlog

from voice_ai_service import errors
from voice_ai_service.db import queries

SERVICE_ROLE: Final = "voice_ai_service"
"""The group role that row-level security is written for; see migrations/0006."""

_DRIVER_ERRORS: Final = (asyncpg.InterfaceError, asyncpg.InternalClientError)
_SQL = queries.load(__package__, "pool.sql")
_log = structlog.get_logger()


class Connection(Protocol):
    """What a repository may do with a connection; asyncpg's own methods, with `$1` parameters. Rows are
    mappings."""

    async def execute(self, query: str, *arguments: object) -> str: ...
    async def executemany(self, query: str, arguments: Iterable[Sequence[object]]) -> None: ...
    async def fetch(self, query: str, *arguments: object) -> list[Any]: ...
    async def fetchrow(self, query: str, *arguments: object) -> Any: ...
    async def fetchval(self, query: str, *arguments: object) -> Any: ...
    def is_closed(self) -> bool: ...


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
        with _database_errors(None):
            pool = await asyncpg.create_pool(
                url,
                min_size=min(2, options.size),
                max_size=options.size,
                max_inactive_connection_lifetime=300.0,
                timeout=options.connect_timeout_s,
                command_timeout=options.statement_timeout_s + 5.0,
                connection_class=_ServiceConnection,
                init=_prepare_connection,
                server_settings=_server_settings(options),
            )
        database = cls(pool, options)
        try:
            await database._refuse_unbound_role()
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
        with _database_errors(None):
            connection = await self._pool.acquire(timeout=self._options.acquire_timeout_s)
        try:
            with _database_errors(connection):
                yield connection
        finally:
            # A dead connection cannot be given back; the pool makes another.
            with contextlib.suppress(*_DRIVER_ERRORS, OSError):
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


@asynccontextmanager
async def as_owner(owner_url: str) -> AsyncIterator[asyncpg.Connection]:
    """One connection as the tables' owner, whom row-level security does not bind: for commands of the operator
    that concern all tenants, never for requests.

    Raises:
        errors.Unavailable: No database, or it refuses the credential.
    """
    with _database_errors(None):
        connection = await asyncpg.connect(owner_url, timeout=10)
        await _prepare_connection(connection)
    try:
        with _database_errors(connection):
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
        if not _is_closed(connection):
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


async def _prepare_connection(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_to_json, decoder=json.loads, format="text"
    )
    await connection.set_type_codec(
        "numeric", schema="pg_catalog", encoder=str, decoder=_from_numeric, format="text"
    )
    schema = await connection.fetchval(_SQL.vector_schema)
    if schema is not None:
        await pgvector.asyncpg.register_vector(connection, schema=schema)


def _from_numeric(text: str) -> int | Decimal:
    """FusionPBX has no integer columns: what is written without a point is a count."""
    return int(text) if text.lstrip("-").isdecimal() else Decimal(text)


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


async def _roll_back(connection: asyncpg.pool.PoolConnectionProxy) -> None:
    """Ends the transaction or, where that is impossible, the connection."""
    if _is_closed(connection):
        return
    try:
        await connection.execute("ROLLBACK")
    except (asyncpg.PostgresError, *_DRIVER_ERRORS, OSError):
        connection.terminate()
    except asyncio.CancelledError:
        connection.terminate()
        raise


def _is_closed(connection: Connection) -> bool:
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:  # the pool has taken it back already
        return True


@contextmanager
def _database_errors(connection: Connection | None) -> Iterator[None]:
    """Maps what the driver raises; with None while connecting. What only a bug of ours can cause stays as it
    is."""
    try:
        yield
    except (asyncpg.UntranslatableCharacterError, asyncpg.CharacterNotInRepertoireError) as error:
        raise errors.InvalidInput(
            "the text has a character that cannot be stored", fix="remove NUL characters", detail=str(error)
        ) from error
    except asyncpg.QueryCanceledError as error:
        raise errors.Unavailable("the database did not answer in time", detail=str(error)) from error
    except asyncpg.InvalidPasswordError as error:
        raise errors.Unavailable(
            "the database refused the credential", fix="check VOICE_AI_DATABASE_URL", detail=str(error)
        ) from error
    except (asyncpg.InvalidParameterValueError, asyncpg.InsufficientPrivilegeError) as error:
        if connection is not None:
            raise
        raise errors.Unavailable(
            f"the database has no role {SERVICE_ROLE} that this login may take",
            fix=f"run `voice-ai migrate`, then GRANT {SERVICE_ROLE} TO the login of VOICE_AI_DATABASE_URL",
            detail=str(error),
        ) from error
    except _GONE as error:
        raise errors.Unavailable("the database is not reachable", detail=str(error)) from error
    except (asyncpg.InterfaceError, OSError, asyncpg.InvalidCatalogNameError) as error:
        # TimeoutError is an OSError. The block's own errors of these kinds pass while the line is up.
        if connection is not None and not _is_closed(connection) and not isinstance(error, TimeoutError):
            raise
        raise errors.Unavailable("the database is not reachable", detail=str(error)) from error


_GONE: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.InternalClientError,  # the server hung up while the connection was idle
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
)
