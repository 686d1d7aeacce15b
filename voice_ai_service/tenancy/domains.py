"""Domains of FusionPBX, and what each may use: `v_domains` and its settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final
from uuid import UUID

import structlog
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StringConstraints,
    ValidationError,
)

from voice_ai_service import errors
from voice_ai_service.calls.hours import TimeZoneName
from voice_ai_service.clock import Clock
from voice_ai_service.db import queries
from voice_ai_service.db.pool import Database
from voice_ai_service.tenancy.expiring import Expiring
from voice_ai_service.tenancy.stt_rules import SttRule
from voice_ai_service.tenancy.tenant import BudgetAction, Tenant, TenantKnowledge, TenantLimits, Tier
from voice_ai_service.text.ear.dictionary import Pronunciations

TTL_S: Final = 5.0
"""How long a change of a domain's settings may take to be felt."""
MAX_PRONUNCIATIONS: Final = 500
"""In all languages together; each costs a little in every sentence."""

_DEFAULTS = Tenant(UUID(int=0), "")
_SQL = queries.load(__package__, "domains.sql")
_log = structlog.get_logger()


def _speakable(text: str) -> str:
    """A voice reads it as it stands: no markup, no line, nothing invisible."""
    if any(not character.isprintable() for character in text) or "<" in text or ">" in text:
        raise ValueError("no markup and no control characters")
    if not any(character.isalnum() for character in text):
        raise ValueError("needs a letter or a digit")
    return text


def _not_too_many(
    words: Mapping[str, Mapping[str, str]],
) -> Mapping[str, Mapping[str, str]]:
    if sum(map(len, words.values())) > MAX_PRONUNCIATIONS:
        raise ValueError(f"at most {MAX_PRONUNCIATIONS} words")
    return words


_Word = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60), AfterValidator(_speakable)
]
_Read = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_speakable)
]
_LanguageTag = Annotated[str, StringConstraints(pattern=r"^(?:\*|[a-z]{2,3}(?:-[A-Z]{2})?)$")]
_Words = Annotated[dict[_LanguageTag, dict[_Word, _Read]], AfterValidator(_not_too_many)]


class TenantSettings(BaseModel):
    """What a domain's rows of `v_voice_settings` may say; `<category>.<name>`, each optional."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tier: Tier = Tier.FREE
    time_zone: TimeZoneName = _DEFAULTS.time_zone
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] = _DEFAULTS.country
    requests_per_minute: Annotated[StrictInt, Field(ge=1, le=1_000_000)] = (
        _DEFAULTS.limits.requests_per_minute
    )
    max_concurrent_calls: Annotated[StrictInt, Field(ge=0, le=100_000)] = (
        _DEFAULTS.limits.max_concurrent_calls
    )
    max_upload_bytes: Annotated[StrictInt, Field(ge=1024, le=1024**3)] = _DEFAULTS.limits.max_upload_bytes
    max_documents: Annotated[StrictInt, Field(ge=0, le=100_000)] = _DEFAULTS.limits.max_documents
    monthly_budget_cents: Annotated[StrictInt, Field(ge=0)] | None = None
    budget_action: BudgetAction = _DEFAULTS.limits.budget_action
    chunk_tokens: Annotated[StrictInt, Field(ge=50, le=4000)] = _DEFAULTS.knowledge.chunk_tokens
    overlap_tokens: Annotated[StrictInt, Field(ge=0, le=2000)] = _DEFAULTS.knowledge.overlap_tokens
    blocked_words: Annotated[tuple[_Word, ...], Field(max_length=500)] = ()
    """Never spoken to a caller: whole words, whatever their case and accents."""
    moderated: StrictBool = False
    """Whether the operator's moderation service judges every sentence before it is spoken."""
    stt_routing: Annotated[tuple[SttRule, ...], Field(max_length=20)] = ()
    """Which recogniser is asked first, by noise, length and price of the utterance."""
    pronunciations: _Words = {}
    """By language (`pt-BR`, `en`, `*` for all): a word as it is written, and as a voice is to read it."""


_CATEGORIES: Final = {
    "tier": "tenant",
    "time_zone": "tenant",
    "country": "tenant",
    "chunk_tokens": "knowledge",
    "overlap_tokens": "knowledge",
    "pronunciations": "speech",
    "stt_routing": "speech",
    "blocked_words": "speech",
    "moderated": "speech",
}
CATEGORY_OF: Final[Mapping[str, str]] = {
    name: _CATEGORIES.get(name, "limits") for name in TenantSettings.model_fields
}


