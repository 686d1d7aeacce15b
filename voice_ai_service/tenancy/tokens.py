"""Tokens: random, shown once, kept as a hash.

A token is `vai_` and 32 random bytes. SHA-256 without salt is enough to keep it: there is nothing to guess.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog

from voice_ai_service import errors
from voice_ai_service.clock import Clock
from voice_ai_service.db import queries
from voice_ai_service.db.pool import Connection, Database
from voice_ai_service.tenancy.tenant import PBX_REACH, Credential, Scope

PREFIX: Final = "vai_"
RANDOM_BYTES: Final = 32
TOKEN_LENGTH: Final = len(PREFIX) + 43
"""43 characters of unpadded URL-safe base64 hold 32 bytes."""
TOUCH_EVERY_S: Final = 60.0
MAX_UNWRITTEN: Final = 10_000

_SQL = queries.load(__package__, "tokens.sql")
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class FoundToken:
    """What the door learns of a token that is enabled and has not run out."""

    token_uuid: UUID
    domain_uuid: UUID
    scopes: frozenset[Scope]
    expires_at: datetime | None

    @property
    def credential(self) -> Credential:
        bound_to = None if self.domain_uuid == PBX_REACH else self.domain_uuid
        return Credential(str(self.token_uuid), bound_to, self.scopes)


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One row as lists show it; the token itself is not known any more.

    Attributes:
        hint: The token's last four characters.
        domain_uuid: None for a token of the PBX itself.
    """

    token_uuid: UUID
    domain_uuid: UUID | None
    name: str
    hint: str
    scopes: frozenset[Scope]
    enabled: bool
    expires_at: datetime | None
    last_used_at: datetime | None
    made_at: datetime


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A new token: the only moment at which its text is known."""

    token_uuid: UUID
    text: str


def make_token() -> str:
    return PREFIX + secrets.token_urlsafe(RANDOM_BYTES)


def hash_token(text: str) -> str:
    """SHA-256 in hex, as `token_hash` keeps it."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def looks_like_token(text: str) -> bool:
    """Whether it is worth asking the database."""
    return len(text) == TOKEN_LENGTH and text.startswith(PREFIX) and text.isascii()


class Tokens:
    """Tokens in the database, as the service's role."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def find(self, token_hash: str) -> FoundToken | None:
        """The enabled, unexpired token with this hash."""
        async with self._db.open() as connection:
            row = await connection.fetchrow(_SQL.find, token_hash)
        if row is None:
            return None
        return FoundToken(
            row["voice_token_uuid"], row["domain_uuid"], _scopes(row["token_scopes"]), row["expires_date"]
        )

    async def create(
        self, domain_uuid: UUID, *, name: str, scopes: Iterable[Scope], expires_at: datetime | None = None
    ) -> IssuedToken:
        """A token bound to one domain.

        Args:
            expires_at: Timezone-aware; None never runs out.

        Raises:
            errors.InvalidInput: An expiry without a time zone.
        """
        async with self._db.tenant(domain_uuid) as connection:
            return await insert_token(
                connection, domain_uuid, name=name, scopes=scopes, expires_at=expires_at
            )

    async def list(self, domain_uuid: UUID) -> tuple[TokenRow, ...]:
        """The domain's tokens, newest first."""
        async with self._db.tenant(domain_uuid) as connection:
            return await list_tokens(connection, domain_uuid)

    async def revoke(self, domain_uuid: UUID, token_uuid: UUID) -> str:
        """The token stops working, within seconds everywhere.

        Returns:
            Its hash, for `Door.forget`.

        Raises:
            errors.NotFound: The domain has no such token.
        """
        async with self._db.tenant(domain_uuid) as connection:
            return await revoke_token(connection, domain_uuid, token_uuid)

    async def make_first_pbx_token(self, scopes: Iterable[Scope] = tuple(Scope)) -> IssuedToken | None:
        """The PBX's own token, if there is no valid one yet; safe to call from several processes at once.

        Returns:
            None when there is one. Another is the tables' owner's to make: `insert_token` with `PBX_REACH`.
        """
        text = make_token()
        async with self._db.open() as connection:
            if await connection.fetchval(_SQL.pbx_token_exists):
                return None
            token_uuid = await connection.fetchval(
                _SQL.insert_pbx, "first start", hash_token(text), text[-4:], _as_json(scopes)
            )
        return None if token_uuid is None else IssuedToken(token_uuid, text)

    async def touch(self, token_uuids: Iterable[UUID]) -> None:
        """Note that they were used just now; written at most once a minute each."""
        async with self._db.open() as connection:
            await connection.execute(_SQL.touch, list(token_uuids))


