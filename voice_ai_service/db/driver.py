"""asyncpg as the rest of this package sees it: values in our types, errors in our tree."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Final, Protocol

import asyncpg
import pgvector.asyncpg

from voice_ai_service import errors
from voice_ai_service.db import queries

SERVICE_ROLE: Final = "voice_ai_service"
"""The group role that row-level security is written for; see migrations/0006."""

DRIVER_ERRORS: Final = (asyncpg.InterfaceError, asyncpg.InternalClientError)

_GONE: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.InternalClientError,  # the server hung up while the connection was idle
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
)
_TOO_SLOW: Final = (asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError)
_FULL: Final = (asyncpg.InsufficientResourcesError, asyncpg.PostgresIOError)

_SQL = queries.load(__package__, "pool.sql")


class Connection(Protocol):
    """What a repository may do with a connection; asyncpg's own methods, with `$1` parameters. Rows are
    mappings."""

    async def execute(self, query: str, *arguments: object) -> str: ...
    async def executemany(self, query: str, arguments: Iterable[Sequence[object]]) -> None: ...
    async def fetch(self, query: str, *arguments: object) -> list[Any]: ...
    async def fetchrow(self, query: str, *arguments: object) -> Any: ...
    async def fetchval(self, query: str, *arguments: object) -> Any: ...
    def is_closed(self) -> bool: ...


async def prepare_connection(connection: asyncpg.Connection) -> None:
    """jsonb as Python values, numeric as int or Decimal, pgvector's types where the extension is."""
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


def is_closed(connection: Connection) -> bool:
    """Also when the pool has taken it back."""
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:
        return True


@contextmanager
def database_errors(connection: Connection | None) -> Iterator[None]:
    """Maps what the driver raises; with None while connecting. What only a bug of ours can cause stays as it
    is."""
    try:
        yield
    except (asyncpg.UntranslatableCharacterError, asyncpg.CharacterNotInRepertoireError) as error:
        raise errors.InvalidInput(
            "the text has a character that cannot be stored", fix="remove NUL characters", detail=str(error)
        ) from error
    except _TOO_SLOW as error:
        raise errors.Unavailable("the database did not answer in time", detail=str(error)) from error
    except _FULL as error:
        raise errors.Unavailable(
            "the database has run out of disk, memory or connections", fix="see its log", detail=str(error)
        ) from error
    except asyncpg.InvalidAuthorizationSpecificationError as error:
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
        if connection is not None and not is_closed(connection) and not isinstance(error, TimeoutError):
            raise
        raise errors.Unavailable(
            "the database is not reachable",
            fix="check that it runs, and VOICE_AI_DATABASE_URL",
            detail=str(error),
        ) from error
