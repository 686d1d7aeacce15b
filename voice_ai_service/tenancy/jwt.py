"""JWTs of an external issuer (RFC 7519), checked against its published keys (JWKS, RFC 7517).

Only asymmetric signatures: with a shared secret whoever can check a token can also make one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import httpx
import jwt
import structlog

from voice_ai_service import errors
from voice_ai_service.clock import Clock
from voice_ai_service.tenancy.tenant import PBX_REACH, Credential, Scope

REFRESH_EVERY_S: Final = 600.0
REFRESH_AT_MOST_EVERY_S: Final = 30.0
"""An unknown key id makes us ask the issuer, but not for everyone who invents one."""
FETCH_TIMEOUT_S: Final = 5.0
LEEWAY_S: Final = 30.0
MAX_TOKEN_CHARACTERS: Final = 8192
MAX_JWKS_BYTES: Final = 1024 * 1024
MAX_SUBJECT_CHARACTERS: Final = 200

_ALGORITHMS: Final[Mapping[str, tuple[str, ...]]] = {
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "EC": ("ES256", "ES384", "ES512"),
    "OKP": ("EdDSA",),
}

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class JwtIssuer:
    """
    Attributes:
        jwks_url: Where the issuer publishes its keys; the operator's own choice, so it may be a private
            address.
        domain_claim: The claim that holds the domain's uuid.
    """

    jwks_url: str
    issuer: str
    audience: str
    domain_claim: str = "domain_uuid"


@dataclass(frozen=True, slots=True)
class _Key:
    key: Any
    algorithms: tuple[str, ...]


class JwtVerifier:
    """Checks JWTs. `run` keeps the keys fresh and belongs in the process's task group.

    Args:
        client: Closed by whoever made it.
    """

    def __init__(self, issuer: JwtIssuer, client: httpx.AsyncClient, clock: Clock) -> None:
        self._issuer = issuer
        self._client = client
        self._clock = clock
        self._keys: dict[str, _Key] = {}
        self._fetched_at: float | None = None
        self._fetching = asyncio.Lock()

    async def run(self) -> None:
        """Fetch the keys now, and again every ten minutes. An issuer that is away leaves us with what we
        have."""
        while True:
            await self._refresh()
            await self._clock.sleep(REFRESH_EVERY_S)

    async def verify(self, token: str) -> Credential:
        """
        Raises:
            errors.Unauthenticated: Not signed by the issuer, not for us, run out, or without a domain.
        """
        if len(token) > MAX_TOKEN_CHARACTERS:
            raise _refused("it is too long")
        key = await self._key_of(token)
        try:
            claims = jwt.decode(
                token,
                key=key.key,
                algorithms=list(key.algorithms),
                audience=self._issuer.audience,
                issuer=self._issuer.issuer,
                # Times are checked below, on our clock.
                options={
                    "require": ["exp", "iss", "aud"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.PyJWTError as error:
            raise _refused("its signature or claims do not hold", detail=type(error).__name__) from error
        self._check_times(claims)
        return Credential(_subject(claims), self._domain(claims), _scopes(claims))

    async def _key_of(self, token: str) -> _Key:
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError as error:
            raise _refused("it cannot be read") from error
        key_id = header.get("kid", "")
        if key_id not in self._keys and self._may_refresh():
            await self._refresh()
        key = self._keys.get(key_id)
        if key is None and not key_id and len(self._keys) == 1:
            key = next(iter(self._keys.values()))
        if key is None or header.get("alg") not in key.algorithms:
            raise _refused("the issuer does not know the key it is signed with")
        return key

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now = self._clock.now().timestamp()
        expires, not_before = claims["exp"], claims.get("nbf", 0)
        for value in (expires, not_before):
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise _refused("its times are not numbers")
        if expires + LEEWAY_S <= now:
            raise _refused("it has run out")
        if not_before - LEEWAY_S > now:
            raise _refused("it is not valid yet")

    def _domain(self, claims: Mapping[str, Any]) -> UUID:
        """A JWT always reaches one domain: the PBX's own reach is only for our own tokens."""
        value = claims.get(self._issuer.domain_claim)
        try:
            domain_uuid = UUID(value) if isinstance(value, str) else PBX_REACH
        except ValueError:
            domain_uuid = PBX_REACH
        if domain_uuid == PBX_REACH:
            raise _refused(f"its claim {self._issuer.domain_claim} names no domain")
        return domain_uuid

    def _may_refresh(self) -> bool:
        if self._fetched_at is None:
            return True
        return self._clock.monotonic() - self._fetched_at >= REFRESH_AT_MOST_EVERY_S

    async def _refresh(self) -> None:
        asked_at = self._fetched_at
        async with self._fetching:
            if self._fetched_at != asked_at:
                return  # somebody else did while we waited
            self._fetched_at = self._clock.monotonic()
            try:
                self._keys = _keys_in(await self._fetch())
            except (httpx.HTTPError, ValueError) as error:
                _log.warning("the JWT issuer's keys could not be fetched", kind=type(error).__name__)

    async def _fetch(self) -> Any:
        response = await self._client.get(
            self._issuer.jwks_url, timeout=FETCH_TIMEOUT_S, headers={"Accept": "application/json"}
        )
        response.raise_for_status()
        if len(response.content) > MAX_JWKS_BYTES:
            raise ValueError("the key set is too large")
        return response.json()


def _keys_in(document: Any) -> dict[str, _Key]:
    """The signing keys of a key set, by key id; others are passed over.

    Raises:
        ValueError: No key set, or none with a key for us.
    """
    entries = document.get("keys") if isinstance(document, dict) else None
    keys: dict[str, _Key] = {}
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
            continue
        allowed = _ALGORITHMS.get(entry.get("kty", ""), ())
        stated = entry.get("alg")
        algorithms = allowed if stated is None else tuple(name for name in allowed if name == stated)
        if not algorithms:
            continue
        try:
            keys[str(entry.get("kid", ""))] = _Key(jwt.PyJWK(entry, algorithms[0]).key, algorithms)
        except jwt.PyJWTError as error:
            _log.warning("a key of the JWT issuer was passed over", kind=type(error).__name__)
    if not keys:
        raise ValueError("no signing key in the key set")
    return keys


def _subject(claims: Mapping[str, Any]) -> str:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        return "jwt"
    return subject[:MAX_SUBJECT_CHARACTERS]


def _scopes(claims: Mapping[str, Any]) -> frozenset[Scope]:
    """`scope` as in RFC 8693 (words with spaces between them), or `scopes`/`scp` as a list. Ours only."""
    value = claims.get("scope", claims.get("scopes", claims.get("scp", "")))
    names = value.split() if isinstance(value, str) else value if isinstance(value, list) else []
    known = {scope.value for scope in Scope}
    return frozenset(Scope(name) for name in names if isinstance(name, str) and name in known)


def _refused(why: str, *, detail: str | None = None) -> errors.Unauthenticated:
    return errors.Unauthenticated(
        f"the token is not accepted: {why}",
        field="Authorization",
        fix="get a new one from the issuer",
        detail=detail,
    )