class TokenUse:
    """Remembers which tokens were used and writes it now and then, never while a request waits.

    `run` belongs in the process's task group; cancelling it writes what is left.
    """

    def __init__(self, tokens: Tokens, clock: Clock) -> None:
        self._tokens = tokens
        self._clock = clock
        self._unwritten: set[UUID] = set()

    def note(self, token_uuid: UUID) -> None:
        """At most `MAX_UNWRITTEN` are remembered; more are not, their time of use stays what it was."""
        if len(self._unwritten) < MAX_UNWRITTEN:
            self._unwritten.add(token_uuid)

    async def run(self) -> None:
        try:
            while True:
                await self._clock.sleep(TOUCH_EVERY_S)
                await self.write()
        finally:
            await self.write()

    async def write(self) -> None:
        used, self._unwritten = self._unwritten, set()
        if not used:
            return
        try:
            await self._tokens.touch(used)
        except errors.Unavailable:
            _log.warning("the tokens' time of use was not written", tokens=len(used))


async def insert_token(
    connection: Connection,
    domain_uuid: UUID,
    *,
    name: str,
    scopes: Iterable[Scope],
    expires_at: datetime | None = None,
) -> IssuedToken:
    """Make a token on a connection that may write it: a tenant's own, or the owner's for `PBX_REACH`."""
    if expires_at is not None and expires_at.tzinfo is None:
        raise errors.InvalidInput(
            "expires_at needs a time zone", field="expires_at", fix="end it with Z or +00:00"
        )
    text = make_token()
    row = await connection.fetchrow(
        _SQL.insert, domain_uuid, name, hash_token(text), text[-4:], _as_json(scopes), expires_at
    )
    return IssuedToken(row["voice_token_uuid"], text)


async def list_tokens(connection: Connection, domain_uuid: UUID) -> tuple[TokenRow, ...]:
    return tuple(_row(row) for row in await connection.fetch(_SQL.list_all, domain_uuid))


async def revoke_token(connection: Connection, domain_uuid: UUID, token_uuid: UUID) -> str:
    token_hash: str | None = await connection.fetchval(_SQL.revoke, token_uuid, domain_uuid)
    if token_hash is None:
        raise errors.NotFound("there is no such token", field="token_uuid")
    return token_hash


def _row(row: Any) -> TokenRow:
    return TokenRow(
        token_uuid=row["voice_token_uuid"],
        domain_uuid=None if row["domain_uuid"] == PBX_REACH else row["domain_uuid"],
        name=row["token_name"] or "",
        hint=row["token_hint"] or "",
        scopes=_scopes(row["token_scopes"]),
        enabled=row["token_enabled"],
        expires_at=row["expires_date"],
        last_used_at=row["last_used_date"],
        made_at=row["insert_date"],
    )


def _as_json(scopes: Iterable[Scope]) -> list[str]:
    return sorted(scope.value for scope in scopes)


def _scopes(names: Iterable[str]) -> frozenset[Scope]:
    """Scopes this program knows; one of a newer program grants nothing here."""
    known = {scope.value for scope in Scope}
    return frozenset(Scope(name) for name in names if name in known)
