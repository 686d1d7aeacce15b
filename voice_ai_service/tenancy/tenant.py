"""Who is asking, and for whom: the words that everything behind the door uses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from voice_ai_service.tenancy.stt_rules import SttRule
from voice_ai_service.text.ear.dictionary import NO_PRONUNCIATIONS, Pronunciations

PBX_REACH: Final = UUID(int=0)
"""`domain_uuid` of a token that belongs to the PBX itself: no domain has it, so no tenant's row ever
matches."""


class Scope(StrEnum):
    CALLS = "calls"
    """Set up, run and end calls: what the PBX needs."""
    SPEECH = "speech"
    """Transcribe, synthesise and chat outside a call."""
    READ = "read"
    """Read the domain's settings and conversations."""
    ADMIN = "admin"
    """Change the domain's settings, tokens and webhooks."""
    METRICS = "metrics"


@dataclass(frozen=True, slots=True)
class Credential:
    """A token or JWT that was checked.

    Attributes:
        credential_id: The token's uuid or the JWT's subject; safe to log.
        domain_uuid: The only domain it reaches, or None for the PBX's own, which reaches every domain of that
            PBX.
        scopes: What it may do.
    """

    credential_id: str
    domain_uuid: UUID | None
    scopes: frozenset[Scope]


class Tier(StrEnum):
    FREE = "free"
    PREMIUM = "premium"


class BudgetAction(StrEnum):
    """What follows when the month's budget is used up; the operator is told in every case."""

    WARN = "warn"
    DOWNGRADE = "downgrade"
    """The free tier's providers; a domain of the free tier stops."""
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class TenantLimits:
    requests_per_minute: int = 600
    max_concurrent_calls: int = 10
    max_upload_bytes: int = 20 * 1024 * 1024
    max_documents: int = 1000
    monthly_budget_cents: int | None = None
    """Providers' cost per calendar month (UTC); None is no budget."""
    budget_action: BudgetAction = BudgetAction.DOWNGRADE


@dataclass(frozen=True, slots=True)
class TenantKnowledge:
    """How the domain's documents are cut; changing it concerns those that are processed from then on."""

    chunk_tokens: int = 1000
    overlap_tokens: int = 200


@dataclass(frozen=True, slots=True)
class Tenant:
    """A FusionPBX domain, resolved once at the door. Nothing below the door sees a raw domain string."""

    domain_uuid: UUID
    domain_name: str
    tier: Tier = Tier.FREE
    limits: TenantLimits = TenantLimits()
    time_zone: str = "America/Sao_Paulo"
    """IANA name; business hours without one of their own use it."""
    country: str = "BR"
    """ISO 3166 alpha-2: the region for numbers without a country code, and for public holidays."""
    knowledge: TenantKnowledge = TenantKnowledge()
    pronunciations: Pronunciations = NO_PRONUNCIATIONS
    blocked_words: tuple[str, ...] = ()
    """Words and phrases that are never spoken to a caller."""
    moderated: bool = False
    """Every sentence is judged by the operator's moderation service before it is spoken."""
    stt_rules: tuple[SttRule, ...] = ()
    """Which recogniser for which utterance; none: their own order."""
