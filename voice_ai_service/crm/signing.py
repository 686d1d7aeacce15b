"""Signatures of the Standard Webhooks specification (https://www.standardwebhooks.com): symmetric, v1."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError
from standardwebhooks import Webhook

from voice_ai_service.errors import InvalidInput

PREFIX: Final = "whsec_"
_KEY_BYTES: Final = 32
_SHORTEST_KEY_BYTES: Final = 24


class SigningSecrets(BaseModel):
    """A webhook's secret and, while it is being rotated, the one before it.

    Attributes:
        current: `whsec_` and base64.
        previous: Signs as well until `previous_until`, so that the receiver can change its own in peace.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    current: str
    previous: str | None = None
    previous_until: datetime | None = None

    @classmethod
    def parse(cls, plain: str) -> SigningSecrets:
        """Read what `dump` wrote, or a bare secret as FusionPBX's pages store it.

        Raises:
            InvalidInput: Neither.
        """
        if plain.startswith(PREFIX):
            return cls(current=checked_secret(plain))
        try:
            return cls.model_validate_json(plain)
        except ValidationError as error:
            raise InvalidInput("the webhook's signing secret cannot be read", fix="rotate it") from error

    def dump(self) -> str:
        return self.model_dump_json(exclude_none=True)

    def rotated(self, now: datetime, keep_previous: timedelta) -> SigningSecrets:
        return SigningSecrets(current=new_secret(), previous=self.current, previous_until=now + keep_previous)

    def valid_at(self, now: datetime) -> tuple[str, ...]:
        """The secrets to sign with, the current one first."""
        if self.previous and self.previous_until and now < self.previous_until:
            return (self.current, self.previous)
        return (self.current,)


@dataclass(frozen=True, slots=True)
class SignedHeaders:
    event_id: str
    timestamp: int
    signature: str

    def as_dict(self) -> dict[str, str]:
        return {
            "webhook-id": self.event_id,
            "webhook-timestamp": str(self.timestamp),
            "webhook-signature": self.signature,
        }


def new_secret() -> str:
    """A random signing secret of 256 bits."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode("ascii")


def checked_secret(secret: str) -> str:
    """The secret, if it is one.

    Raises:
        InvalidInput: Not `whsec_` with base64 of 24 bytes or more.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if not secret.startswith(PREFIX) or len(key) < _SHORTEST_KEY_BYTES:
        raise InvalidInput("a signing secret is whsec_ and the base64 of 24 bytes or more", field="secret")
    return secret


def sign(secrets_: Sequence[str], event_id: str, at: datetime, body: str) -> SignedHeaders:
    """Sign a body once with each secret.

    Args:
        event_id: The same at every try, so that the receiver can tell a repetition.
        at: The moment of this try, timezone-aware; receivers refuse what is older than some minutes.
    """
    at = at.astimezone(UTC)
    signatures = (Webhook(secret).sign(event_id, at, body) for secret in secrets_)
    return SignedHeaders(event_id, int(at.timestamp()), " ".join(signatures))
