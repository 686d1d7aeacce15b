"""Google's access tokens for a service account: a signed statement is changed for a token, which is good for an hour.

Source: RFC 7523 (JWT bearer grant) and Google's "Using OAuth 2.0 for Server to Server Applications".
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

import jwt

from voice_ai_service.clock import Clock
from voice_ai_service.errors import ProviderRefused
from voice_ai_service.providers.vendor_wire import VendorWire

GRANTS_URL: Final = "https://oauth2.googleapis.com"
"""Without its path. A key file names an address too; it is not believed, for a tenant may have written it."""
SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
_PATH: Final = "/token"
_LIFE_S: Final = 3600
_SPARE_S: Final = 120


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """The parts of a service account's key file that matter."""

    email: str
    project: str | None
    key_id: str | None
    private_key: str = field(repr=False)

    @classmethod
    def of(cls, secret: str, provider: str) -> ServiceAccount:
        """Raises ProviderRefused for a text that is no key file."""
        try:
            said = json.loads(secret)
            return cls(
                str(said["client_email"]),
                said.get("project_id"),
                said.get("private_key_id"),
                str(said["private_key"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ProviderRefused(
                f"The provider {provider} needs a service account's key file.",
                provider=provider,
                field="secret",
                fix="Send the JSON file of a service account's key as secret.",
            ) from error


class GoogleTokens:
    """One account's token, renewed before it ends. `wire` leads to `GRANTS_URL`; whoever made it closes it."""

    def __init__(self, account: ServiceAccount, wire: VendorWire, provider: str, clock: Clock) -> None:
        self._account = account
        self._wire = wire
        self._provider = provider
        self._clock = clock
        self._token = ""
        self._until = float("-inf")
        self._asking = asyncio.Lock()

    async def token(self, *, read_s: float) -> str:
        """Raises ProviderError."""
        async with self._asking:
            if self._clock.monotonic() >= self._until:
                await self._renew(read_s)
            return self._token

    async def _renew(self, read_s: float) -> None:
        asked_at = self._clock.monotonic()
        statement = await asyncio.to_thread(self._statement)
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": statement}
        answer = await self._wire.post_bytes(
            _PATH, "application/x-www-form-urlencoded", urlencode(form).encode(), read_s=read_s
        )
        said = await self._wire.json(answer)
        token = said.get("access_token") if isinstance(said, dict) else None
        life_s = said.get("expires_in") if isinstance(said, dict) else None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise self._wire.errors.protocol("The answer has no token.")
        self._token = token
        self._until = asked_at + (life_s if isinstance(life_s, int) else _LIFE_S) - _SPARE_S

    def _statement(self) -> str:
        now = int(self._clock.now().timestamp())
        account = self._account
        claims = {
            "iss": account.email,
            "scope": SCOPE,
            "aud": f"{GRANTS_URL}{_PATH}",
            "iat": now,
            "exp": now + _LIFE_S,
        }
        headers = {"kid": account.key_id} if account.key_id else None
        try:
            return jwt.encode(claims, account.private_key, algorithm="RS256", headers=headers)
        except (ValueError, TypeError, jwt.PyJWTError) as error:
            raise ProviderRefused(
                f"The provider {self._provider} was given a private key that is none.",
                provider=self._provider,
                field="secret",
                fix="Send the JSON file of a service account's key as secret.",
            ) from error