class Domains:
    """Resolves a domain to a `Tenant`; remembers it for `TTL_S`."""

    def __init__(self, db: Database, clock: Clock, *, ttl_s: float = TTL_S) -> None:
        self._db = db
        self._known: Expiring[UUID, Tenant] = Expiring(clock, ttl_s=ttl_s)
        self._uuid_of: Expiring[str, UUID] = Expiring(clock, ttl_s=ttl_s)

    async def by_uuid(self, domain_uuid: UUID) -> Tenant:
        """
        Raises:
            errors.NotFound: No such domain, or one that is not enabled.
            errors.Unavailable: No database.
        """
        return self._known.get(domain_uuid) or await self._load(domain_uuid, None, field="domain_uuid")

    async def by_name(self, domain_name: str) -> Tenant:
        """As `by_uuid`; case does not count."""
        name = domain_name.strip().lower()
        domain_uuid = self._uuid_of.get(name)
        tenant = None if domain_uuid is None else self._known.get(domain_uuid)
        return tenant or await self._load(None, name, field="domain_name")

    async def pronunciations(self, domain_uuid: UUID) -> Pronunciations:
        """`providers.factory.OwnWords`. Raises as `by_uuid`."""
        return (await self.by_uuid(domain_uuid)).pronunciations

    async def with_secretaries(self) -> list[UUID]:
        """Enabled domains that have a secretary, for whoever reaches them all. Raises Unavailable."""
        async with self._db.open() as connection:
            rows = await connection.fetch(_SQL.with_secretaries)
        return [UUID(int=row["domain_uuid"].int) for row in rows]

    async def put_setting(self, domain_uuid: UUID, name: str, value: object) -> None:
        """Change one of the settings in `TenantSettings`.

        Raises:
            errors.InvalidInput: Unknown, or out of its range.
        """
        try:
            TenantSettings.model_validate({name: value})
        except ValidationError as error:
            raise errors.InvalidInput(f"{name}: {error.errors()[0]['msg']}", field=name) from error
        async with self._db.tenant(domain_uuid) as connection:
            await connection.execute(_SQL.put_setting, domain_uuid, CATEGORY_OF[name], name, value)
        self.forget(domain_uuid)

    def forget(self, domain_uuid: UUID) -> None:
        """Read it anew next time; other processes notice within `TTL_S`."""
        self._known.forget(domain_uuid)

    async def _load(self, domain_uuid: UUID | None, name: str | None, *, field: str) -> Tenant:
        async with self._db.open() as connection:
            row = await connection.fetchrow(_SQL.find, domain_uuid, name)
        if row is None or not row["domain_enabled"]:
            raise errors.NotFound("there is no such domain, or it is not enabled", field=field)
        async with self._db.tenant(row["domain_uuid"]) as connection:
            rows = await connection.fetch(_SQL.settings, row["domain_uuid"])
        tenant = as_tenant(row["domain_uuid"], row["domain_name"] or "", rows)
        self._known.put(tenant.domain_uuid, tenant)
        self._uuid_of.put(tenant.domain_name.lower(), tenant.domain_uuid)
        return tenant


def as_tenant(domain_uuid: UUID, domain_name: str, rows: Sequence[Mapping[str, Any]]) -> Tenant:
    """A value that is not allowed keeps its default: a typo must neither lift a limit nor stop the domain."""
    values: dict[str, Any] = {}
    for row in rows:
        name, value = row["setting_name"], row["setting_value"]
        if CATEGORY_OF.get(name) != row["setting_category"]:
            continue
        try:
            TenantSettings.model_validate({name: value})
        except ValidationError:
            _log.warning("a setting of the domain is not valid", domain_uuid=str(domain_uuid), setting=name)
        else:
            values[name] = value
    chosen = TenantSettings.model_validate(values)
    return Tenant(
        domain_uuid=domain_uuid,
        domain_name=domain_name,
        tier=chosen.tier,
        limits=TenantLimits(
            requests_per_minute=chosen.requests_per_minute,
            max_concurrent_calls=chosen.max_concurrent_calls,
            max_upload_bytes=chosen.max_upload_bytes,
            max_documents=chosen.max_documents,
            monthly_budget_cents=chosen.monthly_budget_cents,
            budget_action=chosen.budget_action,
        ),
        time_zone=chosen.time_zone,
        country=chosen.country,
        knowledge=TenantKnowledge(chosen.chunk_tokens, chosen.overlap_tokens),
        pronunciations=Pronunciations(chosen.pronunciations),
        stt_rules=chosen.stt_routing,
        blocked_words=chosen.blocked_words,
        moderated=chosen.moderated,
    )
