"""What a tenant configures to be told of events, validated once and frozen."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from voice_ai_service.crm.events import EVENT_NAMES, WebhookKind
from voice_ai_service.crm.signing import SigningSecrets

COMPANY_HEADER: Final = "X-Company-Id"
_MAX_HEADERS: Final = 20
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE: Final = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,498}[\x21-\x7e])?")
# What the HTTP client, the signature or the sealed token decides; secrets do not belong into plain headers.
_OUR_HEADERS: Final = frozenset(
    {"authorization", "connection", "content-encoding", "content-length", "content-type", "cookie", "expect"}
    | {
        "host",
        "keep-alive",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    }
    | {"webhook-id", "webhook-signature", "webhook-timestamp"}
)


class WebhookDraft(BaseModel):
    """
    Attributes:
        events: Names of events; empty: all.
        headers: Sent with every event.
        token: Bearer token that the receiver wants; None keeps the one it has.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    kind: WebhookKind = WebhookKind.STANDARD
    url: Annotated[str, StringConstraints(min_length=1, max_length=2000)]
    events: tuple[str, ...] = ()
    headers: dict[str, str] = Field(default_factory=dict)
    token: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,4000}$")] | None = Field(
        None, repr=False
    )
    enabled: bool = True

    @field_validator("events")
    @classmethod
    def _known_events(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in EVENT_NAMES:
                raise ValueError(f"one of {', '.join(sorted(EVENT_NAMES))}")
        return tuple(dict.fromkeys(value))

    @field_validator("headers")
    @classmethod
    def _harmless_headers(cls, value: dict[str, str]) -> dict[str, str]:
        if len(value) > _MAX_HEADERS:
            raise ValueError(f"{_MAX_HEADERS} headers at most")
        for name, text in value.items():
            if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(text):
                raise ValueError("a header has a name of letters, digits and dashes and a value of one line")
            if name.lower() in _OUR_HEADERS:
                raise ValueError(f"the header {name} is not yours to set")
        return value

    @model_validator(mode="after")
    def _omniplay_knows_the_company(self) -> WebhookDraft:
        names = {name.lower() for name in self.headers}
        if self.kind is WebhookKind.OMNIPLAY and COMPANY_HEADER.lower() not in names:
            raise ValueError(f"headers.{COMPANY_HEADER}: OmniPlay needs the number of the company")
        return self


@dataclass(frozen=True, slots=True)
class Webhook:
    """As it is shown: without its secrets."""

    webhook_uuid: UUID
    name: str
    kind: WebhookKind
    url: str
    events: tuple[str, ...]
    headers: dict[str, str]
    enabled: bool
    has_token: bool


@dataclass(frozen=True, slots=True)
class CreatedWebhook:
    """`secret` is shown this one time."""

    webhook: Webhook
    secret: str

    def __repr__(self) -> str:
        return f"CreatedWebhook({self.webhook!r}, secret=…)"


@dataclass(frozen=True, slots=True)
class Target:
    """Where and how an event is sent, with the secrets opened. Lives for one delivery."""

    webhook_uuid: UUID
    kind: WebhookKind
    url: str
    headers: dict[str, str]
    secrets: SigningSecrets | None
    """None: rows of FusionPBX's pages before the service gave them one."""
    token: str | None
    enabled: bool

    def __repr__(self) -> str:
        return f"Target({self.webhook_uuid}, {self.kind})"
