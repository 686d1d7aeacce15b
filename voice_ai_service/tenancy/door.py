"""The door: who asks, and for which domain. Every request and every socket passes here once.

    admission = await door.admit(authorization=..., api_key=..., header_domain=..., body_domain_uuid=...,
                                 body_domain_name=..., scope=Scope.CALLS, peer="127.0.0.1")

In this order, and only the first that fails is told: the credential is known (401); what names a domain is
    well
formed (400) and of one mind (409); the credential reaches that domain (403, whether or not it exists); the
domain exists and is enabled (404); the credential may do this (403); the domain has not asked too often
(429).
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from voice_ai_service import errors
from voice_ai_service.clock import Clock
from voice_ai_service.tenancy.domains import Domains
from voice_ai_service.tenancy.expiring import Expiring
from voice_ai_service.tenancy.jwt import JwtVerifier
from voice_ai_service.tenancy.limits import RateLimiter
from voice_ai_service.tenancy.tenant import Credential, Scope, Tenant
from voice_ai_service.tenancy.tokens import FoundToken, Tokens, TokenUse, hash_token, looks_like_token

TOKEN_TTL_S: Final = 3.0
"""How long a token that was found needs no look-up; a revoked one works no longer than this."""
DOMAIN_HEADER: Final = "X-Domain-UUID"
MAX_CREDENTIAL_CHARACTERS: Final = 8192 + len("Bearer ")
MAX_DOMAIN_NAME_CHARACTERS: Final = 253

_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_FIXED_TOKEN_ID: Final = "service-token"  # noqa: S105 - its name, for logs
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Admission:
    tenant: Tenant
    credential: Credential


@dataclass(frozen=True, slots=True)
class DoorParts:
    """What the door works with.

    Attributes:
        jwt: None: no external issuer.
        rate: None: nobody is counted here.
        fixed_token: `VOICE_AI_SERVICE_TOKEN`: a PBX token that the operator fixed; not in the database.
    """

    tokens: Tokens
    use: TokenUse
    domains: Domains
    clock: Clock
    jwt: JwtVerifier | None = None
    rate: RateLimiter | None = None
    fixed_token: str | None = None


class Door:
    def __init__(self, parts: DoorParts) -> None:
        self._parts = parts
        self._fixed_hash = None if parts.fixed_token is None else hash_token(parts.fixed_token)
        self._found: Expiring[str, FoundToken] = Expiring(parts.clock, ttl_s=TOKEN_TTL_S)
        self._unknown: Expiring[str, bool] = Expiring(parts.clock, ttl_s=1.0, max_items=1000)

    async def admit(
        self,
        authorization: str | None,
        api_key: str | None,
        header_domain: str | None,
        body_domain_uuid: str | None,
        body_domain_name: str | None,
        scope: Scope,
        peer: str,
    ) -> Admission:
        """
        Args:
            authorization: The `Authorization` header.
            api_key: The `X-API-Key` header.
            header_domain: The `X-Domain-UUID` header.
            body_domain_uuid, body_domain_name: From the body (or the socket's first message).
            scope: What the route needs.
            peer: The address that asks; for the log.

        Raises:
            errors.VoiceAiError: As the module says; or Unavailable without a database.
        """
        credential = await self.identify(authorization, api_key, peer)
        wanted = _stated_uuid(header_domain, body_domain_uuid)
        name = _stated_name(body_domain_name)
        tenant = await self._resolve(credential, wanted, name)
        require_scope(credential, scope)
        if self._parts.rate is not None:
            # Counted apart: whoever reads too much must not silence the domain's callers.
            channel = "calls" if scope is Scope.CALLS else "requests"
            await self._parts.rate.take(
                tenant.domain_uuid, tenant.limits.requests_per_minute, channel=channel
            )
        return Admission(tenant, credential)

    async def identify(self, authorization: str | None, api_key: str | None, peer: str) -> Credential:
        """Only the credential, for what belongs to no domain (metrics).

        Raises:
            errors.Unauthenticated: None, unknown, revoked, run out, or two that differ.
        """
        text = _presented(authorization, api_key)
        if self._fixed_hash is not None and hmac.compare_digest(hash_token(text), self._fixed_hash):
            return Credential(_FIXED_TOKEN_ID, None, frozenset(Scope))
        if looks_like_token(text):
            found = await self._find_token(text)
            if found is not None:
                self._parts.use.note(found.token_uuid)
                return found.credential
        elif self._parts.jwt is not None and text.count(".") == 2:
            return await self._parts.jwt.verify(text)
        _log.warning("a credential was refused at the door", peer=peer)
        raise errors.Unauthenticated(
            "the token is unknown, revoked or has run out",
            field="Authorization",
            fix="ask the domain's administrator for a new one",
        )

    def forget(self, token_hash: str) -> None:
        """The token was revoked here: this process need not wait for `TOKEN_TTL_S`."""
        self._found.forget(token_hash)

    async def _find_token(self, text: str) -> FoundToken | None:
        token_hash = hash_token(text)
        found = self._found.get(token_hash)
        if found is None:
            if self._unknown.get(token_hash):
                return None
            found = await self._parts.tokens.find(token_hash)
            if found is None:
                self._unknown.put(token_hash, True)
                return None
            self._found.put(token_hash, found)
        if found.expires_at is not None and found.expires_at <= self._parts.clock.now():
            return None
        return found

    async def _resolve(self, credential: Credential, wanted: UUID | None, name: str | None) -> Tenant:
        if credential.domain_uuid is None:
            return await self._resolve_for_pbx(wanted, name)
        if wanted is not None and wanted != credential.domain_uuid:
            raise _out_of_reach()
        tenant = await self._parts.domains.by_uuid(credential.domain_uuid)
        if name is not None and name != tenant.domain_name.lower():
            raise _out_of_reach()
        return tenant

    async def _resolve_for_pbx(self, wanted: UUID | None, name: str | None) -> Tenant:
        if wanted is None and name is None:
            raise errors.InvalidInput(
                "a PBX token reaches several domains: say which",
                field=DOMAIN_HEADER,
                fix=f"send {DOMAIN_HEADER} with the domain's uuid, or domain_uuid in the body",
            )
        if wanted is None and name is not None:
            return await self._parts.domains.by_name(name)
        if wanted is None:
            raise AssertionError("one of them is set")
        tenant = await self._parts.domains.by_uuid(wanted)
        if name is not None and name != tenant.domain_name.lower():
            raise errors.Conflict(
                "domain_uuid and domain_name name different domains",
                field="domain_name",
                fix="send one of them",
            )
        return tenant


def require_scope(credential: Credential, scope: Scope) -> None:
    """
    Raises:
        errors.Forbidden: The credential may not do this.
    """
    if scope not in credential.scopes:
        raise errors.Forbidden(
            f"the token may not do this: it lacks the scope {scope.value}",
            field="Authorization",
            fix=f"use a token with the scope {scope.value}",
        )


def _presented(authorization: str | None, api_key: str | None) -> str:
    bearer = None if authorization is None else _bearer(authorization)
    key = None if api_key is None else api_key.strip()
    text = bearer or key
    if not text:
        raise errors.Unauthenticated(
            "a token is needed",
            field="Authorization",
            fix="send Authorization: Bearer <token>, or X-API-Key: <token>",
        )
    if bearer and key and bearer != key:
        raise errors.Unauthenticated(
            "Authorization and X-API-Key differ", field="X-API-Key", fix="send one of them"
        )
    return text


def _bearer(header: str) -> str:
    scheme, _, text = header.strip().partition(" ")
    if scheme.lower() != "bearer" or not text.strip() or len(header) > MAX_CREDENTIAL_CHARACTERS:
        raise errors.Unauthenticated(
            "the Authorization header is not a bearer token",
            field="Authorization",
            fix="send Authorization: Bearer <token>",
        )
    return text.strip()


def _stated_uuid(header: str | None, body: str | None) -> UUID | None:
    from_header = _as_uuid(header, DOMAIN_HEADER)
    from_body = _as_uuid(body, "domain_uuid")
    if from_header is not None and from_body is not None and from_header != from_body:
        raise errors.Conflict(
            f"{DOMAIN_HEADER} and domain_uuid name different domains",
            field="domain_uuid",
            fix="send one of them",
        )
    return from_header or from_body


def _as_uuid(text: str | None, field: str) -> UUID | None:
    if text is None:
        return None
    if _UUID.fullmatch(text) is None:
        raise errors.InvalidInput(
            f"{field} is not a uuid", field=field, fix="send it as 8-4-4-4-12 hexadecimal digits"
        )
    return UUID(text)


def _stated_name(text: str | None) -> str | None:
    if text is None:
        return None
    name = text.strip().lower()
    if not name or len(name) > MAX_DOMAIN_NAME_CHARACTERS or "\x00" in name:
        raise errors.InvalidInput("domain_name is not the name of a domain", field="domain_name")
    return name


def _out_of_reach() -> errors.Forbidden:
    return errors.Forbidden(
        "the token does not reach this domain", field="domain_uuid", fix="use a token of that domain"
    )
